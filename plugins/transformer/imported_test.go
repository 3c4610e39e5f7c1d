package transformer

import (
	"os"
	"os/exec"
	"slices"
	"testing"

	"lab/core/family/familytest"
)

// TestFinetuneImported fine-tunes an encoder that PyTorch exported, a committed one and one
// that the PyTorch at hand exports now, which takes it back strictly.
func TestFinetuneImported(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	call := func(args ...string) {
		t.Helper()
		if said, err := exec.Command(python, append([]string{"testdata/bert/make.py"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	tune := func(t *testing.T, from string) string {
		t.Helper()
		r := familytest.Train(t, Family, "finetune", "from="+from, "data=testdata/labels.tsv", "shots=0", "steps=150", "eval_every=150", "batch_size=8", "lr=1e-2", "scratch=false")
		if got := r.Last("accuracy"); !(got == 1) {
			t.Errorf("accuracy %v", got)
		}
		before, after := weightsOf(t, from), weightsOf(t, r.Model())
		for name, w := range before {
			switch now := after[name]; {
			case now == nil || !now.Shape.Equal(w.Shape):
				t.Errorf("%s %v became %v", name, w.Shape, now)
			case slices.Equal(now.F, w.F):
				t.Errorf("%s has learned nothing", name)
			}
		}
		if len(after) != len(before)+2 || after["classifier.weight"] == nil {
			t.Errorf("%d weights became %d", len(before), len(after))
		}
		return r.Model()
	}
	t.Run("committed", func(t *testing.T) { tune(t, "testdata/bert/model.onnx") })
	t.Run("longer texts", func(t *testing.T) { // than the 32 positions of the file
		familytest.Train(t, Family, "finetune", "from=testdata/bert/model.onnx", "steps=1", "eval_every=1", "shots=1", "scratch=false")
	})
	t.Run("live", func(t *testing.T) {
		if python == "" {
			t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
		}
		dir := t.TempDir()
		call(dir)
		call(dir, "check", tune(t, dir+"/model.onnx"))
	})
}
