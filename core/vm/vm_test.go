package vm_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"lab/core/graph"
	"lab/core/graph/graphtest"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/tensor"
	"lab/core/vm"
)

// net is a small convolutional net with batch norm, trained with cross-entropy.
type net struct {
	scope *nn.Scope
	conv  *nn.Conv2d
	norm  *nn.BatchNorm
	fc    *nn.Linear
}

func newNet() *net {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	return &net{s, nn.NewConv2d(s.Sub("conv"), 2, 5, nn.Geometry{Kernel: 3, Padding: 1}, true),
		nn.NewBatchNorm(s.Sub("norm"), 5), nn.NewLinear(s.Sub("fc"), 5*4*4, 3, true)}
}

func (n *net) loss(x, y *graph.Node, train bool) *graph.Node {
	h := nn.MaxPool2d(graph.Relu(n.norm.Forward(n.conv.Forward(x), train)), 2)
	return nn.CrossEntropy(n.fc.Forward(graph.Reshape(h, x.Shape()[0], -1)), y)
}

type trainer struct {
	*net
	x, y, l *graph.Node
	p       *vm.Program
	adam    *optim.Adam
}

func newTrainer(t testing.TB) *trainer {
	n := newNet()
	g := graph.New()
	tr := &trainer{net: n, x: g.Input("x", 6, 8, 8, 2), y: g.Input("y", 6, 3)}
	tr.l = n.loss(tr.x, tr.y, true)
	var err error
	if tr.p, err = vm.Compile([]*graph.Node{tr.l}, graph.Backward(tr.l, n.scope.Params)); err != nil {
		t.Fatal(err)
	}
	tr.adam = optim.NewAdam(n.scope.Params, 1e-2)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range tr.p.Value(tr.x) {
		tr.p.Value(tr.x)[i] = float32(r.NormFloat64())
	}
	for i := range 6 {
		tr.p.Value(tr.y)[i*3+i%3] = 1
	}
	return tr
}

func (tr *trainer) step() float64 {
	tr.p.Run()
	tr.adam.Step()
	return tr.p.Scalar(tr.l)
}

// The gradients that a program writes are those of the float64 reference.
func TestGradientsInPlace(t *testing.T) {
	tr := newTrainer(t)
	tr.p.Run()
	values := map[*graph.Node][]float64{}
	for _, n := range []*graph.Node{tr.x, tr.y} {
		for _, v := range tr.p.Value(n) {
			values[n] = append(values[n], float64(v))
		}
	}
	g := graph.Backward(tr.l, tr.scope.Params)
	for i, want := range graphtest.Reference(values, g.Nodes...) {
		for j, w := range want {
			if got := float64(g.Params[i].Grad()[j]); math.Abs(got-w) > 1e-5*(1+math.Abs(w)) {
				t.Fatalf("%s[%d]: %v, want %v", g.Params[i].Name, j, got, w)
			}
		}
	}
}

// A net learns one batch by heart.
func TestOverfit(t *testing.T) {
	tr := newTrainer(t)
	first := tr.step()
	if math.Abs(first-math.Log(3)) > 0.5 {
		t.Errorf("the first loss is %v, far from ln 3", first)
	}
	var last float64
	for range 60 {
		last = tr.step()
	}
	if last > 0.01 {
		t.Errorf("after 60 steps the loss is %v", last)
	}
}

// Running statistics move by the momentum, with the unbiased variance.
func TestBatchNormStatistics(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	b := nn.NewBatchNorm(s, 2)
	g := graph.New()
	x := g.Input("x", 3, 2)
	y := b.Forward(x, true)
	p, err := vm.Compile([]*graph.Node{y})
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Value(x), []float32{1, 10, 2, 20, 6, 60})
	p.Run()
	// columns 1,2,6 (mean 3, variance 14/3, unbiased 7) and ten times that
	for i, want := range []float64{0.3, 3, 0.9 + 0.7, 0.9 + 70} {
		got := append(append([]float32{}, b.RunningMean.Value()...), b.RunningVar.Value()...)[i]
		if math.Abs(float64(got)-want) > 1e-5*want {
			t.Errorf("statistic %d is %v, want %v", i, got, want)
		}
	}
	if got, want := float64(p.Value(y)[4]), 3/math.Sqrt(14.0/3+1e-5); math.Abs(got-want) > 1e-5 {
		t.Errorf("normalised to %v, want %v", got, want)
	}
	p.Run() // a second run starts from the first one's statistics
	if got := b.RunningMean.Value()[0]; math.Abs(float64(got)-0.57) > 1e-6 {
		t.Errorf("after two runs the running mean is %v, want 0.57", got)
	}
}

// The same bits in every run and on any number of threads.
func TestDeterministic(t *testing.T) {
	defer vm.SetThreads(1)
	var want []uint32
	for _, threads := range []int{1, 2, 3, 1} {
		vm.SetThreads(threads)
		tr := newTrainer(t)
		for range 10 {
			tr.step()
		}
		var got []uint32
		for _, p := range tr.scope.Params.All() {
			for _, v := range p.Value() {
				got = append(got, math.Float32bits(v))
			}
		}
		if want == nil {
			want = got
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("%d threads: value %d differs", threads, i)
			}
		}
	}
}

func TestNoAllocationInAStep(t *testing.T) {
	if vm.ISA() == "go" {
		t.Skip("the loops in Go are written to be read, and allocate")
	}
	tr := newTrainer(t)
	if n := testing.AllocsPerRun(20, func() { tr.step() }); n != 0 && !sanitized {
		t.Errorf("%v allocations a step", n)
	}
}

