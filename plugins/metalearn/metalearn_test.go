package metalearn

import (
	"fmt"
	"os"
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
	"lab/plugins/metalearn/task"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	sines, drawings, once := "test_tasks=20", "test_tasks=10", "test_every=10_000" // and a test at the end
	familytest.Run(t, Family,
		familytest.Short("maml", "iterations=40", "test_every=20", sines), familytest.Long("maml", "iterations=1500", once, sines),
		familytest.Short("fomaml", "data=hershey", "iterations=4", "meta_batch=4", once, drawings),
		familytest.Long("fomaml", "data=hershey", "iterations=60", "meta_batch=4", once, drawings),
		familytest.Short("reptile", "iterations=40", "test_every=20", sines), familytest.Long("reptile", "iterations=2000", once, sines),
		familytest.Short("protonet", "iterations=8", once, drawings), familytest.Long("protonet", "iterations=100", once, drawings),
		familytest.Reload(trial.Check))
}

// bar is what a run, or the mean over several, has to reach.
type bar struct {
	metric string
	lo, hi float64
}

// TestShort are short runs with safe bars.
func TestShort(t *testing.T) {
	for _, c := range []struct {
		recipe    string
		overrides []string
		bars      []bar
		unlearned string // what it would be without learning
	}{
		{"maml", []string{"iterations=1000", "test_tasks=300"}, []bar{{"loss@1", 0, 2.0}, {"loss", 0, 1.3}}, "3 to 4"},
		{"fomaml", []string{"iterations=2000", "test_tasks=300"}, []bar{{"loss@1", 0, 2.2}}, "3 to 4"},
		{"reptile", []string{"iterations=5000", "test_tasks=300"}, []bar{{"loss", 0, 1.0}}, "4"},
		{"protonet", []string{"iterations=100", "test_tasks=100"}, []bar{{"accuracy", 0.65, 1}}, "0.58 by the nearest pixels"},
		{"maml", []string{"data=hershey", "iterations=40", "test_tasks=40"}, []bar{{"accuracy", 0.5, 1}}, "0.2 by chance"},
	} {
		r := familytest.Train(t, Family, c.recipe, append(c.overrides, "test_every=10_000")...) // and at the end
		for _, b := range c.bars {
			if v := r.Last(b.metric); !(v >= b.lo && v <= b.hi) {
				t.Errorf("%s %v: %s %v, want %v to %v; without learning %s", c.recipe, c.overrides, b.metric, v, b.lo, b.hi, c.unlearned)
			} else {
				t.Logf("%s %v: %s %.3f", c.recipe, c.overrides, b.metric, v)
			}
		}
	}
}

// TestFull holds the recipes to their bars on full-size runs: LAB_FULL=1, a quarter of an
// hour where LAB_DATA has Omniglot.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	accuracies := map[string]float64{}
	for _, c := range []struct {
		recipe, data string
		overrides    []string
		bars         []bar
	}{
		{"maml", "sine", nil, []bar{{"loss@1", 0, 0.65}, {"loss", 0, 0.20}}},
		{"fomaml", "sine", nil, []bar{{"loss@1", 0, 0.85}, {"loss", 0, 0.30}}},
		{"reptile", "sine", nil, []bar{{"loss", 0, 0.20}}},
		{"fomaml", "omniglot-small", nil, []bar{{"accuracy", 0.73, 1}}},
		{"maml", "omniglot-small", nil, []bar{{"accuracy", 0.73, 1}}},
		{"protonet", "omniglot-small", []string{"iterations=4000"}, []bar{{"accuracy", 0.82, 1}}},
	} {
		t.Run(c.recipe+"-"+c.data, func(t *testing.T) {
			if c.data == "omniglot-small" {
				if _, err := task.Open(c.data, "", task.Options{Ways: 5, TrainWays: 5}); err != nil {
					t.Skip(err)
				}
			}
			sum := map[string]float64{}
			const seeds = 3
			for seed := range seeds {
				overrides := append([]string{fmt.Sprintf("seed=%d", seed), "data=" + c.data}, c.overrides...)
				if c.recipe == "reptile" {
					overrides = append(overrides, "test_every=30000")
				}
				r := familytest.Train(t, Family, c.recipe, overrides...)
				for _, b := range c.bars {
					t.Logf("seed %d: %s %.4f", seed, b.metric, r.Last(b.metric))
					sum[b.metric] += r.Last(b.metric) / seeds
				}
			}
			for _, b := range c.bars {
				if mean := sum[b.metric]; !(mean >= b.lo && mean <= b.hi) {
					t.Errorf("%s %.4f over %d seeds, want %v to %v", b.metric, mean, seeds, b.lo, b.hi)
				}
			}
			if c.data != "sine" {
				accuracies[c.recipe] = sum["accuracy"]
			}
		})
	}
	if accuracies["maml"] < accuracies["fomaml"] {
		t.Errorf("accuracy of maml %.4f, of fomaml %.4f: second derivatives ought to do no harm", accuracies["maml"], accuracies["fomaml"])
	}
}
