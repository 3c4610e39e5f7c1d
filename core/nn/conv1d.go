package nn

import (
	"lab/core/graph"
	"lab/core/tensor"
)

// Conv1d is torch.nn.Conv1d over sequences [N,L,C]. The weight is kept
// [K,in/groups,out] and stored in files as [out,in/groups,K]. It is computed as a
// convolution of images of height 1.
type Conv1d struct {
	Weight *graph.Param
	Bias   *graph.Param // nil without
	attr   graph.ConvAttr
	pad    padding
}

// NewConv1d makes one; weight and bias start from U(±1/sqrt(in/groups·K)).
func NewConv1d(s *Scope, in, out int, g Geometry, bias bool) *Conv1d {
	r := g.line()
	a := r.attr()
	checkGroups("Conv1d", in, out, a.Groups)
	fan := in / a.Groups * g.Kernel
	c := &Conv1d{Weight: s.addWeight("weight", tensor.Shape{g.Kernel, in / a.Groups, out}, []int{2, 1, 0}, fanIn(fan))}
	c.attr, c.pad = r.padded()
	if bias {
		c.Bias = s.addBias("bias", out, fanIn(fan))
	}
	return c
}

// Forward maps [N,L,in] to [N,OL,out].
func (c *Conv1d) Forward(x *graph.Node) *graph.Node {
	sequences("Conv1d", x)
	w := x.Graph().Param(c.Weight)
	x = lines(c.pad.apply(row(x)))
	y := graph.Conv(row(x), graph.Reshape(w, append([]int{1}, w.Shape()...)...), c.attr)
	return biased(lines(y), c.Bias, graph.LabelConv, c.attr, x, w)
}

// ConvTranspose1d is torch.nn.ConvTranspose1d over sequences [N,L,C]. The weight is
// kept [K,out/groups,in] and stored in files as [in,out/groups,K].
type ConvTranspose1d struct {
	Weight *graph.Param
	Bias   *graph.Param // nil without
	attr   graph.ConvTransposeAttr
}

// NewConvTranspose1d makes one; weight and bias start from U(±1/sqrt(out/groups·K)).
func NewConvTranspose1d(s *Scope, in, out int, g Geometry, bias bool) *ConvTranspose1d {
	r := g.line()
	a := r.attr()
	checkGroups("ConvTranspose1d", in, out, a.Groups)
	r.onlyZeros("ConvTranspose1d")
	fan := out / a.Groups * g.Kernel
	c := &ConvTranspose1d{attr: graph.ConvTransposeAttr{ConvAttr: a, OutputPadding: r.OutputPadding},
		Weight: s.addWeight("weight", tensor.Shape{g.Kernel, out / a.Groups, in}, []int{2, 1, 0}, fanIn(fan))}
	if bias {
		c.Bias = s.addBias("bias", out, fanIn(fan))
	}
	return c
}

// Forward maps [N,L,in] to [N,OL,out], OL = (L-1)·stride - 2·padding +
// dilation·(K-1) + output padding + 1.
func (c *ConvTranspose1d) Forward(x *graph.Node) *graph.Node {
	sequences("ConvTranspose1d", x)
	w := x.Graph().Param(c.Weight)
	y := graph.ConvTranspose(row(x), graph.Reshape(w, append([]int{1}, w.Shape()...)...), c.attr)
	return biased(lines(y), c.Bias, graph.LabelConvTranspose, c.attr, x, w)
}

func sequences(layer string, x *graph.Node) {
	if len(x.Shape()) != 3 {
		graph.Fail(layer, "shape %v: needs [N,L,C]", x.Shape())
	}
}

// row sees sequences [N,L,C] as images [N,1,L,C]; lines sees them back.
func row(x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Reshape(x, s[0], 1, s[1], s[2])
}

func lines(x *graph.Node) *graph.Node {
	s := x.Shape()
	return graph.Reshape(x, s[0], s[2], s[3])
}
