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
	pad    padding
}

// NewConv2d makes one; weight and bias start from U(±1/sqrt(in/groups·KH·KW)).
func NewConv2d(s *Scope, in, out int, g Window, bias bool) *Conv2d {
	r := g.rectangle()
	a := r.attr()
	checkGroups("Conv2d", in, out, a.Groups)
	fan := in / a.Groups * r.Kernel[0] * r.Kernel[1]
	c := &Conv2d{Weight: s.addWeight("weight", tensor.Shape{r.Kernel[0], r.Kernel[1], in / a.Groups, out}, []int{3, 2, 0, 1}, fanIn(fan))}
	c.attr, c.pad = r.padded()
	if bias {
		c.Bias = s.addBias("bias", out, fanIn(fan))
	}
	return c
}

// Forward maps [N,H,W,in] to [N,OH,OW,out].
func (c *Conv2d) Forward(x *graph.Node) *graph.Node {
	w := x.Graph().Param(c.Weight)
	x = c.pad.apply(x)
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
// U(±1/sqrt(out/groups·KH·KW)), which is what PyTorch takes for the fan-in here.
func NewConvTranspose2d(s *Scope, in, out int, g Window, bias bool) *ConvTranspose2d {
	r := g.rectangle()
	a := r.attr()
	checkGroups("ConvTranspose2d", in, out, a.Groups)
	r.onlyZeros("ConvTranspose2d")
	fan := out / a.Groups * r.Kernel[0] * r.Kernel[1]
	c := &ConvTranspose2d{attr: graph.ConvTransposeAttr{ConvAttr: a, OutputPadding: r.OutputPadding},
		Weight: s.addWeight("weight", tensor.Shape{r.Kernel[0], r.Kernel[1], out / a.Groups, in}, []int{3, 2, 0, 1}, fanIn(fan))}
	if bias {
		c.Bias = s.addBias("bias", out, fanIn(fan))
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
