package transformer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// TestPyTorch trains each model for a few steps and holds its logits, at several lengths
// and batch sizes, against those of PyTorch's own layers, which take the file by
// load_state_dict(strict=True), and of ONNX Runtime.
func TestPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	small := []string{"layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"}
	for _, c := range []struct {
		name, recipe string
		overrides    []string
	}{
		{"lm", "lm", []string{"context=16", "tokens=5", "data=testdata/whale.txt"}},
		{"lm in a window, sinusoidal, post-norm", "lm", []string{"context=16", "tokens=5", "data=testdata/whale.txt", "window=4", "positions=sinusoidal", "norm=post"}},
		{"seq2seq", "seq2seq", []string{"data=testdata/pairs.tsv"}},
		{"bert", "bert", []string{"context=16", "data=testdata/whale.txt"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := familytest.Train(t, Family, c.recipe, append(c.overrides, small...)...).Model()
			values := map[string]*tensor.Tensor{}
			for i, size := range [][3]int{{1, 1, 3}, {3, 7, 2}, {2, 16, 16}, {5, 4, 9}} { // batch, sequence, source
				addCase(t, values, i, path, c.recipe, size)
			}
			file := filepath.Join(t.TempDir(), "values.safetensors")
			if err := onnx.WriteSafetensors(file, values, nil); err != nil {
				t.Fatal(err)
			}
			said, err := exec.Command(python, "../../examples/pytorch/compare_transformer.py", path, file).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			var pytorch, runtime float64
			var cases int
			if _, err := fmt.Sscanf(string(said), "pytorch %g onnxruntime %g cases %d", &pytorch, &runtime, &cases); err != nil {
				t.Fatalf("%v: %s", err, said)
			}
			if !(pytorch <= 1e-4) || !(runtime <= 1e-4) || cases != 4 {
				t.Errorf("%d cases, largest difference to PyTorch %g, to ONNX Runtime %g", cases, pytorch, runtime)
			}
			t.Logf("largest difference to PyTorch %g, to ONNX Runtime %g", pytorch, runtime)
		})
	}
}

// addCase adds random inputs of a size, and what lab's own network with the file's
// weights makes of them.
func addCase(t *testing.T, values map[string]*tensor.Tensor, i int, path, recipe string, size [3]int) {
	t.Helper()
	file, what, err := open(path, recipe)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(uint64(i), 1))
	g := graph.New()
	input := func(name string, length, vocabulary int) (*graph.Node, []int64) {
		ids := make([]int64, size[0]*length)
		for k := range ids {
			ids[k] = int64(1 + r.IntN(vocabulary-1))
			if at := k % length; name != "target" && recipe != "lm" && at > 0 && at >= length-k/length%2 { // padding at the end of every other row
				ids[k] = padding
			}
		}
		values[fmt.Sprintf("%d.%s", i, name)] = tensor.NewInt(tensor.Shape{size[0], length}, ids)
		return g.Input(name, size[0], length), ids
	}
	var logits *graph.Node
	inputs := map[*graph.Node][]int64{}
	var params *graph.Params
	switch recipe {
	case "lm":
		m := newGPT(r, 0, what.architecture)
		x, ids := input("tokens", size[1], m.Vocabulary)
		inputs[x], logits, params = ids, m.forward(x, false), m.Params
	case "bert":
		m := newEncoder(r, 0, what.architecture)
		x, ids := input("tokens", size[1], m.Vocabulary)
		_, logits = m.forward(x, false)
		inputs[x], params = ids, m.Params
	case "seq2seq":
		sources, targets := what.vocabularies["source"].Len(), what.vocabularies["target"].Len()
		m := newTranslator(nn.NewScope(r), what.architecture, false, sources, targets)
		x, source := input("source", size[2], sources)
		y, target := input("target", size[1], targets)
		memory, mask := m.encode(x, false)
		inputs[x], inputs[y], logits, params = source, target, m.decode(y, memory, mask, false), m.Params
	}
	if err := params.LoadStateDict(file.StateDict()); err != nil {
		t.Fatal(err)
	}
	p, err := vm.Compile([]*graph.Node{logits})
	if err != nil {
		t.Fatal(err)
	}
	for x, ids := range inputs {
		for k, id := range ids {
			p.Value(x)[k] = float32(id)
		}
	}
	p.Run()
	values[fmt.Sprintf("%d.logits", i)] = tensor.New(logits.Shape(), p.Value(logits))
}
