package metalearn

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/plugins/metalearn/task"
)

// learner is the model f that learns tasks: a network and how it loses on a task's
// points.
type learner struct {
	*nn.Scope
	forward func(x *graph.Node) *graph.Node // [..., n, input] to [..., n, out]
	loss    func(out, y *graph.Node) *graph.Node
	vector  bool // made of layers that take tasks side by side, each with its own weights
}

// newRegressor is the network of Finn et al. (2017), section 5.1, 1-40-40-1 with ReLU in
// the paper: numbers to numbers.
func newRegressor(r *rand.Rand, hidden int, activation func(*graph.Node) *graph.Node) *learner {
	s := nn.NewScope(r)
	fc1, fc2 := nn.NewLinear(s.Sub("fc1"), 1, hidden, true), nn.NewLinear(s.Sub("fc2"), hidden, hidden, true)
	fc3 := nn.NewLinear(s.Sub("fc3"), hidden, 1, true)
	return &learner{Scope: s, vector: true,
		forward: func(x *graph.Node) *graph.Node {
			h := activation(fc1.Forward(x)) // [..., n, hidden]
			h = activation(fc2.Forward(h))  // [..., n, hidden]
			return fc3.Forward(h)           // [..., n, 1]
		},
		loss: func(out, y *graph.Node) *graph.Node { // mean squared error of each task
			y = graph.Reshape(y, out.Shape()...)
			return graph.Mean(graph.Square(graph.Sub(out, y)), -2, -1)
		}}
}

// with is the learner's output for other weights w than its own.
func (l *learner) with(w []*graph.Node, x *graph.Node) (out *graph.Node) {
	x.Graph().WithParams(l.Params.Trained(), w, func() { out = l.forward(x) })
	return out
}

// adapt learns tasks from their support sets: steps of gradient descent from the weights
// w, φ ← φ - α ∇_φ L(f_φ). The result can be differentiated with respect to w.
func (l *learner) adapt(w []*graph.Node, x, y *graph.Node, alpha float64, steps int) []*graph.Node {
	for range steps {
		gradient := graph.Grad(l.loss(l.with(w, x), y), w...)
		phi := make([]*graph.Node, len(w))
		for i := range w {
			phi[i] = graph.Sub(w[i], graph.Scale(gradient[i], alpha))
		}
		w = phi
	}
	return w
}

// tasks are the inputs of a program that works on some tasks side by side.
type tasks struct {
	n              int
	theta          []*graph.Node // the learner's weights, once for each task
	x, y           *graph.Node   // support sets [n, points, ...]
	queryX, queryY *graph.Node   // query sets
}

// tasks adds inputs for n tasks of that many points to a new graph. A learner that does
// not take tasks side by side takes one, without the axis for it.
func (l *learner) tasks(n int, d task.Distribution, support, query int) *tasks {
	g := graph.New()
	input := func(name string, shape ...int) *graph.Node {
		if l.vector {
			shape = append([]int{n}, shape...)
		}
		return g.Input(name, shape...)
	}
	t := &tasks{n: n,
		x: input("x", append([]int{support}, d.Shape()...)...), y: input("y", support),
		queryX: input("query_x", append([]int{query}, d.Shape()...)...), queryY: input("query_y", query)}
	for _, p := range l.Params.Trained() {
		w := g.Param(p)
		if l.vector {
			shape := append([]int{n}, p.Shape...)
			if len(p.Shape) == 1 { // a bias: the same for all points
				shape = []int{n, 1, p.Shape[0]}
			}
			w = graph.Expand(w, shape...)
		}
		t.theta = append(t.theta, w)
	}
	return t
}
