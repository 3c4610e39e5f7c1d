package mlp

import (
	"fmt"
	"math"
	"os"
	"testing"

	"lab/core/family/familytest"
)

// over runs a recipe with several seeds and returns the mean of a metric and twice its
// standard error.
func over(t *testing.T, seeds int, recipe, metric string, overrides ...string) (mean, error2 float64) {
	t.Helper()
	var sum, square float64
	for seed := range seeds {
		v := familytest.Train(t, Family, recipe, append(overrides, fmt.Sprintf("seed=%d", seed))...).Last(metric)
		sum, square = sum+v, square+v*v
	}
	n := float64(seeds)
	std := math.Sqrt(max(0, square-sum*sum/n) / (n - 1))
	t.Logf("%s %v: %s %.4f ± %.4f (%d seeds)", recipe, overrides, metric, sum/n, std, seeds)
	return sum / n, 2 * std / math.Sqrt(n)
}

// TestFull repeats the table of the README: LAB_FULL=1, some minutes.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for _, c := range []struct {
		bar       float64
		overrides []string
	}{
		{.82, []string{"val=0"}},
		{.78, []string{"val=0", "optimizer=sgd"}},
		{.80, []string{"val=0", "optimizer=sgd", "momentum=0.9"}},
		{.80, []string{"val=0", "optimizer=rmsprop"}},
		{.82, []string{"val=0", "batch_norm=true"}},
		{.80, []string{"val=0", "loss=mse"}},
		{.81, nil},
		{.96, []string{"data=digits", "epochs=30"}},
	} {
		if mean, e := over(t, 5, "classify", "test_accuracy", c.overrides...); mean-e < c.bar {
			t.Errorf("%v: %.4f - %.4f is below %v", c.overrides, mean, e, c.bar)
		}
	}
	rmse, line := 0.0, 0.0
	for fold := range 5 {
		at := fmt.Sprintf("fold=%d", fold)
		m, _ := over(t, 3, "regress", "test_rmse", "val=0", at)
		l, _ := over(t, 2, "regress", "linear_rmse", "val=0", "epochs=1", at)
		rmse, line = rmse+m/5, line+l/5
	}
	if !(rmse < 54.5) || !(rmse < line) {
		t.Errorf("diabetes: RMSE %.2f over five folds; least squares %.2f", rmse, line)
	}
	with, _ := over(t, 3, "batchnorm", "relu_bn/epochs_to", "normalize=none")
	if without, _ := over(t, 3, "batchnorm", "relu/epochs_to", "normalize=none"); !(with < without) {
		t.Errorf("epochs to 80 %%: %.1f with batch normalisation, %.1f without", with, without)
	}
	if m, e := over(t, 3, "batchnorm", "sigmoid_bn/test_accuracy"); m-e < .75 {
		t.Errorf("sigmoids with batch normalisation: %.3f - %.3f", m, e)
	}
	if m, e := over(t, 3, "batchnorm", "sigmoid/test_accuracy"); m+e > .3 {
		t.Errorf("sigmoids without batch normalisation: %.3f + %.3f", m, e)
	}
}
