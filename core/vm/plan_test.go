package vm_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/graph/graphtest"
	"lab/core/nn"
	"lab/core/vm"
)

// Chains of elementwise ops are one call, and so is a sum over one.
func TestFusion(t *testing.T) {
	g := graph.New()
	x, b := g.Input("x", 4, 8), g.Input("b", 8)
	y := graph.Sum(graph.Square(graph.Tanh(graph.Add(graph.Scale(x, 2), b))), 0)
	p, err := vm.Compile([]*graph.Node{y})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Steps(), " "); got != "Mul+Add+Tanh+Square+Sum" {
		t.Errorf("steps: %s", got)
	}
}

// A bias, an activation and a residual are part of the product's call.
func TestEpilogue(t *testing.T) {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	fc := nn.NewLinear(s, 8, 8, true)
	g := graph.New()
	x := g.Input("x", 2, 5, 8)
	y := graph.Add(graph.Relu(fc.Forward(x)), x)
	p, err := vm.Compile([]*graph.Node{y})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Steps(), " "); got != "MatMul{false false}+Add+Relu+Add" {
		t.Errorf("steps: %s", got)
	}
	values := map[*graph.Node][]float64{}
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(i%7) - 3
		values[x] = append(values[x], float64(p.Value(x)[i]))
	}
	p.Run()
	for i, w := range graphtest.Reference(values, y)[0] {
		if got := float64(p.Value(y)[i]); math.Abs(got-w) > 1e-5*(1+math.Abs(w)) {
			t.Fatalf("element %d is %v, want %v", i, got, w)
		}
	}
}

// A long chain needs few temporaries: one call, and the right values.
func TestLongChain(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 700)
	y := x
	for i := range 20 {
		y = graph.Add(graph.Mul(y, x), graph.Tanh(graph.Shift(y, float64(i%3))))
	}
	p, err := vm.Compile([]*graph.Node{y})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(p.Steps()); n != 1 {
		t.Errorf("%d steps", n)
	}
	values := map[*graph.Node][]float64{x: nil}
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(i)/700 - 0.5
		values[x] = append(values[x], float64(p.Value(x)[i]))
	}
	p.Run()
	for i, w := range graphtest.Reference(values, y)[0] {
		if got := float64(p.Value(y)[i]); math.Abs(got-w) > 1e-5*(1+math.Abs(w)) {
			t.Fatalf("element %d is %v, want %v", i, got, w)
		}
	}
}

// Slices of neighbouring elements are no copies.
func TestSlicesAreViews(t *testing.T) {
	g := graph.New()
	x := g.Input("x", 6, 4)
	h := graph.Tanh(x)
	a, b := graph.Slice(h, 0, 1, 3, 1), graph.Reshape(graph.Slice(h, 0, 5, 6, 1), 4)
	y := graph.Mul(a, b)
	p, err := vm.Compile([]*graph.Node{y, a, b})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(p.Steps(), " "); got != "Tanh Mul" {
		t.Errorf("steps: %s", got)
	}
	for i := range p.Value(x) {
		p.Value(x)[i] = float32(i)
	}
	p.Run()
	if got, want := p.Value(y)[5], float32(math.Tanh(9)*math.Tanh(21)); math.Abs(float64(got-want)) > 1e-6 || len(p.Value(a)) != 8 {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Values that are not alive together share memory.
func TestMemoryIsShared(t *testing.T) {
	g := graph.New()
	h := g.Input("x", 64, 64)
	w := g.Input("w", 64, 64)
	for range 20 {
		h = graph.MatMul(h, w)
	}
	p, err := vm.Compile([]*graph.Node{h})
	if err != nil {
		t.Fatal(err)
	}
	if c := p.Cost(); c.Arena > 5*64*64*4 || c.Values != 22*64*64*4 || c.Flops != 20*2*64*64*64 || c.Calls != 20 {
		t.Errorf("cost %+v", c)
	}
}
