package graph_test

import (
	"slices"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/tensor"
)

// Every mistake names the op, the shapes and the line of the caller.
func TestBuildErrors(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(g *graph.Graph)
		want []string
	}{
		{"MatMul", func(g *graph.Graph) { graph.MatMul(g.Input("a", 3, 4), g.Input("b", 5, 6)) }, []string{"MatMul", "(3, 4)", "(5, 6)"}},
		{"Add", func(g *graph.Graph) { graph.Add(g.Input("a", 3, 4), g.Input("b", 3)) }, []string{"Add", "(3, 4)", "(3)"}},
		{"Reshape", func(g *graph.Graph) { graph.Reshape(g.Input("a", 3, 4), 5, -1) }, []string{"Reshape", "(3, 4)", "(5, -1)"}},
		{"Sum", func(g *graph.Graph) { graph.Sum(g.Input("a", 3, 4), 2) }, []string{"Sum", "(3, 4)", "axis"}},
		{"Slice", func(g *graph.Graph) { graph.Slice(g.Input("a", 3, 4), 1, 2, 6, 1) }, []string{"Slice", "(3, 4)", "2:6:1"}},
		{"Transpose", func(g *graph.Graph) { graph.Transpose(g.Input("a", 3, 4), 0, 0) }, []string{"Transpose", "[0 0]", "(3, 4)"}},
		{"Concat", func(g *graph.Graph) { graph.Concat(0, g.Input("a", 3, 4), g.Input("b", 3, 5)) }, []string{"Concat", "(3, 4)", "(3, 5)"}},
		{"Conv", func(g *graph.Graph) {
			graph.Conv(g.Input("a", 1, 8, 8, 3), g.Input("w", 3, 3, 4, 8), graph.ConvAttr{})
		}, []string{"Conv", "(1, 8, 8, 3)", "(3, 3, 4, 8)"}},
		{"Conv kernel", func(g *graph.Graph) {
			graph.Conv(g.Input("a", 1, 2, 2, 3), g.Input("w", 3, 3, 3, 8), graph.ConvAttr{})
		}, []string{"Conv", "(1, 2, 2, 3)"}},
		{"MaxPool", func(g *graph.Graph) { graph.MaxPool(g.Input("a", 1, 8, 8, 3), graph.PoolAttr{}) }, []string{"MaxPool", "window"}},
		{"two graphs", func(g *graph.Graph) { graph.Add(g.Input("a", 1), graph.New().Input("b", 1)) }, []string{"different graphs"}},
		{"a name twice", func(g *graph.Graph) { g.Input("a", 1); g.Input("a", 1) }, []string{`"a" is taken`}},
		{"negative size", func(g *graph.Graph) { g.Input("a", -1) }, []string{"negative"}},
	} {
		err := graph.Build(func() { c.f(graph.New()) })
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, w := range append(c.want, "graph/build_test.go:") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q lacks %q", c.name, err, w)
			}
		}
	}
}

func TestEqualExpressionsAreOneNode(t *testing.T) {
	g := graph.New()
	a, b := g.Input("a", 3), g.Input("b", 3)
	sum, two := graph.Add(a, b), g.Scalar(2)
	if graph.Add(a, b) != sum || g.Scalar(2) != two {
		t.Error("equal expressions are two nodes")
	}
	if graph.Add(a, b) == graph.Add(b, a) || graph.LeakyRelu(a, 0.1) == graph.LeakyRelu(a, 0.2) || g.Scalar(2) == g.Scalar(3) {
		t.Error("different expressions are one node")
	}
}

// A graph may be differentiated any number of times: gradients keep no state.
func TestGradTwice(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 3)
	y := graph.Sum(graph.Tanh(x))
	first, second := graph.Grad(y, x)[0], graph.Grad(y, x)[0]
	if first != second {
		t.Error("the same gradient is two nodes")
	}
	if z := graph.Grad(graph.Sum(graph.Square(x)), x)[0]; z == first {
		t.Error("another function has the same gradient")
	}
}

func TestStateDict(t *testing.T) {
	s := graph.NewParams()
	w := s.Add("w", false, []int{1, 0}, tensor.New(tensor.Shape{2, 3}, []float32{1, 2, 3, 4, 5, 6}))
	b := s.Add("b", true, nil, tensor.New(tensor.Shape{2}, []float32{7, 8}))
	file := map[string]*tensor.Tensor{"w": w.Export(), "b": b.Export()}
	if got := file["w"]; !got.Shape.Equal(tensor.Shape{3, 2}) || got.F[1] != 4 {
		t.Errorf("w is stored as %v %v", got.Shape, got.F)
	}
	clear(w.Value())
	if err := s.LoadStateDict(file); err != nil || w.Value()[1] != 2 {
		t.Errorf("back: %v, %v", w.Value(), err)
	}
	file["b"] = tensor.New(tensor.Shape{3}, nil)
	clear(w.Value())
	if err := s.LoadStateDict(file); err == nil || !strings.Contains(err.Error(), `"b" has shape (3), the model needs (2)`) || w.Value()[1] != 0 {
		t.Errorf("a wrong shape: %v; w is %v", err, w.Value())
	}
	delete(file, "b")
	if err := s.LoadStateDict(file); err == nil || !strings.Contains(err.Error(), `no tensor "b"`) {
		t.Errorf("a missing tensor: %v", err)
	}
}

// What is frozen has no gradient and no place among the trained, and keeps its values.
func TestFreeze(t *testing.T) {
	set := graph.NewParams()
	for _, name := range []string{"conv1.weight", "conv1.bias", "layer1.0.weight", "fc.weight", "fc.bias"} {
		set.Add(name, false, nil, tensor.New(tensor.Shape{2}, []float32{1, 2}))
	}
	stat := set.Add("bn.running_mean", true, nil, tensor.New(tensor.Shape{2}, []float32{3, 4}))
	for _, bad := range []string{"nothing.*", "[", "!fc.weights"} {
		if err := set.Freeze("conv1.*", bad); err == nil || !strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if n := len(set.Trained()); n != 5 {
		t.Fatalf("after an error %d are trained", n)
	}
	if err := set.Freeze("*", "!fc.*", "*.bias"); err != nil {
		t.Fatal(err)
	}
	trained := set.Trained()
	if len(trained) != 1 || trained[0].Name != "fc.weight" || set.Count() != 2 {
		t.Errorf("trained: %d parameters, %d values", len(trained), set.Count())
	}
	for _, p := range set.All() {
		if (p.Grad() != nil) != (p == trained[0]) {
			t.Errorf("%s: gradient %v", p.Name, p.Grad())
		}
		want := []float32{1, 2}
		if p == stat {
			want = []float32{3, 4}
		}
		if !slices.Equal(p.Value(), want) {
			t.Errorf("%s is %v", p.Name, p.Value())
		}
	}
	g := graph.New()
	x := g.Input("x", 2)
	for _, p := range set.All()[:5] {
		x = graph.Mul(x, g.Param(p))
	}
	if n := len(graph.Backward(graph.Mean(x), set).Params); n != 1 {
		t.Errorf("%d gradients", n)
	}
}
