package mlp

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"lab/core/data"
	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/supervised"
)

// Without activations a network is linear, however deep: f(ax + (1-a)y) is af(x) +
// (1-a)f(y), and what training finds is least squares within 1 %.
func TestNoActivationIsLinear(t *testing.T) {
	for activation, linear := range map[string]bool{"none": true, "relu": false} {
		net := newNetwork(rand.New(rand.NewPCG(1, 2)), 0, networkParams{Hidden: []int{16, 16, 16, 16}, Activation: activation}, 3, 1)
		e := &data.Examples{Shape: []int{3}, Values: []float32{3, -2, 1, -4, 1, 5, -.5, -.5, 3}} // the third is halfway
		b, err := data.All(e).Batches(data.Batching{Size: 3})
		if err != nil {
			t.Fatal(err)
		}
		var out []float32
		if err := supervised.NewEvaluator(net.eval, []int{3}).Outputs(b, func(o []float32) { out = append(out, o...) }); err != nil {
			t.Fatal(err)
		}
		if gap := math.Abs(float64(out[2] - (out[0]+out[1])/2)); (gap < 1e-6) != linear {
			t.Errorf("%s: halfway it is off the line by %g", activation, gap)
		}
	}
	for _, set := range []string{"sine", "diabetes"} {
		r := familytest.Train(t, Family, "activations", "data="+set, "val=0", "monitor=1000")
		if deep, line, gap := r.Last("none/test_rmse"), r.Last("linear_rmse"), r.Last("linear_gap"); !(math.Abs(deep/line-1) < .01) || !(gap < .06) {
			t.Errorf("%s: the deep network without activations has rmse %.4f, linear regression %.4f; predictions apart by %.4f of it", set, deep, line, gap)
		}
		if set == "sine" && !(r.Last("relu/test_rmse") < .15 && r.Last("sigmoid/test_rmse") > .2) {
			t.Errorf("relu %.3f, sigmoid %.3f", r.Last("relu/test_rmse"), r.Last("sigmoid/test_rmse"))
		}
	}
}

// Batch normalisation reaches the accuracy in no more epochs, ends about equal, and
// lets a deep network of sigmoids learn that does not without.
func TestBatchNorm(t *testing.T) {
	r := familytest.Train(t, Family, "batchnorm", "normalize=none", "seed=0")
	if with, without := r.Last("relu_bn/epochs_to"), r.Last("relu/epochs_to"); !(with < without) {
		t.Errorf("%v epochs with, %v without", with, without)
	}
	if with, without := r.Last("relu_bn/test_accuracy"), r.Last("relu/test_accuracy"); math.Abs(with-without) > .04 {
		t.Errorf("ends at %v with, %v without", with, without)
	}
	if with, without := r.Last("sigmoid_bn/test_accuracy"), r.Last("sigmoid/test_accuracy"); !(with >= .75 && without <= .3) {
		t.Errorf("sigmoids: %v with, %v without", with, without)
	}
}

// An epoch is as many steps as batches hold the set: batch size × iterations = size.
func TestBatchesOfAnEpoch(t *testing.T) {
	for size, steps := range map[string]int{"1": 108, "32": 4, "0": 1, "108": 1, "54": 2} {
		r := familytest.Train(t, Family, "classify", "data=iris", "epochs=2", "batch_size="+size)
		if got := len(r.Values("loss")); got != 2*steps {
			t.Errorf("batch_size=%s: %d steps in two epochs of 108; want %d", size, got, 2*steps)
		}
	}
}

// Adam's definition (Kingma & Ba 2015) is RMSprop and momentum, both corrected for their
// beginning at 0: from the same gradients it takes the same steps.
func TestAdamIsRMSpropWithMomentum(t *testing.T) {
	l, _ := tiny(t)
	adam, err := optimiserParams{Optimizer: "adam", LR: .01}.make(l.Params, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, g := l.Params.Flat()
	want := make([]float64, len(w))
	for i, v := range w {
		want[i] = float64(v)
	}
	m, v := make([]float64, len(w)), make([]float64, len(w))
	r := rand.New(rand.NewPCG(7, 8))
	for step := 1; step <= 20; step++ {
		for _, p := range l.Params.Trained() {
			for i := range p.Grad() {
				p.Grad()[i] = float32(r.NormFloat64())
			}
		}
		for i, d := range g {
			m[i] = .9*m[i] + .1*float64(d)                // momentum
			v[i] = .999*v[i] + .001*float64(d)*float64(d) // RMSprop
			mean, square := m[i]/(1-math.Pow(.9, float64(step))), v[i]/(1-math.Pow(.999, float64(step)))
			want[i] -= .01 * mean / (math.Sqrt(square) + 1e-8)
		}
		adam.Step()
	}
	for i := range w {
		if d := math.Abs(float64(w[i]) - want[i]); d > 1e-5 {
			t.Fatalf("weight %d: %v; RMSprop with momentum has %v", i, w[i], want[i])
		}
	}
}

// A large batch goes through the set in less time and generalises no better.
func TestLargeBatch(t *testing.T) {
	run := func(size string) (seconds, accuracy float64) {
		seconds = math.Inf(1)
		for range 2 { // the better one shows what else the machine does less
			begun := time.Now()
			r := familytest.Train(t, Family, "classify", "data=digits", "epochs=25", "hidden=[256,128]", "batch_size="+size, "val=0")
			seconds, accuracy = min(seconds, time.Since(begun).Seconds()), r.Last("test_accuracy")
		}
		return seconds, accuracy
	}
	small, smallRight := run("4")
	large, largeRight := run("0")
	if !(large < small) {
		t.Errorf("25 epochs take %.2f s with all examples a step, %.2f s with 4", large, small)
	}
	if largeRight > smallRight+.005 {
		t.Errorf("test accuracy %.4f with all examples a step, %.4f with 4", largeRight, smallRight)
	}
}

// After as many epochs a larger batch ends where the loss is more curved: Keskar et al. (2017).
func TestLargeBatchIsSharper(t *testing.T) {
	before := 0.0
	for _, size := range []string{"4", "32", "256"} {
		r := familytest.Train(t, Family, "landscape", "data=digits", "hidden=[64]", "activation=relu", "polish=0", "optimizer=sgd", "schedule=constant", "val=0",
			"epochs=30", "products=30", "batch_size="+size)
		sharp := r.Last("largest_eigenvalue")
		if !(sharp > 2*before) {
			t.Errorf("batches of %s: the largest eigenvalue is %.3g, that of the smaller batches %.3g", size, sharp, before)
		}
		before = sharp
	}
}

// One batch can be learned by heart: whatever is wrong with a loop shows here.
func TestOverfitsOneBatch(t *testing.T) {
	set, err := data.Open("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	few, _ := data.All(set.Train).Cut(32, 1)
	b, err := few.Batches(data.Batching{Size: 32})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]supervised.Objective{"cross-entropy": crossEntropy, "mse": squaredProbabilities} {
		net := newNetwork(rand.New(rand.NewPCG(1, 1)), 0, networkParams{Hidden: []int{64}, Activation: "relu"}, 64, 10)
		l, err := newLearner(net, optimiserParams{Optimizer: "adam"}, 0, want)
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			b.Start(1)
			b.Next()
			if _, err := l.Learn(b, 1e-2); err != nil {
				t.Fatal(err)
			}
		}
		score, err := supervised.NewEvaluator(func(x *graph.Node) *graph.Node { return net.eval(x) }, []int{64}).Classify(b)
		if err != nil || score.Accuracy != 1 {
			t.Errorf("%s: %v of one batch told right, %v", name, score.Accuracy, err)
		}
	}
}
