package nn_test

import (
	"math/rand/v2"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/tensor"
	"lab/core/vm"
)

// smallNet is the net of testdata/make.py: conv, batch norm, tanh, pool, linear.
type smallNet struct {
	*nn.Scope
	conv *nn.Conv2d
	bn   *nn.BatchNorm
	fc   *nn.Linear
}

func newSmallNet() *smallNet {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	return &smallNet{s, nn.NewConv2d(s.Sub("conv"), 1, 3, nn.Geometry{Kernel: 3, Padding: 1}, true),
		nn.NewBatchNorm(s.Sub("bn"), 3), nn.NewLinear(s.Sub("fc"), 3*3*3, 4, true)}
}

func (n *smallNet) loss(x, y *graph.Node) *graph.Node {
	h := nn.MaxPool2d(graph.Tanh(n.bn.Forward(n.conv.Forward(x), true)), 2)
	return nn.CrossEntropy(n.fc.Forward(nn.Flatten(h)), y)
}

// The loss after a step of gradient descent, differentiated with respect to the weights
// before it, is PyTorch's with create_graph=True (MAML, Finn, Abbeel & Levine 2017).
func TestMAML(t *testing.T) {
	file := read(t, "maml")
	net := newSmallNet()
	if err := net.Params.LoadStateDict(under(file, "param.")); err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	xs, ys := g.Input("xs", 5, 6, 6, 1), g.Input("ys", 5)
	xq, yq := g.Input("xq", 7, 6, 6, 1), g.Input("yq", 7)
	params := net.Params.Trained()
	var leaves []*graph.Node
	for _, p := range params {
		leaves = append(leaves, g.Param(p))
	}
	inner := net.loss(xs, ys)
	grads := graph.Grad(inner, leaves...)
	fast := make([]*graph.Node, len(leaves))
	for i, w := range leaves {
		fast[i] = graph.Sub(w, graph.Scale(grads[i], 0.5))
	}
	var outer *graph.Node
	g.WithParams(params, fast, func() { outer = net.loss(xq, yq) })
	meta := graph.Backward(outer, net.Params)

	// And the product of the inner loss's Hessian with a vector: a gradient of a gradient.
	var along *graph.Node
	for i, p := range params {
		v := g.Const(tensor.New(p.Shape, toGraph(p, file["v."+p.Name])))
		if d := graph.Sum(graph.Mul(grads[i], v)); along == nil {
			along = d
		} else {
			along = graph.Add(along, d)
		}
	}
	product := graph.Grad(along, leaves...)

	program, err := vm.Compile(append([]*graph.Node{inner, outer}, product...), meta)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []*graph.Node{xs, xq} {
		copy(program.Value(x), image.in(file[x.Name()]))
	}
	for _, y := range []*graph.Node{ys, yq} {
		copy(program.Value(y), file[y.Name()].F)
	}
	program.Run()
	same(t, "inner loss", program.Value(inner), file["inner"].F, 1e-6)
	same(t, "outer loss", program.Value(outer), file["outer"].F, 1e-6)
	for i, p := range params {
		same(t, "meta-gradient of "+p.Name, p.Grad(), toGraph(p, file["meta."+p.Name]), 1e-4)
		same(t, "Hessian times vector, "+p.Name, program.Value(product[i]), toGraph(p, file["hvp."+p.Name]), 1e-4)
	}
}

// A Linear takes a weight for each task of a batch: losses and gradients are those of
// the tasks one by one.
func TestTasksSideBySide(t *testing.T) {
	const tasks, n, in, out = 3, 4, 5, 2
	r := rand.New(rand.NewPCG(3, 4))
	s := nn.NewScope(r)
	l := nn.NewLinear(s, in, out, true)
	draw := func(v []float32) {
		for i := range v {
			v[i] = float32(r.NormFloat64())
		}
	}
	compile := func(x *graph.Node, w ...*graph.Node) (*vm.Program, []*graph.Node) {
		var y *graph.Node
		x.Graph().WithParams(s.Params.Trained(), w, func() { y = graph.Tanh(l.Forward(x)) })
		outputs := append([]*graph.Node{y}, graph.Grad(y, w...)...)
		p, err := vm.Compile(outputs)
		if err != nil {
			t.Fatal(err)
		}
		return p, outputs
	}
	g := graph.New()
	x, w, b := g.Input("x", tasks, n, in), g.Input("w", tasks, in, out), g.Input("b", tasks, 1, out)
	all, together := compile(x, w, b)
	for _, v := range []*graph.Node{x, w, b} {
		draw(all.Value(v))
	}
	all.Run()

	g1 := graph.New()
	x1, w1, b1 := g1.Input("x", n, in), g1.Input("w", in, out), g1.Input("b", out)
	one, alone := compile(x1, w1, b1)
	for task := range tasks {
		part := func(v []float32) []float32 { k := len(v) / tasks; return v[task*k : (task+1)*k] }
		copy(one.Value(x1), part(all.Value(x)))
		copy(one.Value(w1), part(all.Value(w)))
		copy(one.Value(b1), part(all.Value(b)))
		one.Run()
		for i := range alone {
			same(t, "task alone", part(all.Value(together[i])), one.Value(alone[i]), 1e-6)
		}
	}
}