// What a program computes is counted without what is fused away, views, and gradients,
// which lie with their parameters.
func TestValues(t *testing.T) {
	s := graph.NewParams()
	w := s.Add("w", false, nil, tensor.New(tensor.Shape{4}, nil))
	g := graph.New()
	x := g.Input("x", 3, 4)
	h := graph.Tanh(graph.Mul(x, g.Param(w)))         // one call
	y := graph.Reshape(graph.Slice(h, 0, 0, 2, 1), 8) // a view
	gradient := graph.Gradients{Params: s.All(), Nodes: []*graph.Node{graph.Sum(h, 0)}}
	p, err := vm.Compile([]*graph.Node{y, graph.Sum(y)}, gradient)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := p.Cost().Values, 4*(12+12+1); got != want {
		t.Errorf("values take %d bytes, want %d", got, want)
	}
}

// Outputs that are inputs, constants, parameters, or other outputs' memory.
func TestOddOutputs(t *testing.T) {
	s := graph.NewParams()
	w := s.Add("w", false, nil, tensor.New(tensor.Shape{2}, []float32{3, 4}))
	g := graph.New()
	x := g.Input("x", 2)
	pw := g.Param(w)
	sum := graph.Add(x, pw)
	outs := []*graph.Node{x, pw, g.Full(5, 2), sum, graph.Reshape(sum, 1, 2), graph.StopGradient(sum), graph.Label(sum, "sum", nil), graph.Exp(sum)}
	// dx/dw is the same node as dx/dx: one gradient has to be copied
	loss := graph.Sum(sum)
	p, err := vm.Compile(outs, graph.Backward(loss, s))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		copy(p.Value(x), []float32{1, 2})
		p.Run()
		for i, want := range [][]float32{{1, 2}, {3, 4}, {5, 5}, {4, 6}, {4, 6}, {4, 6}, {4, 6}} {
			if got := p.Value(outs[i]); got[0] != want[0] || got[1] != want[1] {
				t.Errorf("output %d is %v, want %v", i, got, want)
			}
		}
		if got := w.Grad(); got[0] != 1 || got[1] != 1 {
			t.Errorf("gradient %v", got)
		}
	}
}

// Dropout draws anew at every run, the same again from the same run on, and keeps the
// mean.
func TestDropout(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 10000)
	y := graph.Dropout(x, 0.3, 5)
	dx := graph.Grad(graph.Sum(y), x)[0]
	p, err := vm.Compile([]*graph.Node{y, dx})
	if err != nil {
		t.Fatal(err)
	}
	for i := range p.Value(x) {
		p.Value(x)[i] = 1
	}
	var first []float32
	for run := range 3 {
		if run == 2 {
			p.SetRuns(0)
		}
		p.Run()
		kept := 0
		for i, v := range p.Value(y) {
			if v != 0 {
				kept++
			}
			if v != p.Value(dx)[i] {
				t.Fatal("the gradient has another mask")
			}
		}
		if kept < 6800 || kept > 7200 {
			t.Errorf("%d of 10000 kept", kept)
		}
		same := first != nil && slices.Equal(first, p.Value(y))
		if run == 1 && same || run == 2 && !same {
			t.Errorf("run %d: the same as the first: %v", run, same)
		}
		if run == 0 {
			first = slices.Clone(p.Value(y))
		}
	}
}

// Random graphs of elementwise ops, sums and reshapes: the program agrees with the
// reference, whatever was fused or shared.
func TestRandomGraphs(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 9))
		g := graph.New()
		nodes := []*graph.Node{g.Input("a", 3, 4), g.Input("b", 4), g.Input("c", 3, 1), g.Scalar(0.5), g.Full(2, 3, 4)}
		values := map[*graph.Node][]float64{}
		for _, n := range nodes[:3] {
			for range n.Shape().Size() {
				values[n] = append(values[n], float64(float32(r.NormFloat64())))
			}
		}
		pick := func() *graph.Node { return nodes[r.IntN(len(nodes))] }
		for range 25 {
			var n *graph.Node
			err := graph.Build(func() {
				switch a, b := pick(), pick(); r.IntN(10) {
				case 0:
					n = graph.Tanh(a)
				case 1:
					n = graph.Add(a, b)
				case 2:
					n = graph.Mul(a, graph.Sigmoid(b))
				case 3:
					n = graph.Sub(a, b)
				case 4:
					n = graph.SumKeep(a, r.IntN(max(1, len(a.Shape()))))
				case 5:
					n = graph.Reshape(a, -1)
				case 6:
					n = graph.Transpose(a)
				case 7:
					n = graph.Max(a, b)
				case 8:
					n = graph.Label(graph.Relu(a), "relu", nil)
				case 9:
					n = graph.MatMul(a, b)
				}
			})
			if err == nil {
				nodes = append(nodes, n)
			}
		}
		out := []*graph.Node{nodes[len(nodes)-1], pick(), pick()}
		out = append(out, graph.Grad(graph.Sum(graph.Tanh(out[0])), nodes[:3]...)...)
		p, err := vm.Compile(out)
		if err != nil {
			t.Fatal(err)
		}
		want := graphtest.Reference(values, out...)
		for range 2 { // a second run must not depend on the first
			for n, v := range values {
				for i := range v {
					p.Value(n)[i] = float32(v[i])
				}
			}
			p.Run()
			for k, n := range out {
				for i, w := range want[k] {
					if got := float64(p.Value(n)[i]); math.Abs(got-w) > 1e-4*(1+math.Abs(w)) {
						t.Fatalf("seed %d: output %d (%v) element %d is %v, want %v", seed, k, n, i, got, w)
					}
				}
			}
		}
	}
}
