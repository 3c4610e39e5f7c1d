package gan

import (
	"slices"
	"strings"
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx"
)

// small is a short run of dcgan.
func small(t *testing.T, overrides ...string) *familytest.Record {
	t.Helper()
	return familytest.Train(t, Family, "dcgan", append([]string{"epochs=1", "fid_samples=200", "channels=4", "batch_size=100"}, overrides...)...)
}

// Of real images a discriminator that is right loses nothing, but with label smoothing at
// least the entropy of its targets, -0.7 ln 0.7 - 0.3 ln 0.3.
func TestLabelSmoothing(t *testing.T) {
	const entropy = 0.6109
	sure := []string{"lr=0", "lr_critic=5e-3"} // against a generator that does not learn
	if plain := slices.Min(small(t, sure...).Values("d_loss")); !(plain < entropy/2) {
		t.Errorf("without smoothing the loss falls to %v", plain)
	}
	if least := slices.Min(small(t, append(sure, "label_smoothing=0.3")...).Values("d_loss")); !(least > entropy && least < 1.3) {
		t.Errorf("with smoothing the loss falls to %v, want just above %v", least, entropy)
	}
}

// Each side learns at its own rate.
func TestTwoTimeScales(t *testing.T) {
	weights := func(lr, critic string) (g, d []float32) {
		models := map[string][]float32{}
		for _, path := range small(t, "lr="+lr, "lr_critic="+critic).Models() {
			m, err := onnx.Read(path)
			if err != nil {
				t.Fatal(err)
			}
			models[m.Name] = m.StateDict()["fc.weight"].F
		}
		return models["gan-dcgan-model"], models["gan-dcgan-discriminator"]
	}
	g1, d1 := weights("0", "1e-3")
	g2, d2 := weights("0", "2e-3")
	g3, d3 := weights("1e-3", "1e-3")
	g4, d4 := weights("1e-3", "0") // 0 takes lr
	if len(g1) == 0 || !slices.Equal(g1, g2) || slices.Equal(g1, g3) || slices.Equal(d1, d2) {
		t.Error("lr=0 does not keep the generator as it is, or lr_critic does not move the discriminator")
	}
	if !slices.Equal(g3, g4) || !slices.Equal(d3, d4) {
		t.Error("lr_critic=0 is not lr")
	}
}

// The generator steps once for every two steps of the discriminator.
func TestNCritic(t *testing.T) {
	r := small(t, "n_critic=2", "lr_critic=2e-3")
	if n := len(r.Values("g_loss")); n != len(r.Values("d_loss"))/2 {
		t.Errorf("%d steps of the generator for %d of the discriminator, want half", n, len(r.Values("d_loss")))
	}
}

// Spectral norm takes the place of batch norm: what is saved has no batch norm, and the
// largest singular value of its matrices is 1.
func TestSpectralNorm(t *testing.T) {
	r := familytest.Train(t, Family, "dcgan", "epochs=1", "fid_samples=500", "channels=32", "spectral_norm=true")
	if fid := r.Last("fid"); !(fid < 420) {
		t.Errorf("fid %v after an epoch, want less than 420", fid)
	}
	for _, path := range r.Models() {
		m, err := onnx.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		state := m.StateDict()
		if m.Name != "gan-dcgan-discriminator" {
			continue
		}
		if state["bn.weight"] != nil {
			t.Error("there is a batch norm")
		}
		w, sum := state["fc.weight"], 0.0 // of one row: its length
		for _, x := range w.F {
			sum += float64(x) * float64(x)
		}
		if w.Shape[0] != 1 || !(sum > 0.99 && sum < 1.01) {
			t.Errorf("fc.weight %v has the squared norm %v, want 1", w.Shape, sum)
		}
	}
}

func warned(r *familytest.Record) bool {
	return strings.Contains(strings.Join(r.Log, "\n"), "may have collapsed")
}

// What draws the same always is warned of; what does not is not, in the tests of short runs.
func TestCollapseIsWarnedOf(t *testing.T) {
	if r := small(t, "lr=0", "lr_critic=1e-3"); !warned(r) {
		t.Errorf("no warning of a generator that learns nothing: diversity %v, classes %v", r.Last("diversity"), r.Last("classes"))
	}
	if r := familytest.Train(t, Family, "ring", "steps=1"); !warned(r) {
		t.Errorf("no warning of %v modes in effect", r.Last("modes_in_effect"))
	}
}
