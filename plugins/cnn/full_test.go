package cnn

import (
	"fmt"
	"math"
	"os"
	"testing"

	"lab/core/data"
	"lab/core/family/familytest"
)

// TestFull holds the recipes to their bars on full-size runs over three seeds: LAB_FULL=1,
// about twenty minutes, most of it the residual network's. What needs the 60,000 images
// of Fashion-MNIST runs where they are.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes twenty minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for _, c := range []struct {
		name, recipe string
		overrides    []string
		test         float64         // bar of test_accuracy
		epochs       map[int]float64 // bars of val_accuracy after epochs
	}{
		{"classify on fashion-mini", "classify", []string{"data=fashion-mini"}, 0.85, nil},
		{"classify on fashion-mnist", "classify", []string{"data=fashion-mnist", "lr=1e-3", "batch_size=64", "schedule=constant"}, 0.89,
			map[int]float64{1: 0.85, 3: 0.88, 5: 0.89}},
		{"resnet on fashion-mnist", "resnet", []string{"data=fashion-mnist"}, 0.925, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := data.Open(c.overrides[0][len("data="):], ""); err != nil {
				t.Skip(err)
			}
			reached := map[int][]float64{} // by epoch; 0 is the test
			for seed := range 3 {
				r := familytest.Train(t, Family, c.recipe, append([]string{fmt.Sprintf("seed=%d", seed)}, c.overrides...)...)
				reached[0] = append(reached[0], r.Last("test_accuracy"))
				val := r.Values("val_accuracy")
				for epoch := range c.epochs {
					reached[epoch] = append(reached[epoch], val[epoch-1])
				}
				t.Logf("seed %d: test_accuracy %.4f, val_accuracy %.4f", seed, r.Last("test_accuracy"), val)
			}
			for epoch, v := range reached {
				bar, what := c.test, "test_accuracy"
				if epoch > 0 {
					bar, what = c.epochs[epoch], fmt.Sprintf("val_accuracy after epoch %d", epoch)
				}
				m, s := meanStd(v)
				if low := m - 2*s/math.Sqrt(float64(len(v))); !(low >= bar) {
					t.Errorf("%s is %.4f ± %.4f: mean less two standard errors is %.4f, want %.4f", what, m, s, low, bar)
				}
			}
		})
	}
}

// meanStd are the mean and the sample's standard deviation.
func meanStd(v []float64) (m, s float64) {
	m = mean(v)
	for _, x := range v {
		s += (x - m) * (x - m)
	}
	return m, math.Sqrt(s / float64(len(v)-1))
}
