package mlp

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"lab/core/data"
	"lab/core/family/familytest"
)

// tiny is a network of 3-4-2 on 60 points, and its curvature.
func tiny(t *testing.T) (*learner, *curvature) {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 4))
	e := &data.Examples{Shape: []int{3}}
	for range 60 {
		x := []float32{float32(r.NormFloat64()), float32(r.NormFloat64()), float32(r.NormFloat64())}
		e.Values = append(e.Values, x...)
		label := int32(0)
		if x[0]*x[1] > .1 {
			label = 1
		}
		e.Labels = append(e.Labels, label)
	}
	net := newNetwork(r, 0, networkParams{Hidden: []int{4}, Activation: "tanh"}, 3, 2)
	l, err := newLearner(net, optimiserParams{Optimizer: "sgd"}, 0, crossEntropy)
	if err != nil {
		t.Fatal(err)
	}
	c, err := newCurvature(l, data.All(e), data.Batching{Size: 25}) // two batches and a rest
	if err != nil {
		t.Fatal(err)
	}
	return l, c
}

// The Hessian by exact products is that of finite differences of the gradient, and
// Lanczos finds the eigenvalues of the dense matrix to 1e-3.
func TestHessian(t *testing.T) {
	l, c := tiny(t)
	dense, differences := mat.NewSymDense(c.n, nil), mat.NewDense(c.n, c.n, nil)
	move := func(i int, by float32) {
		for _, w := range l.Params.Trained() {
			if i < len(w.Value()) {
				w.Value()[i] += by
				return
			}
			i -= len(w.Value())
		}
	}
	zero := make([]float64, c.n)
	const h = 1.0 / 64
	for i := range c.n {
		unit := make([]float64, c.n)
		unit[i] = 1
		column, err := c.product(unit)
		if err != nil {
			t.Fatal(err)
		}
		move(i, h)
		_, above, _, _ := c.at(zero)
		move(i, -2*h)
		_, below, _, _ := c.at(zero)
		move(i, h)
		for j, v := range column {
			if j >= i {
				dense.SetSym(i, j, v)
			} else if d := math.Abs(v - dense.At(j, i)); d > 1e-5 {
				t.Errorf("H[%d,%d] and H[%d,%d] differ by %g", i, j, j, i, d)
			}
			differences.Set(i, j, (above[j]-below[j])/(2*h))
		}
	}
	for i := range c.n {
		for j := range c.n {
			if d := math.Abs(dense.At(i, j) - differences.At(i, j)); d > 1e-3 {
				t.Errorf("H[%d,%d] is %v by products, %v by differences", i, j, dense.At(i, j), differences.At(i, j))
			}
		}
	}
	var eig mat.EigenSym
	if !eig.Factorize(dense, false) {
		t.Fatal("no eigenvalues")
	}
	values := eig.Values(nil)
	e, err := lanczos(c.n, 100, c.product, rand.New(rand.NewPCG(5, 6)))
	if err != nil {
		t.Fatal(err)
	}
	if d := math.Abs(e.smallest - values[0]); d > 1e-3*values[c.n-1] {
		t.Errorf("smallest %v; the dense matrix has %v", e.smallest, values[0])
	}
	if d := math.Abs(e.largest - values[c.n-1]); d > 1e-3*values[c.n-1] {
		t.Errorf("largest %v; the dense matrix has %v", e.largest, values[c.n-1])
	}
}

// A large matrix whose eigenvalues are known, and that ends early.
func TestLanczos(t *testing.T) {
	const n = 500
	diagonal := func(at func(i int) float64) func([]float64) ([]float64, error) {
		return func(v []float64) ([]float64, error) {
			w := make([]float64, n)
			for i, x := range v {
				w[i] = at(i) * x
			}
			return w, nil
		}
	}
	e, err := lanczos(n, 100, diagonal(func(i int) float64 {
		switch i {
		case 7:
			return 100
		case 8:
			return -3
		}
		return float64(i) / n
	}), rand.New(rand.NewPCG(1, 1)))
	if err != nil || math.Abs(e.largest-100) > 1e-3 || math.Abs(e.smallest+3) > 1e-3 || e.products >= 100 {
		t.Errorf("got %+v, %v", e, err)
	}
	if e, err = lanczos(n, 100, diagonal(func(int) float64 { return 2 }), rand.New(rand.NewPCG(1, 1))); err != nil || e.products != 1 || math.Abs(e.smallest-2) > 1e-9 {
		t.Errorf("twice the identity: %+v, %v", e, err)
	}
	if _, err = lanczos(n, 10, diagonal(func(int) float64 { return math.NaN() }), rand.New(rand.NewPCG(1, 1))); err == nil {
		t.Error("a matrix of NaN has eigenvalues")
	}
}

func TestKinds(t *testing.T) {
	for want, c := range map[string]struct{ gradient, smallest, largest float64 }{
		"not critical": {.1, 1, 2},
		"minimum-like": {1e-3, -1e-3, 2},
		"saddle":       {1e-3, -.5, 2},
		"maximum-like": {1e-3, -2, -.1},
	} {
		if got := kindOf(c.gradient, extremes{smallest: c.smallest, largest: c.largest}, 1e-2, 1e-3); got != want {
			t.Errorf("%+v is %s; want %s", c, got, want)
		}
	}
	if got := kindOf(math.NaN(), extremes{}, 1, 1); got != "not critical" {
		t.Errorf("NaN is %s", got)
	}
}

// A run that has just begun is nowhere; one that is polished is at a critical point.
func TestLandscapeRuns(t *testing.T) {
	start := familytest.Train(t, Family, "landscape", "epochs=0", "polish=0")
	if kind := start.Facts["landscape.kind"]; kind != "not critical" {
		t.Errorf("the beginning is %s", kind)
	}
	end := familytest.Train(t, Family, "landscape", "epochs=30", "lr=1e-2")
	if kind := end.Facts["landscape.kind"]; kind == "not critical" || !(end.Last("gradient_norm") < .01) || !(end.Last("test_accuracy") > .84) {
		t.Errorf("%s, gradient norm %v, accuracy %v", kind, end.Last("gradient_norm"), end.Last("test_accuracy"))
	}
}
