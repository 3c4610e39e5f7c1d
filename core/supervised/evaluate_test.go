package supervised

import (
	"math/rand/v2"
	"testing"

	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/tensor"
)

// Batches of any size give one score: that of all examples at once.
func TestEvaluator(t *testing.T) {
	set, err := data.Open("iris", "")
	if err != nil {
		t.Fatal(err)
	}
	s := nn.NewScope(rand.New(rand.NewPCG(1, 1)))
	fc := nn.NewLinear(s.Sub("fc"), 4, 3, true)
	eval := NewEvaluator(fc.Forward, tensor.Shape{4})
	var whole *Score
	for _, size := range []int{1000, 1, 7, 30} {
		b, err := data.All(set.Train).Batches(data.Batching{Size: size})
		if err != nil {
			t.Fatal(err)
		}
		got, err := eval.Classify(b)
		if err != nil {
			t.Fatal(err)
		}
		if whole == nil {
			whole = got
		}
		near(t, "loss", got.Loss, whole.Loss, 1e-6)
		near(t, "accuracy", got.Accuracy, whole.Accuracy, 1e-9)
		if got.N != set.Train.Len() {
			t.Errorf("%d examples scored", got.N)
		}
	}

	// A regressor, against its predictions one by one.
	reg, err := data.Open("iris", "", data.Target("petal_width"))
	if err != nil {
		t.Fatal(err)
	}
	stats := data.All(reg.Train).TargetStatistics()
	b, err := data.All(reg.Train).Batches(data.Batching{Size: 50})
	if err != nil {
		t.Fatal(err)
	}
	predict := NewEvaluator(func(x *graph.Node) *graph.Node { return graph.Scale(graph.Sum(x, -1), 0) }, reg.Train.Shape)
	f, err := predict.Regress(b, stats.Undo)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "rmse of the mean", f.RMSE, stats.Std[0], 1e-5)
	near(t, "r2 of the mean", f.R2, 0, 1e-5)

	broken := NewEvaluator(func(x *graph.Node) *graph.Node { return graph.MatMul(x, x) }, tensor.Shape{4})
	if _, err := broken.Classify(b); err == nil {
		t.Error("a model that does not fit was built")
	}
}
