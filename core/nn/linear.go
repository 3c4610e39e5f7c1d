package nn

import (
	"lab/core/graph"
	"lab/core/tensor"
)

// Linear is y = x Wᵀ + b over the last axis: torch.nn.Linear. The weight is kept
// [in, out] and stored in files as [out, in].
type Linear struct {
	Weight *graph.Param
	Bias   *graph.Param // nil without
}

// NewLinear makes one; weight and bias start from U(±1/sqrt(in)).
func NewLinear(s *Scope, in, out int, bias bool) *Linear {
	l := &Linear{Weight: s.addWeight("weight", tensor.Shape{in, out}, []int{1, 0}, fanIn(in))}
	if bias {
		l.Bias = s.addBias("bias", out, fanIn(in))
	}
	return l
}

// Forward maps [..., in] to [..., out].
func (l *Linear) Forward(x *graph.Node) *graph.Node {
	return linear(x, x.Graph().Param(l.Weight), l.Bias)
}

func linear(x, weight *graph.Node, bias *graph.Param) *graph.Node {
	return biased(graph.MatMul(x, weight), bias, graph.LabelLinear, nil, x, weight)
}
