package nn

import (
	"slices"

	"lab/core/graph"
	"lab/core/tensor"
)

// LayerNorm is torch.nn.LayerNorm (Ba, Kiros & Hinton 2016) over the last axes:
// (x - mean) / sqrt(var + eps) · weight + bias, with the biased variance.
type LayerNorm struct {
	Weight, Bias *graph.Param // nil with NoAffine; NoBias has no bias
	Eps          float64      // 1e-5

	shape tensor.Shape
}

// NewLayerNorm makes one over axes of these sizes, the last of the input: weight 1,
// bias 0.
func NewLayerNorm(s *Scope, shape []int, options ...NormOption) *LayerNorm {
	l := &LayerNorm{Eps: 1e-5, shape: shape}
	l.Weight, l.Bias = affine(s, shape, options)
	return l
}

// Forward maps [..., shape...] to itself.
func (l *LayerNorm) Forward(x *graph.Node) *graph.Node {
	return overLast("LayerNorm", x, l.shape, func(x *graph.Node, n int) *graph.Node {
		weight, bias := scaleAndShift(x.Graph(), l.Weight, l.Bias, n)
		return graph.LayerNorm(x, weight, bias, l.Eps)
	})
}

// RMSNorm is torch.nn.RMSNorm (Zhang & Sennrich 2019) over the last axes:
// x / sqrt(mean x² + eps) · weight.
type RMSNorm struct {
	Weight *graph.Param // nil with NoAffine
	Eps    float64      // 2^-23, the spacing of float32 at 1

	shape tensor.Shape
}

// NewRMSNorm makes one over axes of these sizes, the last of the input: weight 1.
func NewRMSNorm(s *Scope, shape []int, options ...NormOption) *RMSNorm {
	r := &RMSNorm{Eps: 1.0 / (1 << 23), shape: shape}
	r.Weight, _ = affine(s, shape, append(options, NoBias))
	return r
}

// Forward maps [..., shape...] to itself.
func (r *RMSNorm) Forward(x *graph.Node) *graph.Node {
	return overLast("RMSNorm", x, r.shape, func(x *graph.Node, n int) *graph.Node {
		weight, _ := scaleAndShift(x.Graph(), r.Weight, nil, n)
		return graph.RMSNorm(x, weight, r.Eps)
	})
}

// overLast calls f with the last axes of x, which must be of the given shape, as one of
// size n.
func overLast(layer string, x *graph.Node, shape tensor.Shape, f func(x *graph.Node, n int) *graph.Node) *graph.Node {
	s := x.Shape()
	lead := len(s) - len(shape)
	if len(shape) == 0 || lead < 0 || !s[lead:].Equal(shape) {
		graph.Fail(layer, "shape %v does not end in %v", s, shape)
	}
	n := shape.Size()
	return graph.Reshape(f(graph.Reshape(x, append(s[:lead].Clone(), n)...), n), s...)
}

// affine adds the weight and bias that the options leave.
func affine(s *Scope, shape tensor.Shape, options []NormOption) (weight, bias *graph.Param) {
	if has(options, NoAffine) {
		return nil, nil
	}
	weight = s.add("weight", false, shape, nil, Constant(1))
	if !has(options, NoBias) {
		bias = s.add("bias", false, shape, nil, Constant(0))
	}
	return weight, bias
}

func has(options []NormOption, o NormOption) bool { return slices.Contains(options, o) }

// scaleAndShift are the norm's weight and bias, ones and zeros where it has none.
func scaleAndShift(g *graph.Graph, weight, bias *graph.Param, n int) (w, b *graph.Node) {
	if w = g.Full(1, n); weight != nil {
		w = graph.Reshape(g.Param(weight), n)
	}
	if b = g.Full(0, n); bias != nil {
		b = graph.Reshape(g.Param(bias), n)
	}
	return w, b
}
