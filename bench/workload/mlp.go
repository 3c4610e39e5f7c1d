package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

var mlp = Workload{
	Name: "mlp", What: "784-512-256-10, ReLU, cross-entropy, batch 64, Adam",
	Batch: classified(10, 64, 784),
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		return classifier(s, newDense(s, graph.Relu, 784, 512, 256, 10).forward, 64, 784)
	},
}

// dense is a stack of linear layers fc1, fc2, …, with the activation between them.
type dense struct {
	layers     []*nn.Linear
	activation func(*graph.Node) *graph.Node
}

func newDense(s *nn.Scope, activation func(*graph.Node) *graph.Node, sizes ...int) *dense {
	d := &dense{activation: activation}
	for i := range sizes[1:] {
		d.layers = append(d.layers, nn.NewLinear(s.Sub("fc"+string(rune('1'+i))), sizes[i], sizes[i+1], true))
	}
	return d
}

func (d *dense) forward(h *graph.Node) *graph.Node {
	for i, l := range d.layers {
		if i > 0 {
			h = d.activation(h)
		}
		h = l.Forward(h)
	}
	return h
}

// classifier trains net, from inputs of the given shape to logits, with cross-entropy.
func classifier(s *nn.Scope, net func(*graph.Node) *graph.Node, shape ...int) (*Net, error) {
	g := graph.New()
	x, y := g.Input("x", shape...), g.Input("y", shape[0])
	return trained(s, nn.CrossEntropy(net(x), y), x, y)
}
