package gan

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"lab/core/family/familytest"
)

// A short game on the ring finds most modes, by either loss.
func TestRingShort(t *testing.T) {
	for loss, want := range map[string]float64{"vanilla": 6, "wgan-gp": 6} {
		steps := map[string]string{"vanilla": "1200", "wgan-gp": "300"}[loss]
		r := familytest.Train(t, Family, "ring", "loss="+loss, "steps="+steps, "eval_every="+steps, "seed=3")
		t.Logf("%s: modes %v, high quality %.3f", loss, r.Values("modes"), r.Values("high_quality"))
		if r.Last("modes") < want || warned(r) {
			t.Errorf("%s: %v modes, want %v: %q", loss, r.Last("modes"), want, r.Log)
		}
	}
}

// TestRingFull holds the recipe to its bars: LAB_FULL=1, some minutes.
func TestRingFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for _, c := range []struct {
		overrides   string
		least, most float64 // modes
		quality     float64
	}{
		{"", 8, 8, 0.75},
		{"loss=wgan-gp steps=2000", 8, 8, 0.5},
		{"data=grid loss=wgan-gp n_critic=3 steps=8000", 24, 25, 0.4},
		{"latent_dim=256 batch_size=512 lr_critic=1e-4 decay=false", 0, 4, 0},
		{"latent_dim=256 loss=wgan-gp steps=2000", 7, 8, 0},
	} {
		for seed := range 3 {
			r := familytest.Train(t, Family, "ring", append(strings.Fields(c.overrides), fmt.Sprintf("seed=%d", seed))...)
			modes, quality := r.Last("modes"), r.Last("high_quality")
			t.Logf("%q seed %d: modes %v, high quality %.3f", c.overrides, seed, modes, quality)
			if modes < c.least || modes > c.most || quality < c.quality {
				t.Errorf("%q seed %d: modes %v, high quality %.3f; want %v to %v, at least %v", c.overrides, seed, modes, quality, c.least, c.most, c.quality)
			}
		}
	}
}
