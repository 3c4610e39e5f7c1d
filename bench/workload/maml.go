package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

// MAML (Finn, Abbeel & Levine 2017, algorithm 1) on sines: what is trained are the
// weights from which one step on a task's points does best on others of its points. All
// tasks are computed at once, as products of matrices of a task each.
var maml = Workload{
	Name: "maml", What: "sines, MLP 1-40-40-1, 16 tasks of 10+10 points, one inner step, second order, Adam",
	Batch: func(r *rand.Rand) Batch {
		b := Batch{}
		for _, name := range []string{"x", "y", "x2", "y2"} {
			b[name] = normal(r, tasks, points, 1)
		}
		return b
	},
	Build: func(r *rand.Rand) (*Net, error) {
		const inner = 0.01 // learning rate of the step on a task
		s := nn.NewScope(r)
		net := newDense(s, graph.Relu, 1, 40, 40, 1)

		g := graph.New()
		input := func(name string) *graph.Node { return g.Input(name, tasks, points, 1) }
		x, y, x2, y2 := input("x"), input("y"), input("x2"), input("y2")

		var theta []*graph.Node // the same weights for every task
		for _, l := range net.layers {
			in, out := l.Weight.Shape[0], l.Weight.Shape[1]
			theta = append(theta, graph.Expand(g.Param(l.Weight), tasks, in, out), graph.Expand(g.Param(l.Bias), tasks, 1, out))
		}
		phi := make([]*graph.Node, len(theta)) // each task's own
		for i, d := range graph.Grad(errors(theta, x, y), theta...) {
			phi[i] = graph.Sub(theta[i], graph.Scale(d, inner))
		}
		return trained(s, graph.Mean(errors(phi, x2, y2)), x, y, x2, y2)
	},
}

const tasks, points = 16, 10

// errors are each task's mean squared error [tasks] with its own weights and biases w,
// [tasks,in,out] and [tasks,1,out] of each layer.
func errors(w []*graph.Node, x, y *graph.Node) *graph.Node {
	h := x // [tasks,points,1]
	for i := 0; i < len(w); i += 2 {
		if i > 0 {
			h = graph.Relu(h)
		}
		h = graph.Add(graph.MatMul(h, w[i]), w[i+1]) // [tasks,points,out]
	}
	return graph.Mean(graph.Square(graph.Sub(h, y)), 1, 2)
}
