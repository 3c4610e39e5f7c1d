package nn_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

// A small language model with dropout learns one batch by heart.
func TestOverfit(t *testing.T) {
	m := newGPT(false, 0) // rotary ones cannot tell a token from the same one before it
	g := graph.New()
	const batch, length = 4, 10
	x, y := g.Input("x", batch, length), g.Input("y", batch, length)
	loss := nn.CrossEntropy(m.forward(x, true), y)
	p, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, m.Params))
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 6))
	for i := range p.Value(x) {
		p.Value(x)[i], p.Value(y)[i] = float32(r.IntN(vocabulary)), float32(r.IntN(vocabulary))
	}
	for b := range batch {
		p.Value(x)[b*length] = float32(b) // no two sequences begin alike, or nobody could tell
	}
	adam := optim.NewAdam(m.Params, 1e-2)
	p.Run()
	first := p.Scalar(loss)
	for range 200 {
		p.Run()
		adam.Step()
	}
	if last := p.Scalar(loss); last > 0.02 || first < 1.5 {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// Dropout depends on names, steps and the scope's seed; not on the order of layers.
func TestDropout(t *testing.T) {
	masks := func(names string, seed uint64, runs int64) map[string][]float32 {
		s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
		s.Seed = seed
		g := graph.New()
		x := g.Full(1, 1000)
		out := map[string]*graph.Node{}
		var nodes []*graph.Node
		for _, name := range strings.Fields(names) {
			d := nn.NewDropout(s.Sub(name), 0.3)
			out[name] = d.Forward(x, true)
			out[name+" again"] = d.Forward(x, true)
			nodes = append(nodes, out[name], out[name+" again"])
			if d.Forward(x, false) != x {
				t.Error("dropout in evaluation is not the identity")
			}
		}
		p, err := vm.Compile(nodes)
		if err != nil {
			t.Fatal(err)
		}
		p.SetRuns(runs)
		p.Run()
		values := map[string][]float32{}
		for name, n := range out {
			values[name] = slices.Clone(p.Value(n))
		}
		return values
	}
	base := masks("a b", 0, 3)
	for name, v := range masks("b a", 0, 3) {
		if !slices.Equal(v, base[name]) {
			t.Errorf("%s depends on the order of layers", name)
		}
	}
	mean := 0.0
	for _, x := range base["a"] {
		mean += float64(x) / 1000
	}
	if math.Abs(mean-1) > 0.06 {
		t.Errorf("the mean is %v, not 1", mean)
	}
	for what, other := range map[string][]float32{"a second layer": base["b"], "a second call": base["a again"],
		"another step": masks("a", 0, 4)["a"], "another seed": masks("a", 1, 3)["a"]} {
		if slices.Equal(base["a"], other) {
			t.Errorf("%s drops the same elements", what)
		}
	}
}

// Attention with dropout of its probabilities is attention by the kernel where p is so
// small that nothing is dropped.
func TestAttentionDropout(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	m := nn.NewMultiheadAttention(s, 6, 2, 1e-12, true)
	g := graph.New()
	x, mask := g.Input("x", 2, 5, 6), g.Input("mask", 2, 5)
	var nodes []*graph.Node
	for _, a := range []graph.AttentionAttr{{}, {Causal: true}, {Window: 2}} {
		nodes = append(nodes, m.Forward(x, mask, a, true), m.Forward(x, mask, a, false), m.Cross(x, x, mask, a, true))
	}
	p, err := vm.Compile(nodes)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(r.NormFloat64())
	}
	copy(p.Value(mask), []float32{1, 1, 0, 1, 1, 1, 1, 1, 1, 1})
	p.Run()
	for i := 0; i < len(nodes); i += 3 {
		same(t, "with dropout", p.Value(nodes[i]), p.Value(nodes[i+1]), 1e-5)
		same(t, "cross-attention with dropout", p.Value(nodes[i+2]), p.Value(nodes[i+1]), 1e-5)
	}
}

// Mistakes are errors that name the layer and the shapes.
func TestErrors(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	m := nn.NewMultiheadAttention(s.Sub("a"), 6, 2, 0, true)
	n := nn.NewLayerNorm(s.Sub("n"), []int{4})
	positions := nn.NewSinusoids(3, 6)
	g := graph.New()
	x := g.Input("x", 2, 5, 6)
	for want, f := range map[string]func(){
		"LayerNorm: shape (2, 5, 6) does not end in (4)":                    func() { n.Forward(x) },
		"Sinusoids: shape (2, 5, 6): there are positions for 3 rows":        func() { positions.Forward(x) },
		"MultiheadAttention: shape (2, 6): needs [B,T,6]":                   func() { m.Forward(g.Input("y", 2, 6), nil, causal, true) },
		"Decode: shape (2, 5, 6): the cache takes one token of 2 sequences": func() { m.Decode(x, nn.NewCache(2, 4), 0) },
		"MSE: the option IgnoreIndex means nothing to it":                   func() { nn.MSE(x, x, nn.IgnoreIndex(0)) },
		"CrossEntropy: logits (2, 5, 6) and labels (2) do not fit":          func() { nn.CrossEntropy(x, g.Input("l", 2)) },
		"BatchNorm: shape (2, 5, 6) does not end in 4 features":             func() { nn.NewBatchNorm(s.Sub("b"), 4).Forward(x, true) },
		"GroupNorm: shape (2, 5, 6) does not end in 4 channels":             func() { nn.NewGroupNorm(s.Sub("g"), 2, 4).Forward(x) },
		"Conv1d: shape (2, 5): needs [N,L,C]":                               func() { nn.NewConv1d(s.Sub("c"), 1, 1, nn.Geometry{Kernel: 1}, true).Forward(g.Input("z", 2, 5)) },
		"WithParams: parameter n.weight has shape (4), its value (2, 5, 6)": func() { g.WithParams([]*graph.Param{n.Weight}, []*graph.Node{x}, func() {}) },
		"Conv: shape (1, 2, 2, 1) is too small to be padded by [3 3 3 3]": func() {
			nn.NewConv2d(s.Sub("r"), 1, 1, nn.Geometry{Kernel: 3, Padding: 3, Mode: nn.Reflect}, true).Forward(g.Input("i", 1, 2, 2, 1))
		},
	} {
		if err := graph.Build(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
