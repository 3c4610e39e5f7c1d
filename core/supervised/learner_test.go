package supervised

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lab/core"
	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/tensor"
)

// line is y = w x, and examples of y = 3 x.
func line(t *testing.T, size int, rate float64) (*nn.Linear, *Learner, *data.Batches) {
	t.Helper()
	s := nn.NewScope(rand.New(rand.NewPCG(1, 1)))
	fc := nn.NewLinear(s.Sub("fc"), 1, 1, false)
	e := &data.Examples{Shape: tensor.Shape{1}, Values: []float32{1, -2, 3, 0.5, 4}}
	for _, x := range e.Values {
		e.Targets = append(e.Targets, 3*x)
	}
	b, err := data.All(e).Batches(data.Batching{Size: size})
	if err != nil {
		t.Fatal(err)
	}
	want := Objective{Loss: func(out, y *graph.Node) *graph.Node { return nn.MSE(graph.Reshape(out, -1), y) }, Fill: (*data.Batches).Targets}
	return fc, NewLearner(s.Params, fc.Forward, tensor.Shape{1}, want, optim.NewSGD(s.Params, rate)), b
}

// A step is w ← w - lr · mean 2 (w x - y) x, whatever the size of the batch.
func TestLearner(t *testing.T) {
	const lr = 0.01
	fc, l, b := line(t, 2, 1) // two batches of two, and a rest
	w := float64(fc.Weight.Value()[0])
	for epoch := range 3 {
		for b.Start(epoch + 1); b.Next(); {
			loss, gradient, n := 0.0, 0.0, float64(b.Len())
			x := make([]float32, b.Len())
			b.Inputs(x)
			for _, x := range x {
				wrong := (w - 3) * float64(x)
				loss, gradient = loss+wrong*wrong/n, gradient+2*wrong*float64(x)/n
			}
			got, err := l.Learn(b, lr)
			if err != nil {
				t.Fatal(err)
			}
			w -= lr * gradient
			near(t, "loss", got, loss, 1e-4)
			near(t, "weight", float64(fc.Weight.Value()[0]), w, 1e-5)
		}
	}
	b.Start(1)
	b.Next()
	before := fc.Weight.Value()[0]
	if _, err := l.Gradient(b); err != nil || fc.Weight.Value()[0] != before || math.Abs(float64(fc.Weight.Grad()[0])) == 0 {
		t.Errorf("a gradient alone moved the weight from %v to %v, or is %v; %v", before, fc.Weight.Value()[0], fc.Weight.Grad()[0], err)
	}
}

// A model that does not fit its examples is the user's mistake.
func TestLearnerOfNoModel(t *testing.T) {
	_, good, b := line(t, 2, 1)
	l := NewLearner(graph.NewParams(), func(x *graph.Node) *graph.Node { return graph.MatMul(x, x) }, tensor.Shape{2, 3}, CrossEntropy(), good.Optimiser)
	b.Start(1)
	b.Next()
	if _, err := l.Learn(b, 1); core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), "MatMul") {
		t.Errorf("got %v", err)
	}
}
