package metalearn

import (
	"fmt"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/plugins/metalearn/task"
)

// learner is the model f that learns tasks: a network and how it loses on a task's
// points.
type learner struct {
	*nn.Scope
	forward    func(x *graph.Node) *graph.Node // [..., n, input] to [..., n, out]
	loss       func(out, y *graph.Node) *graph.Node
	sideBySide bool // made of layers that take tasks side by side, each with its own weights
}

// newRegressor is the network of Finn et al. (2017), section 5.1, 1-40-40-1 with ReLU in
// the paper: numbers to numbers.
func newRegressor(s *nn.Scope, hidden int, activation func(*graph.Node) *graph.Node) *learner {
	fc1, fc2 := nn.NewLinear(s.Sub("fc1"), 1, hidden, true), nn.NewLinear(s.Sub("fc2"), hidden, hidden, true)
	fc3 := nn.NewLinear(s.Sub("fc3"), hidden, 1, true)
	return &learner{Scope: s, sideBySide: true,
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

// newClassifier is the embedding and a linear layer: drawings [n,28,28,1] to logits.
func newClassifier(s *nn.Scope, channels, classes int) *learner {
	s = s.WithInit(nn.XavierUniform(1), nn.Constant(0))
	embed := newEmbedding(s, channels)
	fc := nn.NewLinear(s.Sub("fc"), embed.size, classes, true)
	return &learner{Scope: s,
		forward: func(x *graph.Node) *graph.Node { return fc.Forward(embed.forward(x)) }, loss: crossEntropy}
}

// crossEntropy is the mean of each task.
func crossEntropy(logits, y *graph.Node) *graph.Node {
	return graph.Mean(graph.CrossEntropyRows(logits, y, 0), -1)
}

// embedding is the network of Finn et al. (2017), section 5.2: four convolutions of stride
// 2, with batch norm by the statistics of the batch at hand, in training and test alike.
type embedding struct {
	convs [4]*nn.Conv2d
	norms [4]*nn.BatchNorm
	size  int // of an embedded drawing
}

func newEmbedding(s *nn.Scope, channels int) *embedding {
	e := &embedding{size: channels * 2 * 2}
	in := 1
	for i := range e.convs {
		e.convs[i] = nn.NewConv2d(s.Sub(fmt.Sprintf("conv%d", i+1)), in, channels, nn.Geometry{Kernel: 3, Stride: 2, Padding: 1}, false)
		e.norms[i] = nn.NewBatchNorm(s.Sub(fmt.Sprintf("bn%d", i+1)), channels, nn.NoRunningStats)
		in = channels
	}
	return e
}

// forward maps drawings [n,28,28,1] to [n,size], by way of 14×14, 7×7, 4×4 and 2×2 pixels.
func (e *embedding) forward(x *graph.Node) *graph.Node {
	for i := range e.convs {
		x = graph.Relu(e.norms[i].Forward(e.convs[i].Forward(x), true))
	}
	return nn.Flatten(x)
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
func (l *learner) tasks(n int, from *task.Source, support, query int) *tasks {
	g := graph.New()
	if !l.sideBySide {
		n = 1
	}
	input := func(name string, shape ...int) *graph.Node {
		if l.sideBySide {
			shape = append([]int{n}, shape...)
		}
		return g.Input(name, shape...)
	}
	shape := from.Train.Shape()
	t := &tasks{n: n,
		x: input("x", append([]int{support}, shape...)...), y: input("y", support),
		queryX: input("query_x", append([]int{query}, shape...)...), queryY: input("query_y", query)}
	for _, p := range l.Params.Trained() {
		w := g.Param(p)
		if l.sideBySide {
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

// mean is the mean over the tasks of something of each weight, [tasks, weight...], for the
// gradient of the learner's own weights.
func (l *learner) mean(of []*graph.Node) graph.Gradients {
	gradients := graph.Gradients{Params: l.Params.Trained()}
	for i, p := range gradients.Params {
		n := of[i]
		if l.sideBySide {
			n = graph.Reshape(graph.Mean(n, 0), p.Shape...)
		}
		gradients.Nodes = append(gradients.Nodes, n)
	}
	return gradients
}

// export writes the network with the weights that adapting starts from, for inputs of that
// shape: x to y.
func (l *learner) export(name string, shape []int) (*onnx.Builder, error) {
	return exchange.Export(name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", append([]int{n["batch"]}, shape...)...)
		return []exchange.Port{{Name: "x", Node: x, Image: len(shape) == 3}}, []exchange.Port{{Name: "y", Node: l.forward(x)}}
	})
}

// exportAdapting writes learning itself: a task's support set x and y, and query_x, to what
// the learner says of query_x after that many steps of size alpha.
func (l *learner) exportAdapting(name string, from *task.Source, alpha float64, steps int) (*onnx.Builder, error) {
	free := []exchange.Free{{Name: "support", Sizes: [2]int{7, 11}}, {Name: "query", Sizes: [2]int{13, 17}}}
	return exchange.Export(name, onnx.DefaultOpset, free, func(n exchange.Sizes) (in, out []exchange.Port) {
		g, shape := graph.New(), from.Train.Shape()
		image := len(shape) == 3
		x, y := g.Input("x", append([]int{n["support"]}, shape...)...), g.Input("y", n["support"])
		queryX := g.Input("query_x", append([]int{n["query"]}, shape...)...)
		var theta []*graph.Node
		for _, p := range l.Params.Trained() {
			theta = append(theta, g.Param(p))
		}
		queryY := l.with(l.adapt(theta, x, y, alpha, steps), queryX)
		return []exchange.Port{{Name: "x", Node: x, Image: image}, {Name: "y", Node: y, Whole: from.Classes > 0}, {Name: "query_x", Node: queryX, Image: image}},
			[]exchange.Port{{Name: "query_y", Node: queryY}}
	})
}
