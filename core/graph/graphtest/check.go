package graphtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"gorgonia.org/gorgonia"
	gt "gorgonia.org/tensor"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// Expr is an expression to check: f of inputs of these shapes.
type Expr struct {
	Name   string
	Shapes []tensor.Shape
	F      func(in []*graph.Node) *graph.Node

	// Draw gives one element of input i; nil draws from a normal distribution. Keep
	// it away from kinks, where finite differences mean nothing.
	Draw func(r *rand.Rand, i int) float64

	NoGrad   bool // the result has no gradient
	NoSecond bool // its gradient has none that is not zero
}

// Check checks one expression in every way the package knows.
func Check(t *testing.T, e Expr) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(len(e.Name)), 7))
	g := graph.New()
	values := map[*graph.Node][]float64{}
	var in []*graph.Node
	for i, s := range e.Shapes {
		n := g.Input(string(rune('a'+i)), s...)
		v := make([]float64, s.Size())
		for j := range v {
			if e.Draw != nil {
				v[j] = e.Draw(r, i)
			} else {
				v[j] = r.NormFloat64()
			}
			v[j] = float64(float32(v[j]))
		}
		in, values[n] = append(in, n), v
	}
	var y *graph.Node
	if err := graph.Build(func() { y = e.F(in) }); err != nil {
		t.Fatal(err)
	}
	outputs := []*graph.Node{y}
	if !e.NoGrad {
		loss := weighted(r, y)
		grads := graph.Grad(loss, in...)
		difference(t, "gradient", r, values, in, loss, grads)
		outputs = append(outputs, grads...)
		var s *graph.Node
		for _, d := range grads {
			if w := weighted(r, d); s == nil {
				s = w
			} else {
				s = graph.Add(s, w)
			}
		}
		second := graph.Grad(s, in...)
		difference(t, "second gradient", r, values, in, s, second)
		outputs = append(outputs, second...)
		if !e.NoSecond {
			zero := true
			for _, v := range Reference(values, second...) {
				for _, x := range v {
					zero = zero && x == 0
				}
			}
			if zero {
				t.Error("the second gradient is zero everywhere: the check checks nothing")
			}
		}
	}
	compare(t, values, outputs)
}

// weighted is the sum of y times fixed random weights: every element counts.
func weighted(r *rand.Rand, y *graph.Node) *graph.Node {
	w := tensor.New(y.Shape(), nil)
	for i := range w.F {
		w.F[i] = float32(r.NormFloat64())
	}
	return graph.Sum(graph.Mul(y, y.Graph().Const(w)))
}

// difference compares gradients with central differences along random directions
// of each input, and along a few single elements.
func difference(t *testing.T, what string, r *rand.Rand, values map[*graph.Node][]float64, in []*graph.Node, loss *graph.Node, grads []*graph.Node) {
	t.Helper()
	exact := Reference(values, grads...)
	for i, n := range in {
		v := values[n]
		for trial := range 3 {
			dir := make([]float64, len(v))
			for j := range dir {
				if trial == 0 {
					dir[j] = r.NormFloat64()
				}
			}
			if trial > 0 && len(v) > 0 {
				dir[r.IntN(len(v))] = 1
			}
			const h = 1e-5
			at := func(step float64) float64 {
				moved := make([]float64, len(v))
				for j := range v {
					moved[j] = v[j] + step*dir[j]
				}
				values[n] = moved
				f := Reference(values, loss)[0][0]
				values[n] = v
				return f
			}
			// fourth order: the error is that of rounding
			want := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
			got, scale := 0.0, 1.0
			for j := range dir {
				got += dir[j] * exact[i][j]
				scale += math.Abs(dir[j] * exact[i][j])
			}
			if !(math.Abs(got-want) <= 1e-6*scale) {
				t.Fatalf("%s of input %d: %v, by differences %v", what, i, got, want)
			}
		}
	}
}

// compare runs the outputs on the VM and on Gorgonia's tapeMachine and compares
// both with the reference, and the two with each other, bit by bit where one op
// stands alone.
func compare(t *testing.T, values map[*graph.Node][]float64, outputs []*graph.Node) {
	t.Helper()
	want := Reference(values, outputs...)
	p, err := vm.Compile(outputs)
	if err != nil {
		t.Fatal(err)
	}
	for n, v := range values {
		m := p.Value(n)
		for i := range v {
			m[i] = float32(v[i])
		}
	}
	p.Run()
	tape := tapeMachine(t, values, outputs)
	for k, n := range outputs {
		scale := 1.0
		for _, x := range want[k] {
			scale = max(scale, math.Abs(x))
		}
		for i, x := range want[k] {
			if got := float64(p.Value(n)[i]); !close(got, x, scale) {
				t.Fatalf("output %d (%v), element %d: the program gives %v, the reference %v", k, n, i, got, x)
			}
			if got := float64(tape[k][i]); !close(got, x, scale) {
				t.Fatalf("output %d (%v), element %d: the tapeMachine gives %v, the reference %v", k, n, i, got, x)
			}
		}
	}
}

func close(a, b, scale float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 2e-5*scale
}

func tapeMachine(t *testing.T, values map[*graph.Node][]float64, outputs []*graph.Node) [][]float32 {
	t.Helper()
	g := outputs[0].Graph()
	for _, n := range g.Nodes() {
		if n.Op() != nil {
			continue
		}
		var v []float32
		switch {
		case n.Const() != nil:
			v = n.Const()
		case n.Param() != nil:
			v = n.Param().Value()
		default:
			for _, x := range values[n] {
				v = append(v, float32(x))
			}
		}
		var err error
		if len(n.Shape()) == 0 {
			err = gorgonia.Let(n.Gorgonia(), v[0])
		} else {
			err = gorgonia.Let(n.Gorgonia(), gt.New(gt.WithShape(n.Shape()...), gt.WithBacking(append([]float32{}, v...))))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read := make([]gorgonia.Value, len(outputs))
	for i, n := range outputs {
		if n.Op() != nil {
			gorgonia.Read(n.Gorgonia(), &read[i])
		}
	}
	m := gorgonia.NewTapeMachine(g.Expr())
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	out := make([][]float32, len(outputs))
	for i, n := range outputs {
		v := read[i]
		if n.Op() == nil {
			v = n.Gorgonia().Value()
		}
		switch d := v.Data().(type) {
		case []float32:
			out[i] = d
		case float32:
			out[i] = []float32{d}
		}
	}
	return out
}
