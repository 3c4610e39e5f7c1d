package cnn

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx"
)

// small is a run of classify on digits, made once for the tests.
func small(t *testing.T) (model string) {
	t.Helper()
	return familytest.Train(t, Family, "classify", "data=digits", "epochs=8", "channels=[8,8]", "hidden=32").Model()
}

// TestFinetune goes on from a run: the frozen layers keep their bits, the others move, and
// the file keeps its names.
func TestFinetune(t *testing.T) {
	from := small(t)
	r := familytest.Train(t, Family, "finetune", "from="+from, "data=digits", "epochs=3", "freeze=[conv*]", "lr=2e-3")
	before, err := onnx.Read(from)
	if err != nil {
		t.Fatal(err)
	}
	after, err := onnx.Read(r.Model())
	if err != nil {
		t.Fatal(err)
	}
	was := before.StateDict()
	for name, now := range after.StateDict() {
		if frozen := strings.HasPrefix(name, "conv"); was[name] == nil || slices.Equal(was[name].F, now.F) != frozen {
			t.Errorf("%s: frozen %v, but the same %v", name, frozen, !frozen)
		}
	}
	if len(was) != len(after.StateDict()) || after.Metadata["classes"] != before.Metadata["classes"] || after.Metadata["input.mean"] != before.Metadata["input.mean"] {
		t.Errorf("the file is another: %v, %v", before.Metadata, after.Metadata)
	}
	if a := r.Last("test_accuracy"); !(a > 0.9) {
		t.Errorf("accuracy %v, want more than 0.9", a)
	}
}

// Classes of another number get a new last layer; pictures are brought to the model's size.
func TestFinetuneOtherClasses(t *testing.T) {
	dir := filepath.Join("testdata", "shapes")
	r := familytest.Train(t, Family, "finetune", "from="+small(t), "data="+dir, "epochs=20", "val=0", "batch_size=4", "lr=3e-3")
	if loss := r.Values("loss"); !(loss[len(loss)-1] < loss[0]/2) {
		t.Errorf("the loss went from %v to %v", loss[0], loss[len(loss)-1])
	}
	m, err := onnx.Read(r.Model())
	if err != nil {
		t.Fatal(err)
	}
	if m.Metadata["classes"] != `["bars","boxes"]` || m.StateDict()["fc2.weight"].Shape[0] != 2 {
		t.Errorf("classes %s, last layer %v", m.Metadata["classes"], m.StateDict()["fc2.weight"].Shape)
	}
}

// TestResNet18 fine-tunes what PyTorch exported, and gives it back under the same names.
func TestResNet18(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	if exec.Command(python, "-c", "import torchvision").Run() != nil {
		t.Skip("there is no torchvision")
	}
	run := func(args ...string) string {
		t.Helper()
		out, err := exec.Command(python, append([]string{"testdata/resnet18.py"}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.TrimSpace(string(out))
	}
	from := filepath.Join(t.TempDir(), "resnet18.onnx")
	run("export", from)
	r := familytest.Train(t, Family, "finetune", "from="+from, "data=fashion-mini", "examples=96", "val=0.01", "epochs=3", "batch_size=16",
		"freeze=[*,!layer4.*,!fc.*]", "lr=3e-3")
	loss := r.Values("loss")
	first, last := mean(loss[:2]), mean(loss[len(loss)-2:])
	if !(last < first-0.2) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
	// conv1, bn1 and layers 1 to 3 are as exported; layer4 and fc have learned, but for the
	// running statistics of layer4's five norms.
	if said := run("check", r.Model()); said != "17 of 102" {
		t.Errorf("tensors that differ: %s; want 17 of 102", said)
	}
	t.Logf("loss from %.3f to %.3f", first, last)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}
