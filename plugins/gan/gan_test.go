package gan

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	small := []string{"batch_size=100", "channels=2", "latent_dim=8", "fid_samples=200"}
	familytest.Run(t, Family,
		familytest.Short("dcgan", append([]string{"epochs=1"}, small...)...),
		familytest.Long("dcgan", append([]string{"epochs=2"}, small...)...),
		familytest.Short("wgan-gp", append([]string{"epochs=1"}, small...)...),
		familytest.Long("wgan-gp", append([]string{"epochs=2"}, small...)...),
		familytest.Short("conditional", append([]string{"epochs=1"}, small...)...),
		familytest.Long("conditional", append([]string{"epochs=2"}, small...)...),
		familytest.Short("cyclegan", "epochs=1", "channels=2", "batch_size=32", "pool=5"),
		familytest.Long("cyclegan", "epochs=4", "channels=2", "batch_size=32", "pool=5"),
		familytest.Short("ring", "batch_size=16", "hidden=16", "steps=50", "eval_every=25"),
		familytest.Long("ring", "batch_size=16", "hidden=16", "steps=3000", "eval_every=1500"),
		familytest.Reload(trial.Check))
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
