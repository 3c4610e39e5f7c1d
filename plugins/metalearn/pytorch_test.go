package metalearn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/optim"
	"lab/core/tensor"
	"lab/core/vm"
	"lab/plugins/metalearn/task"
)

// dealer deals out given tasks, one after another.
type dealer struct {
	file  map[string]*tensor.Tensor
	shape tensor.Shape
	next  int
}

func (d *dealer) Shape() tensor.Shape { return d.shape }

func (d *dealer) Sample(_ *rand.Rand, support, query task.Points) {
	for name, dst := range map[string][]float32{"x": support.X, "y": support.Y, "query_x": query.X, "query_y": query.Y} {
		copy(dst, d.file[name].F[d.next*len(dst):])
	}
	d.next++
}

// TestMetaGradient compares the meta-gradients of MAML and FOMAML with PyTorch's, of the
// same weights on the same tasks: those in testdata, and new ones where there is a PyTorch.
func TestMetaGradient(t *testing.T) {
	for _, c := range []struct {
		kind  string
		build func(s *nn.Scope) *learner
		shape tensor.Shape
		alpha float64
		steps int
	}{
		{"regressor", func(s *nn.Scope) *learner { return newRegressor(s, 40, graph.Relu) }, tensor.Shape{1}, 0.01, 1},
		{"classifier", func(s *nn.Scope) *learner { return newClassifier(s, 8, 3) }, tensor.Shape{28, 28, 1}, 0.4, 2},
	} {
		check := func(t *testing.T, path string) {
			file := map[string]*tensor.Tensor{}
			weights, _, err := onnx.ReadSafetensors(path)
			if err != nil {
				t.Fatal(err)
			}
			state := map[string]*tensor.Tensor{}
			for _, w := range weights {
				file[w.Name] = w.Tensor
				if name, ok := strings.CutPrefix(w.Name, "param."); ok {
					state[name] = w.Tensor
				}
			}
			f := c.build(nn.NewScope(rand.New(rand.NewPCG(1, 2))))
			if err := f.Params.LoadStateDict(state); err != nil {
				t.Fatal(err)
			}
			n := file["y"].Shape[0]
			for name, metaGradient := range map[string]func(*learner, *tasks, float64, int) (*graph.Node, graph.Gradients){"maml": secondOrder, "fomaml": firstOrder} {
				from := &dealer{file: file, shape: c.shape}
				in := f.tasks(n, &task.Source{Train: from}, file["y"].Shape[1], file["query_y"].Shape[1])
				loss, gradient := metaGradient(f, in, c.alpha, c.steps)
				p, err := vm.Compile([]*graph.Node{loss}, gradient)
				if err != nil {
					t.Fatal(err)
				}
				b := &batch{Program: p, tasks: in, loss: loss, runs: n / in.n, from: from, sum: optim.NewAccumulator(f.Params)}
				if got, want := b.gradient(), float64(file["loss"].F[0]); math.Abs(got-want) > 1e-5*want {
					t.Errorf("%s: loss %v, PyTorch's %v", name, got, want)
				}
				for _, p := range f.Params.Trained() {
					want := inGraph(p, file[name+"."+p.Name])
					largest, off := 0.0, 0.0
					for i, w := range want {
						largest, off = max(largest, math.Abs(float64(w))), max(off, math.Abs(float64(w-p.Grad()[i])))
					}
					if !(off <= 1e-4*largest) {
						t.Errorf("%s: gradient of %s differs by %v from PyTorch's, the largest element of which is %v", name, p.Name, off, largest)
					}
				}
			}
		}
		t.Run(c.kind, func(t *testing.T) { check(t, filepath.Join("testdata", c.kind+".safetensors")) })
		t.Run(c.kind+"-live", func(t *testing.T) {
			python := os.Getenv("LAB_PYTHON")
			if python == "" {
				t.Skip("LAB_PYTHON is not set to a Python with torch and safetensors (make python sets it up)")
			}
			path := filepath.Join(t.TempDir(), "live.safetensors")
			if out, err := exec.Command(python, "testdata/make.py", c.kind, "2", path).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			check(t, path)
		})
	}
}

// inGraph brings a tensor of a file to the layout that the parameter is kept in.
func inGraph(p *graph.Param, x *tensor.Tensor) []float32 {
	if p.Perm == nil {
		return x.F
	}
	back := make([]int, len(p.Perm))
	for i, a := range p.Perm {
		back[a] = i
	}
	return x.Transpose(back...).F
}

