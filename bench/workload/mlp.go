package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

var mlp = Workload{
	Name: "mlp", What: "784-512-256-10, ReLU, cross-entropy, batch 64, Adam",
	Batch: classified(10, 64, 784),
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		net := dense(s, graph.Relu, 784, 512, 256, 10)
		return classifier(s, net, 1e-3, 64, 784, 10)
	},
}

// dense is a stack of linear layers fc1, fc2, …, with the activation between them.
func dense(s *nn.Scope, activation func(*graph.Node) *graph.Node, sizes ...int) func(*graph.Node) *graph.Node {
	var layers []*nn.Linear
	for i := range sizes[1:] {
		layers = append(layers, nn.NewLinear(s.Sub("fc"+string(rune('1'+i))), sizes[i], sizes[i+1], true))
	}
	return func(h *graph.Node) *graph.Node {
		for i, l := range layers {
			if i > 0 {
				h = activation(h)
			}
			h = l.Forward(h)
		}
		return h
	}
}

// classifier trains net, from [n, in] to k logits, with cross-entropy.
func classifier(s *nn.Scope, net func(*graph.Node) *graph.Node, lr float64, n, in, k int) (*Net, error) {
	g := graph.New()
	x, y := g.Input("x", n, in), g.Input("y", n, k)
	return trained(s.Params, nn.CrossEntropy(net(x), y), lr, func(p *vm.Program, b Batch) {
		copy(p.Value(x), b["x"].F)
		oneHot(p.Value(y), b["y"])
	})
}

// imageClassifier is classifier for images [n, size, size, channels].
func imageClassifier(s *nn.Scope, net func(*graph.Node) *graph.Node, lr float64, n, size, channels, k int) (*Net, error) {
	g := graph.New()
	x, y := g.Input("x", n, size, size, channels), g.Input("y", n, k)
	return trained(s.Params, nn.CrossEntropy(net(x), y), lr, func(p *vm.Program, b Batch) {
		images(p.Value(x), b["x"])
		oneHot(p.Value(y), b["y"])
	})
}
