package nn_test

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/tensor"
	"lab/core/vm"
)

// testdata/torch holds what PyTorch computes, written by testdata/make.py in float64.

// layout is how a file's tensor lies in a graph.
type layout []int

var (
	image = layout{0, 2, 3, 1} // NCHW in the file
	seq   = layout{0, 2, 1}    // NCL
)

func (l layout) in(t *tensor.Tensor) []float32 {
	if l == nil {
		return t.F
	}
	return t.Transpose(l...).F
}

func (l layout) shape(s tensor.Shape) tensor.Shape {
	if l == nil {
		return s
	}
	out := make(tensor.Shape, len(l))
	for i, a := range l {
		out[i] = s[a]
	}
	return out
}

// TestTorch compares values, gradients, gradients of the gradients' squares, and
// buffers with PyTorch's.
func TestTorch(t *testing.T) {
	cases := torchCases()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { c.check(t, read(t, name)) })
	}
	files, _ := filepath.Glob("testdata/torch/*.safetensors")
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".safetensors")
		if _, ok := cases[name]; !ok && name != "maml" && name != "penalty" {
			t.Errorf("%s belongs to no case", f)
		}
	}
}

func read(t *testing.T, name string) map[string]*tensor.Tensor {
	t.Helper()
	ws, _, err := onnx.ReadSafetensors(filepath.Join("testdata", "torch", name+".safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	d := map[string]*tensor.Tensor{}
	for _, w := range ws {
		d[w.Name] = w.Tensor
	}
	return d
}

// under is the tensors whose names begin with the prefix, without it.
func under(d map[string]*tensor.Tensor, prefix string) map[string]*tensor.Tensor {
	out := map[string]*tensor.Tensor{}
	for name, v := range d {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			out[rest] = v
		}
	}
	return out
}

func (c torchCase) check(t *testing.T, file map[string]*tensor.Tensor) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	forward := c.build(s)
	state := under(file, "param.")
	if err := s.Params.LoadStateDict(state); err != nil {
		t.Fatal(err)
	}
	for name := range state {
		if _, ok := s.Params.StateDict()[name]; !ok && !strings.HasSuffix(name, "num_batches_tracked") {
			t.Errorf("PyTorch's state has %s, ours has not", name)
		}
	}

	g := graph.New()
	var in []*graph.Node
	for i := 0; file["x"+string(rune('0'+i))] != nil; i++ {
		name := "x" + string(rune('0'+i))
		in = append(in, g.Input(name, c.layoutOf(file[name]).shape(file[name].Shape)...))
	}
	y := forward(in)
	dy := g.Const(tensor.New(y.Shape(), c.out.in(file["dy"])))

	// What the file has a gradient of, in the order of the nodes.
	var leaves []*graph.Node
	var names []string
	for _, x := range in {
		if file["d"+x.Name()] != nil {
			leaves, names = append(leaves, x), append(names, x.Name())
		}
	}
	for _, p := range s.Params.Trained() {
		leaves, names = append(leaves, g.Param(p)), append(names, "grad."+p.Name)
	}
	grads := graph.GradWith(y, dy, leaves...)
	var squares *graph.Node
	for _, d := range grads {
		if q := graph.Sum(graph.Square(d)); squares == nil {
			squares = q
		} else {
			squares = graph.Add(squares, q)
		}
	}
	second := graph.Grad(squares, leaves...)

	p, err := vm.Compile(append(append([]*graph.Node{y}, grads...), second...))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range in {
		copy(p.Value(x), c.layoutOf(file[x.Name()]).in(file[x.Name()]))
	}
	p.Run()
	same(t, "y", p.Value(y), c.out.in(file["y"]), 1e-5)
	for i, n := range leaves {
		want := func(prefix string) []float32 {
			if q := n.Param(); q != nil {
				return toGraph(q, file[strings.TrimPrefix(prefix, "d")+names[i]])
			}
			return c.layoutOf(file[names[i]]).in(file[prefix+names[i]])
		}
		same(t, "gradient of "+names[i], p.Value(grads[i]), want("d"), 1e-5)
		if file["h"+names[i]] != nil {
			same(t, "second gradient of "+names[i], p.Value(second[i]), want("h"), 2e-5)
		}
	}
	after := s.Params.StateDict()
	for name, want := range under(file, "after.") {
		if got := after[name]; got != nil {
			if want.F == nil {
				want = tensor.New(want.Shape, []float32{float32(want.I[0])})
			}
			same(t, name+" afterwards", got.F, want.F, 1e-6)
		}
	}
}

// layoutOf is the layout of an input: those with other axes than c.in are as they are.
func (c torchCase) layoutOf(x *tensor.Tensor) layout {
	if len(x.Shape) == len(c.in) {
		return c.in
	}
	return nil
}

// toGraph is a tensor of the parameter's file layout in its own.
func toGraph(p *graph.Param, x *tensor.Tensor) []float32 {
	if p.Perm == nil {
		return x.F
	}
	back := make([]int, len(p.Perm))
	for i, a := range p.Perm {
		back[a] = i
	}
	return x.Transpose(back...).F
}

// same compares relative to the greatest element.
func same(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s has %d elements, want %d", what, len(got), len(want))
		return
	}
	scale := 1e-2 // what is zero but for rounding is not to be compared with itself
	for _, w := range want {
		scale = max(scale, math.Abs(float64(w)))
	}
	worst, at := 0.0, -1
	for i, w := range want {
		if d := math.Abs(float64(got[i]) - float64(w)); !(d <= worst) {
			worst, at = d, i
		}
	}
	if os.Getenv("LAB_VERBOSE") != "" {
		t.Logf("%s: within %.1e", what, worst/scale)
	}
	if !(worst <= tolerance*scale) {
		t.Errorf("%s: element %d is %v, want %v (off by %.1e of the greatest)", what, at, got[at], want[at], worst/scale)
	}
}