// TestPyTorch has PyTorch load the networks' weights by load_state_dict(strict=True), and
// ONNX Runtime run them: all three compute the same.
func TestPyTorch(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		kind  string
		f     *learner
		shape tensor.Shape
	}{
		{"regressor", newRegressor(nn.NewScope(r), 40, graph.Relu), tensor.Shape{1}},
		{"classifier", newClassifier(nn.NewScope(r), channels, 5), tensor.Shape{28, 28, 1}},
		{"embedding", newEmbedder(nn.NewScope(r)), tensor.Shape{28, 28, 1}},
	} {
		for _, p := range c.f.Params.All() { // as after training: nothing is 0 or 1 any more
			for i := range p.Value() {
				p.Value()[i] += 0.1 * float32(r.Float64())
			}
		}
		x := graph.New().Input("x", append([]int{7}, c.shape...)...)
		y := c.f.forward(x)
		p, err := vm.Compile([]*graph.Node{y})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Value(x) {
			p.Value(x)[i] = float32(r.NormFloat64())
		}
		p.Run()
		b, err := c.f.export(c.kind, c.shape)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		model, values := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "values.safetensors")
		if err := b.WriteFile(model); err != nil {
			t.Fatal(err)
		}
		in := tensor.New(x.Shape(), p.Value(x))
		if len(c.shape) == 3 {
			in = in.Transpose(0, 3, 1, 2)
		}
		if err := onnx.WriteSafetensors(values, map[string]*tensor.Tensor{"x": in, "y": tensor.New(y.Shape(), p.Value(y))}, nil); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(python, "testdata/compare.py", c.kind, model, values).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.kind, err, said)
		}
		var pytorch, runtime float64
		if _, err := fmt.Sscanf(string(said), "pytorch %g onnxruntime %g", &pytorch, &runtime); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if !(pytorch <= 1e-4) || !(runtime <= 1e-4) {
			t.Errorf("%s: largest difference to PyTorch %g, to ONNX Runtime %g", c.kind, pytorch, runtime)
		}
		t.Logf("%s: largest difference to PyTorch %g, to ONNX Runtime %g", c.kind, pytorch, runtime)
	}
}

// TestLearner has ONNX Runtime learn tasks: after the steps of adaptation it says of the
// query points what lab says.
func TestLearner(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch, onnx and onnxruntime (make python sets it up)")
	}
	const steps = 3
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		kind           string
		f              *learner
		data           string
		alpha          float64
		support, query int
	}{
		{"relu", newRegressor(nn.NewScope(r), 40, graph.Relu), "sine", 0.01, 10, 20},
		{"tanh", newRegressor(nn.NewScope(r), 64, graph.Tanh), "sine", 0.02, 10, 20},
		{"classifier", newClassifier(nn.NewScope(r), channels, 5), "hershey", 0.4, 5, 15},
		{"nearest", newEmbedder(nn.NewScope(r)), "hershey", 0, 5, 15},
	} {
		from, err := task.Open(c.data, "", task.Options{Ways: 5, TrainWays: 5, Sine: finn.sine})
		if err != nil {
			t.Fatal(err)
		}
		in := c.f.tasks(1, from, c.support, c.query)
		var out *graph.Node
		var b *onnx.Builder
		if c.kind == "nearest" {
			out = c.f.nearest(in.x, in.queryX, 5)
			b, err = c.f.exportNearest(c.kind, 5, c.support, c.query)
		} else {
			out = c.f.with(c.f.adapt(in.theta, in.x, in.y, c.alpha, steps), in.queryX)
			b, err = c.f.exportAdapting(c.kind, from, c.alpha, steps)
		}
		if err != nil {
			t.Fatal(err)
		}
		p, err := vm.Compile([]*graph.Node{out})
		if err != nil {
			t.Fatal(err)
		}
		in.sample(p, from.Test, r)
		p.Run()
		values := map[string]*tensor.Tensor{"query_y": tensor.New(tensor.Shape{c.query, out.Shape().Size() / c.query}, p.Value(out))}
		for _, x := range []*graph.Node{in.x, in.y, in.queryX} {
			shape := x.Shape()
			if c.f.sideBySide { // one task
				shape = shape[1:]
			}
			if values[x.Name()] = tensor.New(shape, p.Value(x)); len(shape) == 4 {
				values[x.Name()] = values[x.Name()].Transpose(0, 3, 1, 2)
			}
		}
		dir := t.TempDir()
		model, file := filepath.Join(dir, "learner.onnx"), filepath.Join(dir, "values.safetensors")
		if err := b.WriteFile(model); err != nil {
			t.Fatal(err)
		}
		if err := onnx.WriteSafetensors(file, values, nil); err != nil {
			t.Fatal(err)
		}
		said, err := exec.Command(python, "testdata/compare.py", "learner", model, file).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", c.kind, err, said)
		}
		var off float64
		if _, err := fmt.Sscanf(string(said), "onnxruntime %g", &off); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if !(off <= 1e-3) {
			t.Errorf("%s: largest difference to ONNX Runtime %g", c.kind, off)
		}
		t.Logf("%s: largest difference to ONNX Runtime %g", c.kind, off)
	}
}
