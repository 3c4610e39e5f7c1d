package exchange_test

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

// TestTorchModels reads what PyTorch's exporters write, builds it at another size than
// it was traced at, and compares with what PyTorch computes.
func TestTorchModels(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	dir := t.TempDir()
	if said, err := exec.Command(python, "testdata/models.py", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.onnx"))
	if len(files) != 7 {
		t.Fatalf("%d models: %v", len(files), files)
	}
	for _, file := range files {
		name := filepath.Base(file)
		t.Run(name, func(t *testing.T) {
			model, _, _ := strings.Cut(name, ".")
			ws, _, err := onnx.ReadSafetensors(filepath.Join(dir, model+".safetensors"))
			if err != nil {
				t.Fatal(err)
			}
			values := map[string]*tensor.Tensor{}
			for _, w := range ws {
				values[w.Name] = w.Tensor
			}
			m, err := onnx.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			net, err := exchange.Load(m)
			if err != nil {
				t.Fatal(err)
			}
			x := graph.New().Input("x", values["x"].Shape...)
			y, err := net.Apply(exchange.Port{Name: "x", Node: x})
			if err != nil {
				t.Fatal(err)
			}
			p, err := vm.Compile(y)
			if err != nil {
				t.Fatal(err)
			}
			copy(p.Value(x), values["x"].F)
			for i, v := range values["x"].I {
				p.Value(x)[i] = float32(v)
			}
			p.Run()
			for i, w := range values["y"].F {
				if d := math.Abs(float64(p.Value(y[0])[i] - w)); !(d <= 2e-6*(1+math.Abs(float64(w)))) {
					t.Fatalf("value %d is %v, want %v", i, p.Value(y[0])[i], w)
				}
			}
		})
	}
}
