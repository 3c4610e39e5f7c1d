package main

import (
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/ml/context"

	"lab/core/tensor"
)

func mlp(w weights, x *graph.Node) *graph.Node {
	h := relu(w.linear("fc1", x))
	h = relu(w.linear("fc2", h))
	return w.linear("fc3", h)
}

func policy(w weights, x *graph.Node) *graph.Node {
	h := graph.Tanh(w.linear("fc1", x))
	h = graph.Tanh(w.linear("fc2", h))
	return w.linear("fc3", h)
}

func relu(x *graph.Node) *graph.Node { return graph.MaxScalar(x, 0) }

// weights makes variables of a state file's tensors.
type weights struct {
	ctx   *context.Context
	g     *graph.Graph
	state map[string]*tensor.Tensor
}

func (w weights) variable(name string, t *tensor.Tensor) *graph.Node {
	return w.ctx.VariableWithValue(name, flat(t)).ValueGraph(w.g)
}

// linear is x·W + b; files keep W as [out, in].
func (w weights) linear(name string, x *graph.Node) *graph.Node {
	h := graph.Dot(x, w.variable(name+".weight", w.state[name+".weight"].Transpose(1, 0)))
	return graph.Add(h, graph.InsertAxes(w.variable(name+".bias", w.state[name+".bias"]), 0))
}
