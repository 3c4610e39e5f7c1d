package nn_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// GAN losses by their formulas.
func TestAdversarial(t *testing.T) {
	g := graph.New()
	real, drawn := g.Input("real", 3), g.Input("drawn", 3)
	nodes := []*graph.Node{nn.HingeCritic(real, drawn), nn.WassersteinCritic(real, drawn), nn.CriticGenerator(drawn),
		nn.LeastSquaresCritic(real, drawn), nn.LeastSquaresGenerator(drawn)}
	p, err := vm.Compile(nodes)
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Value(real), []float32{0.5, 2, -1})
	copy(p.Value(drawn), []float32{-3, 0, 1})
	p.Run()
	for i, want := range []float64{2.5/3 + 1, -2.0/3 - 0.5, 2.0 / 3, 5.25/6 + 10.0/6, 17.0 / 6} {
		if got := p.Scalar(nodes[i]); math.Abs(got-want) > 1e-6 {
			t.Errorf("loss %d is %v, want %v", i, got, want)
		}
	}
}

// The gradient penalty and its gradients, which pass through the critic's gradient, are
// PyTorch's with create_graph=True.
func TestGradientPenalty(t *testing.T) {
	file := read(t, "penalty")
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	halving := nn.Geometry{Kernel: 4, Stride: 2, Padding: 1}
	conv1, conv2 := nn.NewConv2d(s.Sub("conv1"), 2, 4, halving, true), nn.NewConv2d(s.Sub("conv2"), 4, 6, halving, true)
	fc := nn.NewLinear(s.Sub("fc"), 6*2*2, 1, true)
	if err := s.Params.LoadStateDict(under(file, "param.")); err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	real, drawn, mix := g.Input("real", 5, 8, 8, 2), g.Input("drawn", 5, 8, 8, 2), g.Input("mix", 5, 1)
	penalty, norm := nn.GradientPenalty(func(x *graph.Node) *graph.Node {
		h := graph.LeakyRelu(conv2.Forward(graph.LeakyRelu(conv1.Forward(x), 0.2)), 0.2)
		return fc.Forward(nn.Flatten(h))
	}, real, drawn, mix)
	p, err := vm.Compile([]*graph.Node{penalty, norm}, graph.Backward(penalty, s.Params))
	if err != nil {
		t.Fatal(err)
	}
	copy(p.Value(real), image.in(file["real"]))
	copy(p.Value(drawn), image.in(file["drawn"]))
	copy(p.Value(mix), file["mix"].F)
	p.Run()
	same(t, "penalty", p.Value(penalty), file["penalty"].F, 1e-5)
	same(t, "norm", p.Value(norm), file["norm"].F, 1e-5)
	for _, w := range s.Params.Trained() {
		if want, ok := file["grad."+w.Name]; ok {
			same(t, "gradient of "+w.Name, w.Grad(), toGraph(w, want), 1e-5)
		} else if w.Name != "fc.bias" {
			t.Errorf("the file has no gradient of %s", w.Name)
		}
	}
}

// The divisor is the largest singular value, gradients are those of the divided weight,
// and a folded network computes the same.
func TestSpectralNorm(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	conv, fc := nn.NewConv2d(s.Sub("conv"), 2, 5, nn.Geometry{Kernel: 3}, true), nn.NewLinear(s.Sub("fc"), 5, 3, true)
	norm := nn.NewSpectralNorm(s)
	forward := func(x *graph.Node) *graph.Node { return fc.Forward(nn.Flatten(conv.Forward(x))) }
	g := graph.New()
	x := g.Input("x", 4, 3, 3, 2)
	var y, still *graph.Node
	norm.Within(g, true, func() { y = graph.Sum(graph.Square(forward(x))) })
	plain := graph.New()
	px := plain.Input("x", 4, 3, 3, 2)
	still = graph.Sum(graph.Square(forward(px)))
	p, err := vm.Compile([]*graph.Node{y}, graph.Backward(y, s.Params))
	if err != nil {
		t.Fatal(err)
	}
	folded, err := vm.Compile([]*graph.Node{still})
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(r.NormFloat64())
	}
	copy(folded.Value(px), p.Value(x))
	for range 200 {
		p.Run()
	}
	was, at := p.Scalar(y), fc.Weight.Value()
	slope := append([]float32(nil), fc.Weight.Grad()...)
	const e = 1e-2
	for i := range at {
		w := at[i]
		at[i] = w + e
		for range 50 { // power iteration follows the weight
			p.Run()
		}
		above := p.Scalar(y)
		at[i] = w - e
		for range 50 {
			p.Run()
		}
		if got := (above - p.Scalar(y)) / (2 * e); math.Abs(got-float64(slope[i])) > 2e-3*(1+math.Abs(got)) {
			t.Errorf("gradient of weight %d is %v, by differences %v", i, slope[i], got)
		}
		at[i] = w
	}
	for range 50 {
		p.Run()
	}
	if err := norm.Fold(); err != nil {
		t.Fatal(err)
	}
	for _, w := range []*graph.Param{conv.Weight, fc.Weight} {
		c := w.Shape[len(w.Shape)-1]
		m := mat.NewDense(len(w.Value())/c, c, nil)
		for i, v := range w.Value() {
			m.Set(i/c, i%c, float64(v))
		}
		var svd mat.SVD
		if !svd.Factorize(m, mat.SVDNone) || math.Abs(svd.Values(nil)[0]-1) > 1e-4 {
			t.Errorf("%s has the singular values %v, the largest should be 1", w.Name, svd.Values(nil))
		}
	}
	folded.Run()
	if got := folded.Scalar(still); math.Abs(got-was) > 1e-4*was {
		t.Errorf("folded %v, before %v", got, was)
	}
	if n := norm.Params.All(); len(n) != 2 || n[0].Name != "conv.weight_u" || !n[0].Buffer {
		t.Errorf("the vectors are %v", n)
	}
}
