package exchangetest

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
)

// Tolerances, as shares of the largest number of an output, or of 1 if that is larger.
const (
	Runtime = 1e-5 // to ONNX Runtime
	PyTorch = 1e-4
)

// Files are model files to be judged, and what they have to compute.
type Files struct {
	t      testing.TB
	python string
	dir    string
	stop   func()
	seen   map[string]map[string]*tensor.Tensor // cases of the models written, by name
	names  []string
}

// Watch begins to collect what this process writes. Without LAB_PYTHON the test is
// skipped.
func Watch(t testing.TB) *Files {
	t.Helper()
	f := &Files{t: t, python: os.Getenv("LAB_PYTHON"), dir: t.TempDir(), seen: map[string]map[string]*tensor.Tensor{}}
	if f.python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	f.stop = exchange.Observe(func(w exchange.Written) {
		cases := map[string]*tensor.Tensor{}
		for i := range 2 {
			if err := compute(w, i, cases); err != nil {
				t.Errorf("%s: %v", w.Name, err)
				return
			}
			if len(w.Free) == 0 {
				break
			}
		}
		f.seen[w.Name] = cases
	})
	t.Cleanup(f.stop)
	return f
}

// Add takes the files of a run, right after it. A file that was not written by
// [exchange.Export], but read, trained and given back, is compared with what lab computes
// of it.
func (f *Files) Add(paths ...string) {
	f.t.Helper()
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			f.t.Fatal(err)
		}
		m, err := onnx.Decode(b, filepath.Dir(path))
		if err != nil {
			f.t.Fatalf("%s: %v", path, err)
		}
		values, written := f.seen[m.Name]
		if !written {
			if values, err = reread(m); err != nil {
				f.t.Fatalf("%s: %v", path, err)
			}
		}
		delete(f.seen, m.Name)
		base := filepath.Join(f.dir, fmt.Sprintf("%03d", len(f.names)))
		f.names = append(f.names, m.Name)
		if err := os.WriteFile(base+".onnx", b, 0o644); err != nil {
			f.t.Fatal(err)
		}
		if err := onnx.WriteSafetensors(base+".safetensors", values, nil); err != nil {
			f.t.Fatal(err)
		}
	}
}

// Compare has all files judged. Models that examples/pytorch has no module for have to be
// named, so that none is left out unnoticed.
func (f *Files) Compare(withoutModule ...string) {
	f.t.Helper()
	f.stop()
	out, err := exec.Command(f.python, filepath.Join(examples(f.t), "judge.py"), f.dir).CombinedOutput()
	if err != nil {
		f.t.Fatalf("%v\n%s", err, out)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	for _, name := range f.names {
		var runtime, pytorch float64
		lines.Scan()
		if _, err := fmt.Sscanf(lines.Text(), "onnxruntime %g pytorch %g", &runtime, &pytorch); err != nil {
			f.t.Fatalf("%s: %v\n%s", name, err, out)
		}
		if !(runtime >= 0 && runtime <= Runtime) {
			f.t.Errorf("%s: differs from ONNX Runtime by %.2g", name, runtime)
		}
		switch none := pytorch < 0; {
		case none && !slices.Contains(withoutModule, name):
			f.t.Errorf("%s: examples/pytorch has no module for it", name)
		case none:
			f.t.Logf("%s: within %.1g of ONNX Runtime; no module in PyTorch", name, runtime)
		case !(pytorch <= PyTorch):
			f.t.Errorf("%s: differs from PyTorch by %.2g", name, pytorch)
		default:
			f.t.Logf("%s: within %.1g of ONNX Runtime, %.1g of PyTorch", name, runtime, pytorch)
		}
	}
}

// examples is the folder of the scripts.
func examples(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for ; err == nil; dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "examples", "pytorch")
		if _, err := os.Stat(path); err == nil {
			return path
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	t.Fatal("there is no folder examples/pytorch above this test")
	return ""
}

// compute adds case 0, at sizes one above those that the model was traced at, or case 1, at
// sizes of 1: inputs "CASE.in.NAME" and outputs "CASE.out.NAME" as files have them.
func compute(w exchange.Written, i int, cases map[string]*tensor.Tensor) error {
	size := exchange.Sizes{}
	for _, f := range w.Free {
		size[f.Name] = [2]int{f.Sizes[1] + 1, 1}[i]
	}
	var in, out []exchange.Port
	if err := graph.Build(func() { in, out = w.Model(size) }); err != nil {
		return err
	}
	var nodes []*graph.Node
	for _, p := range out {
		nodes = append(nodes, p.Node)
	}
	p, err := vm.Compile(nodes)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, port := range in {
		fill(r, p.Value(port.Node), port.Node.Shape(), port.Whole)
		cases[fmt.Sprintf("%d.in.%s", i, port.Name)] = outside(port, p.Value(port.Node))
	}
	p.Run()
	for _, port := range out {
		cases[fmt.Sprintf("%d.out.%s", i, port.Name)] = outside(port, p.Value(port.Node))
	}
	return nil
}

// fill draws numbers. Whole ones are few, so that every vocabulary has them, and rows do not
// begin with the 0 of padding.
func fill(r *rand.Rand, dst []float32, shape tensor.Shape, whole bool) {
	for i := range dst {
		switch row := append(tensor.Shape{1}, shape...)[len(shape)]; {
		case !whole:
			dst[i] = float32(r.NormFloat64())
		case i%row == 0:
			dst[i] = float32(1 + r.IntN(2))
		default:
			dst[i] = float32(r.IntN(3))
		}
	}
}

// outside is a port's value in the layout and type of files.
func outside(p exchange.Port, v []float32) *tensor.Tensor {
	if p.Whole {
		t := tensor.NewInt(p.Node.Shape(), nil)
		for i, x := range v {
			t.I[i] = int64(x)
		}
		return t
	}
	t := tensor.New(p.Node.Shape(), append([]float32(nil), v...))
	if p.Image {
		t = t.Transpose(0, 3, 1, 2)
	}
	return t
}
