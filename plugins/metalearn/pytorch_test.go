package metalearn

import (
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
