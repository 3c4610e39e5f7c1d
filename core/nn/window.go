package nn

import (
	"fmt"

	"lab/core/graph"
)

// Window is the kernel of a convolution and how it moves: a [Geometry] where height
// and width are alike, a [Rectangle] where not.
type Window interface{ rectangle() Rectangle }

// Geometry of a convolution with square kernels, or one over sequences. Zero values
// mean stride and dilation 1, no padding, one group.
type Geometry struct {
	Kernel, Stride, Padding, OutputPadding, Dilation, Groups int

	Same bool // padding="same": the output is as large as the input; the stride is 1
	Mode PaddingMode
}

// Rectangle is Geometry with pairs for height and width.
type Rectangle struct {
	Kernel, Stride, Padding, OutputPadding, Dilation [2]int
	Groups                                           int

	Same bool
	Mode PaddingMode
}

// PaddingMode is what lies beyond the edge: padding_mode of PyTorch.
type PaddingMode int

// The padding modes.
const (
	Zeros    PaddingMode = iota
	Reflect              // the image mirrored, without its edge twice
	Circular             // the other side of the image
)

func (g Geometry) rectangle() Rectangle {
	both := func(n int) [2]int { return [2]int{n, n} }
	return Rectangle{Kernel: both(g.Kernel), Stride: both(g.Stride), Padding: both(g.Padding), OutputPadding: both(g.OutputPadding),
		Dilation: both(g.Dilation), Groups: g.Groups, Same: g.Same, Mode: g.Mode}
}

// line is the geometry over sequences: images of height 1.
func (g Geometry) line() Rectangle {
	r := g.rectangle()
	r.Kernel[0], r.Stride[0], r.Padding[0], r.OutputPadding[0], r.Dilation[0] = 1, 1, 0, 0, 1
	return r
}

func (r Rectangle) rectangle() Rectangle { return r }

func (r Rectangle) attr() graph.ConvAttr {
	a := graph.ConvAttr{Groups: max(1, r.Groups)}
	for i := range 2 {
		if r.Kernel[i] < 1 {
			panic(fmt.Sprintf("nn: a kernel of size %v", r.Kernel))
		}
		a.Stride[i], a.Dilation[i] = max(1, r.Stride[i]), max(1, r.Dilation[i])
		before, after := r.Padding[i], r.Padding[i]
		if r.Same {
			if a.Stride[i] != 1 || r.Padding[i] != 0 {
				panic(fmt.Sprintf("nn: padding \"same\" beside stride %v and padding %v", r.Stride, r.Padding))
			}
			total := a.Dilation[i] * (r.Kernel[i] - 1)
			before, after = total/2, total-total/2
		}
		a.Pad[i], a.Pad[i+2] = before, after
	}
	return a
}

// padding is what is added to the input before a convolution without any.
type padding struct {
	mode PaddingMode
	size [4]int // top, left, bottom, right
}

// padded returns the convolution's attributes and what padding is left to us.
func (r Rectangle) padded() (graph.ConvAttr, padding) {
	a := r.attr()
	if r.Mode == Zeros {
		return a, padding{}
	}
	p := padding{r.Mode, a.Pad}
	a.Pad = [4]int{}
	return a, p
}

func (r Rectangle) onlyZeros(layer string) {
	if r.Same || r.Mode != Zeros {
		panic("nn: " + layer + " knows padding with zeros alone")
	}
}

func (p padding) apply(x *graph.Node) *graph.Node {
	for i := range 2 {
		before, after, axis := p.size[i], p.size[i+2], i+1
		if before == 0 && after == 0 {
			continue
		}
		n := x.Shape()[axis]
		part := func(start, stop, step int) *graph.Node { return graph.Slice(x, axis, start, stop, step) }
		var parts []*graph.Node
		switch {
		case p.mode == Circular && max(before, after) <= n:
			parts = []*graph.Node{part(n-before, n, 1), x, part(0, after, 1)}
		case p.mode == Reflect && max(before, after) < n:
			parts = []*graph.Node{part(before, 0, -1), x, part(n-2, n-2-after, -1)}
		default:
			graph.Fail("Conv", "shape %v is too small to be padded by %v", x.Shape(), p.size)
		}
		if after == 0 {
			parts = parts[:2]
		}
		if before == 0 {
			parts = parts[1:]
		}
		x = graph.Concat(axis, parts...)
	}
	return x
}

func checkGroups(layer string, in, out, groups int) {
	if in < 1 || out < 1 || in%groups != 0 || out%groups != 0 {
		panic(fmt.Sprintf("nn: %s of %d to %d channels in %d groups", layer, in, out, groups))
	}
}
