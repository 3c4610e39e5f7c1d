package cnn

import (
	"slices"
	"testing"

	"lab/core"
	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("classify", "data=digits", "epochs=2", "hidden=16", "channels=[4,4]", "shift=1"),
		familytest.Long("classify", "data=digits", "epochs=20", "hidden=16", "channels=[4,4]", "shift=1"),
		familytest.Short("resnet", "data=digits", "epochs=2", "channels=[4,8]"),
		familytest.Long("resnet", "data=digits", "epochs=20", "channels=[4,8]"),
		familytest.From("finetune", small(t)),
		familytest.Short("finetune", "data=digits", "epochs=2", "freeze=[conv*]"),
		familytest.Long("finetune", "data=digits", "epochs=20", "freeze=[conv*]"),
		familytest.Reload(trial.Check))
}

// TestShort has short runs with safe bars: chance is 0.1 on both sets.
func TestShort(t *testing.T) {
	for _, c := range []struct {
		recipe    string
		overrides []string
		bar       float64
	}{
		{"classify", []string{"epochs=2"}, 0.80},
		{"resnet", []string{"data=digits", "epochs=10", "channels=[16,32]", "stem_pool=false", "flip=false", "batch_size=32"}, 0.92},
	} {
		r := familytest.Train(t, Family, c.recipe, c.overrides...)
		a := r.Last("test_accuracy")
		t.Logf("%s: test_accuracy %.3f", c.recipe, a)
		if !(a > c.bar) {
			t.Errorf("%s %v: accuracy %v, want more than %v", c.recipe, c.overrides, a, c.bar)
		}
		if e := r.Last("test_calibration"); !(e >= 0 && e < 0.2) {
			t.Errorf("%s: calibration error %v", c.recipe, e)
		}
		for _, name := range []string{"curves", "confusion", "mistakes", "filters"} {
			if !slices.ContainsFunc(r.Artifacts, func(a core.Artifact) bool { return a.Name == name }) {
				t.Errorf("%s: there is no picture %s", c.recipe, name)
			}
		}
	}
}
