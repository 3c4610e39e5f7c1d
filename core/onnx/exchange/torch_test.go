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

const torchModels = "../../../examples/pytorch/models.py"

// TestTorchModels reads what both of PyTorch's exporters wrote, builds it at other sizes
// than were traced, and compares outputs and gradients with PyTorch's.
func TestTorchModels(t *testing.T) {
	files, _ := filepath.Glob("testdata/torch/*.onnx")
	if len(files) != 24 {
		t.Fatalf("%d models: %v", len(files), files)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { torchStep(t, file) })
	}
}

// TestTorchLive does the same with models that the PyTorch at hand exports now; with
// LAB_FULL all of them, torchvision's ResNet-18 and MobileNetV3 among them. What a step of training made of them goes back:
// PyTorch takes it by load_state_dict(strict=True) and computes the same.
func TestTorchLive(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	dir := t.TempDir()
	names := []string{"discriminator", "encoder"}
	if os.Getenv("LAB_FULL") != "" {
		names = nil // all
	}
	run := func(args ...string) {
		t.Helper()
		if said, err := exec.Command(python, args...).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
	}
	run(append([]string{torchModels, "--large", dir}, names...)...)
	files, _ := filepath.Glob(filepath.Join(dir, "*.onnx"))
	if len(files) < 2*len(names) || len(files) == 0 {
		t.Fatalf("%d models: %v", len(files), files)
	}
	for _, file := range files {
		net := torchStep(t, file)
		if err := net.WriteFile(strings.TrimSuffix(file, ".onnx") + ".tuned.onnx"); err != nil {
			t.Fatal(err)
		}
	}
	run("testdata/tuned.py", filepath.Dir(torchModels), dir)
}

// torchStep compares a model with PyTorch, and takes a step down the gradient.
func torchStep(t *testing.T, file string) *exchange.Net {
	t.Helper()
	name := strings.TrimSuffix(file, ".onnx")
	exporter := filepath.Ext(name) // .old, .new, .optimized
	ws, _, err := onnx.ReadSafetensors(strings.TrimSuffix(name, exporter) + ".safetensors")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]*tensor.Tensor{}
	for _, w := range ws {
		values[w.Name] = w.Tensor
	}
	net, err := exchange.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	g := graph.New()
	var ports []exchange.Port
	for _, v := range net.Model.Inputs {
		ports = append(ports, exchange.Port{Name: v.Name, Node: g.Input("input "+v.Name, values["in."+v.Name].Shape...)})
	}
	y, err := net.Apply(ports...)
	if err != nil {
		t.Fatal(err)
	}
	loss := graph.Mean(graph.Square(y[0]))
	for _, more := range y[1:] {
		loss = graph.Add(loss, graph.Mean(graph.Square(more)))
	}
	p, err := vm.Compile(append(y, loss), graph.Backward(loss, net.Params))
	if err != nil {
		t.Fatal(err)
	}
	for _, port := range ports {
		f := values["in."+port.Name].F
		for _, v := range values["in."+port.Name].I {
			f = append(f, float32(v))
		}
		copy(p.Value(port.Node), f)
	}
	p.Run()
	for i, v := range net.Model.Outputs {
		if want := values["out."+v.Name]; want == nil || !want.Shape.Equal(y[i].Shape()) {
			t.Fatalf("%s: output %s has shape %v, want %v", file, v.Name, y[i].Shape(), want)
		}
		if off := apart(p.Value(y[i]), values["out."+v.Name].F); !(off <= 1e-4) {
			t.Errorf("%s: output %s is off by %.2g", file, v.Name, off)
		}
	}
	trained := map[string]*graph.Param{}
	for _, q := range net.Params.Trained() {
		trained[q.Name] = q
	}
	compared := 0
	for name, want := range values {
		name, ok := strings.CutPrefix(name, "grad.")
		q := trained[name]
		switch {
		case !ok || exporter == ".optimized": // whose weights are not PyTorch's
			continue
		case q == nil:
			t.Errorf("%s: no parameter %s in the file", file, name)
			continue
		}
		compared++
		got := tensor.New(q.Shape, q.Grad())
		if q.Perm != nil {
			got = got.Transpose(q.Perm...)
		}
		if off := apart(got.F, want.F); !(off <= 1e-3) {
			t.Errorf("%s: the gradient of %s is off by %.2g", file, name, off)
		}
		for i, d := range q.Grad() {
			q.Value()[i] -= 0.1 * d
		}
	}
	if compared == 0 && exporter != ".optimized" {
		t.Errorf("%s: no gradient was compared", file)
	}
	return net
}

// apart is the largest difference, relative to the largest number.
func apart(got, want []float32) float64 {
	off, size := 0.0, 1e-3
	for i, w := range want {
		off, size = max(off, math.Abs(float64(got[i]-w))), max(size, math.Abs(float64(w)))
	}
	if len(got) != len(want) {
		return math.Inf(1)
	}
	return off / size
}
