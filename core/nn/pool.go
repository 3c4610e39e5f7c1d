package nn

import "lab/core/graph"

// MaxPool2d is torch.nn.MaxPool2d with a square window and stride equal to it. For
// other windows see [graph.MaxPool].
func MaxPool2d(x *graph.Node, kernel int) *graph.Node { return graph.MaxPool(x, square(kernel)) }

// AvgPool2d is torch.nn.AvgPool2d with a square window and stride equal to it. For
// other windows see [graph.MeanPool].
func AvgPool2d(x *graph.Node, kernel int) *graph.Node {
	return graph.MeanPool(x, square(kernel), true)
}

func square(kernel int) graph.PoolAttr {
	return graph.PoolAttr{Kernel: [2]int{kernel, kernel}, Stride: [2]int{kernel, kernel}}
}

// MaxPool1d is torch.nn.MaxPool1d over [N,L,C].
func MaxPool1d(x *graph.Node, kernel, stride, padding int) *graph.Node {
	sequences("MaxPool1d", x)
	return lines(graph.MaxPool(row(x), strip(kernel, stride, padding)))
}

// AvgPool1d is torch.nn.AvgPool1d over [N,L,C]: the padding counts as zeros.
func AvgPool1d(x *graph.Node, kernel, stride, padding int) *graph.Node {
	sequences("AvgPool1d", x)
	return lines(graph.MeanPool(row(x), strip(kernel, stride, padding), true))
}

func strip(kernel, stride, padding int) graph.PoolAttr {
	return graph.PoolAttr{Kernel: [2]int{1, kernel}, Stride: [2]int{1, stride}, Pad: [4]int{0, padding, 0, padding}}
}

// GlobalAvgPool2d is the mean of each image and channel: [N,H,W,C] to [N,C].
func GlobalAvgPool2d(x *graph.Node) *graph.Node {
	images("GlobalAvgPool2d", x)
	y := graph.Label(graph.MeanKeep(x, 1, 2), graph.LabelGlobalPool, nil, x)
	return graph.Reshape(y, x.Shape()[0], x.Shape()[3])
}

// GlobalMaxPool2d is the maximum of each image and channel: [N,H,W,C] to [N,C].
func GlobalMaxPool2d(x *graph.Node) *graph.Node {
	images("GlobalMaxPool2d", x)
	return graph.Amax(x, 1, 2)
}

// AdaptiveAvgPool2d is torch.nn.AdaptiveAvgPool2d: [N,H,W,C] to [N,height,width,C],
// output i the mean of the inputs from ⌊i·H/height⌋ to ⌈(i+1)·H/height⌉.
func AdaptiveAvgPool2d(x *graph.Node, height, width int) *graph.Node {
	images("AdaptiveAvgPool2d", x)
	s := x.Shape()
	if height < 1 || width < 1 {
		graph.Fail("AdaptiveAvgPool2d", "shape %v to %d×%d", s, height, width)
	}
	if height == 1 && width == 1 {
		return graph.Label(graph.MeanKeep(x, 1, 2), graph.LabelGlobalPool, nil, x)
	}
	if s[1]%height == 0 && s[2]%width == 0 {
		k := [2]int{s[1] / height, s[2] / width}
		return graph.MeanPool(x, graph.PoolAttr{Kernel: k, Stride: k}, true)
	}
	for axis, n := range []int{1: height, 2: width} { // windows are rectangles: one axis after the other
		if axis == 0 {
			continue
		}
		parts := make([]*graph.Node, n)
		for i := range parts {
			from, to := i*s[axis]/n, ((i+1)*s[axis]+n-1)/n
			parts[i] = graph.MeanKeep(graph.Slice(x, axis, from, to, 1), axis)
		}
		x = graph.Concat(axis, parts...)
	}
	return x
}

// Flatten is torch.nn.Flatten: [N,H,W,C] to [N,C·H·W] in PyTorch's order, and any
// other [N,...] to [N,...] of one axis.
func Flatten(x *graph.Node) *graph.Node {
	if len(x.Shape()) == 4 {
		x = graph.Transpose(x, 0, 3, 1, 2)
	}
	return graph.Reshape(x, x.Shape()[0], x.Shape()[1:].Size())
}

func images(layer string, x *graph.Node) {
	if len(x.Shape()) != 4 {
		graph.Fail(layer, "shape %v: needs [N,H,W,C]", x.Shape())
	}
}
