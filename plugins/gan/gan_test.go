package gan

import (
	"fmt"
	"os"
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	small := []string{"batch_size=100", "channels=4", "latent_dim=8", "fid_samples=250"} // two batches and a half
	points := []string{"batch_size=16", "hidden=16", "eval_every=20"}
	familytest.Run(t, Family,
		familytest.Short("dcgan", append([]string{"epochs=1"}, small...)...),
		familytest.Long("dcgan", append([]string{"epochs=3"}, small...)...),
		familytest.Short("wgan-gp", append([]string{"epochs=1"}, small...)...),
		familytest.Long("wgan-gp", append([]string{"epochs=3"}, small...)...),
		familytest.Short("ring", append([]string{"steps=50"}, points...)...),
		familytest.Long("ring", append([]string{"steps=3000"}, points...)...),
		familytest.Reload(trial.Check))
}

// TestShort is a short run with a safe bar: after two epochs the pictures are far
// better than noise (fid 616) and nothing has collapsed.
func TestShort(t *testing.T) {
	r := familytest.Train(t, Family, "dcgan", "epochs=2", "fid_samples=2000")
	if fid := r.Last("fid"); !(fid < 160) {
		t.Errorf("fid %v after two epochs, want less than 160", fid)
	}
	if classes := r.Last("classes"); !(classes > 6) {
		t.Errorf("%v classes in effect, want more than 6", classes)
	}
}

// TestFull holds the recipe to its bars on full-size runs: LAB_FULL=1, some minutes.
func TestFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for seed := range 3 {
		r := familytest.Train(t, Family, "dcgan", fmt.Sprintf("seed=%d", seed))
		fid := r.Values("fid")
		t.Logf("seed %d: fid by epoch %.1f", seed, fid)
		if !(fid[2] <= 120) || !(fid[9] <= 55) || !(fid[9] < fid[0]/2) {
			t.Errorf("seed %d: fid %v; want ≤ 120 after epoch 3, ≤ 55 after epoch 10, less than half of the first", seed, fid)
		}
	}
}

func TestInterpolation(t *testing.T) {
	got := slerp([]float32{1, 0}, []float32{0, 2}, 0.5)
	if d := got[1] - 2*got[0]; d > 1e-6 || d < -1e-6 || got[0] < 0.7071 || got[0] > 0.7072 {
		t.Errorf("half way: %v", got)
	}
	if got := lerp([]float32{1, 0}, []float32{0, 2}, 0.25); got[0] != 0.75 || got[1] != 0.5 {
		t.Errorf("a quarter of the straight way: %v", got)
	}
	if got := slerp([]float32{3, 4}, []float32{3, 4}, 0.3); got[0] != 3 || got[1] != 4 {
		t.Errorf("between equals: %v", got)
	}
}
