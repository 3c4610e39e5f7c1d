package nn

import (
	"lab/core/graph"
	"lab/core/tensor"
)

// Conv2d is torch.nn.Conv2d over images [N,H,W,C]. The weight is kept
// [KH,KW,in/groups,out] and stored in files as [out,in/groups,KH,KW].
type Conv2d struct {
	Weight *graph.Param
	Bias   *graph.Param // nil without
	attr   graph.ConvAttr
}

// Geometry of a convolution with square kernels. Zero values mean stride and
// dilation 1, no padding, one group.
type Geometry struct{ Kernel, Stride, Padding, OutputPadding, Dilation, Groups int }

func (g Geometry) attr() graph.ConvAttr {
	s, d, p := max(1, g.Stride), max(1, g.Dilation), g.Padding
	return graph.ConvAttr{Stride: [2]int{s, s}, Dilation: [2]int{d, d}, Pad: [4]int{p, p, p, p}, Groups: max(1, g.Groups)}
}

// NewConv2d makes one; weight and bias start from U(±1/sqrt(in/groups·kernel²)).
func NewConv2d(s *Scope, in, out int, g Geometry, bias bool) *Conv2d {
	a := g.attr()
	fan := in / a.Groups * g.Kernel * g.Kernel
	c := &Conv2d{attr: a, Weight: s.add("weight", false, tensor.Shape{g.Kernel, g.Kernel, in / a.Groups, out}, []int{3, 2, 0, 1}, s.fanIn(fan))}
	if bias {
		c.Bias = s.add("bias", false, tensor.Shape{out}, nil, s.fanIn(fan))
	}
	return c
}

// Forward maps [N,H,W,in] to [N,OH,OW,out].
func (c *Conv2d) Forward(x *graph.Node) *graph.Node {
	w := x.Graph().Param(c.Weight)
	return biased(graph.Conv(x, w, c.attr), c.Bias, graph.LabelConv, c.attr, x, w)
}

// ConvTranspose2d is torch.nn.ConvTranspose2d over images [N,H,W,C]. The weight is
// kept [KH,KW,out/groups,in] and stored in files as [in,out/groups,KH,KW].
type ConvTranspose2d struct {
	Weight *graph.Param
	Bias   *graph.Param // nil without
	attr   graph.ConvTransposeAttr
}

// NewConvTranspose2d makes one; weight and bias start from
// U(±1/sqrt(out/groups·kernel²)), which is what PyTorch takes for the fan-in here.
func NewConvTranspose2d(s *Scope, in, out int, g Geometry, bias bool) *ConvTranspose2d {
	a := g.attr()
	fan := out / a.Groups * g.Kernel * g.Kernel
	c := &ConvTranspose2d{attr: graph.ConvTransposeAttr{ConvAttr: a, OutputPadding: [2]int{g.OutputPadding, g.OutputPadding}},
		Weight: s.add("weight", false, tensor.Shape{g.Kernel, g.Kernel, out / a.Groups, in}, []int{3, 2, 0, 1}, s.fanIn(fan))}
	if bias {
		c.Bias = s.add("bias", false, tensor.Shape{out}, nil, s.fanIn(fan))
	}
	return c
}

// Forward maps [N,H,W,in] to [N,OH,OW,out], OH = (H-1)·stride - 2·padding +
// dilation·(kernel-1) + output padding + 1.
func (c *ConvTranspose2d) Forward(x *graph.Node) *graph.Node {
	w := x.Graph().Param(c.Weight)
	return biased(graph.ConvTranspose(x, w, c.attr), c.Bias, graph.LabelConvTranspose, c.attr, x, w)
}

// biased adds the bias, if there is one, and labels the sum.
func biased(y *graph.Node, bias *graph.Param, label string, attrs any, args ...*graph.Node) *graph.Node {
	if bias != nil {
		b := y.Graph().Param(bias)
		y, args = graph.Add(y, b), append(args, b)
	}
	return graph.Label(y, label, attrs, args...)
}

// MaxPool2d is torch.nn.MaxPool2d with a square window and stride equal to it.
func MaxPool2d(x *graph.Node, kernel int) *graph.Node {
	return graph.MaxPool(x, graph.PoolAttr{Kernel: [2]int{kernel, kernel}, Stride: [2]int{kernel, kernel}})
}
