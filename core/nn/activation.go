package nn

import (
	"lab/core/graph"
	"lab/core/tensor"
)

// Activations that core/graph does not have: those with parameters, and chains of
// other functions.

// PRelu is torch.nn.PReLU (He et al. 2015): x where x > 0, else weight·x, with one
// weight or one for each feature of the last axis.
type PRelu struct{ Weight *graph.Param }

// NewPRelu makes one with n weights of 0.25.
func NewPRelu(s *Scope, n int) *PRelu {
	return &PRelu{s.add("weight", false, tensor.Shape{n}, nil, Constant(0.25))}
}

// Forward maps any shape to itself.
func (p *PRelu) Forward(x *graph.Node) *graph.Node {
	return graph.Where(graph.Less(x.Graph().Scalar(0), x), x, graph.Mul(x.Graph().Param(p.Weight), x))
}

// Mish is x tanh(softplus(x)) (Misra 2019).
func Mish(x *graph.Node) *graph.Node { return graph.Mul(x, graph.Tanh(graph.Softplus(x))) }

// Selu is scale·x where x > 0, else scale·alpha (e^x - 1), with the constants of
// Klambauer et al. (2017), eq. 2.
func Selu(x *graph.Node) *graph.Node {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return graph.Scale(graph.Elu(x, alpha), scale)
}

// Glu is a·sigmoid(b) of the two halves a and b of the last axis (Dauphin et al. 2017).
func Glu(x *graph.Node) *graph.Node {
	last := len(x.Shape()) - 1
	if last < 0 || x.Shape()[last]%2 != 0 {
		graph.Fail("Glu", "the last axis of %v has no halves", x.Shape())
	}
	n := x.Shape()[last] / 2
	halves := graph.Split(x, last, n, n)
	return graph.Mul(halves[0], graph.Sigmoid(halves[1]))
}
