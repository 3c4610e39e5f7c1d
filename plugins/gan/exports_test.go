package gan

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	familytest.TrainEach(t, Family, [][]string{
		{"dcgan", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "epochs=1"},
		{"dcgan", "spectral_norm=true", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "epochs=1"},
		{"wgan-gp", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "epochs=1"},
		{"conditional", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "epochs=1"},
		{"cyclegan", "epochs=1", "channels=2", "batch_size=32", "pool=5"},
		{"ring", "batch_size=16", "hidden=16", "steps=50", "eval_every=25"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare()
}
