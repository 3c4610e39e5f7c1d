package metalearn

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	sines, drawings := "test_tasks=100", "test_tasks=10"
	familytest.Run(t, Family,
		familytest.Short("maml", "iterations=40", sines), familytest.Long("maml", "iterations=4000", sines),
		familytest.Short("fomaml", "data=hershey", "iterations=4", "meta_batch=4", drawings),
		familytest.Long("fomaml", "data=hershey", "iterations=200", "meta_batch=4", drawings),
		familytest.Short("reptile", "iterations=40", sines), familytest.Long("reptile", "iterations=8000", sines),
		familytest.Short("protonet", "iterations=8", drawings), familytest.Long("protonet", "iterations=400", drawings),
		familytest.Reload(trial.Check))
}

// TestShort are short runs with safe bars.
func TestShort(t *testing.T) {
	for _, c := range []struct {
		recipe    string
		overrides []string
		metric    string
		lo, hi    float64
		unlearned string // what it would be without learning
	}{
		{"maml", []string{"iterations=1000", "test_tasks=300"}, "loss", 0, 1.3, "3 to 4"},
		{"maml", []string{"iterations=1000", "test_tasks=300"}, "loss@1", 0, 2.0, "3 to 4"},
		{"fomaml", []string{"iterations=2000", "test_tasks=300"}, "loss@1", 0, 2.2, "3 to 4"},
		{"reptile", []string{"iterations=5000", "test_tasks=300"}, "loss", 0, 1.0, "4"},
		{"protonet", []string{"iterations=100", "test_tasks=100"}, "accuracy", 0.65, 1, "0.58 by the nearest pixels"},
		{"maml", []string{"data=hershey", "iterations=40", "test_tasks=40"}, "accuracy", 0.5, 1, "0.2 by chance"},
	} {
		r := familytest.Train(t, Family, c.recipe, c.overrides...)
		if v := r.Last(c.metric); !(v >= c.lo && v <= c.hi) {
			t.Errorf("%s %v: %s %v, want %v to %v; without learning %s", c.recipe, c.overrides, c.metric, v, c.lo, c.hi, c.unlearned)
		} else {
			t.Logf("%s %v: %s %.3f", c.recipe, c.overrides, c.metric, v)
		}
	}
}
