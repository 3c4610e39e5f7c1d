package workload

import (
	"fmt"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
	"lab/core/vm/peak"
)

// Ops are what the sweeps measure: programs of a single call. Their Args are sizes;
// see the functions that build them.
var ops = map[string]func(args []int) (func(), error){"gemm": gemm, "conv": conv, "fma": fma}

// fma is the most that the cores can do; its one Arg is the number of threads.
func fma(args []int) (func(), error) {
	if len(args) != 1 || args[0] < 1 {
		return nil, fmt.Errorf("fma: want the number of threads, got %v", args)
	}
	return peak.New(args[0]).Run, nil
}

// gemm is C[m,n] = A B, by Args m, k, n and which: 0 for A[m,k] B[k,n], 1 for
// A[k,m]ᵀ B[k,n] (a gradient of weights), 2 for A[m,k] B[n,k]ᵀ (of inputs).
func gemm(args []int) (func(), error) {
	if len(args) != 4 {
		return nil, fmt.Errorf("gemm: want m, k, n and which, got %v", args)
	}
	m, k, n := args[0], args[1], args[2]
	g := graph.New()
	var c *graph.Node
	switch args[3] {
	case 0:
		c = graph.MatMul(g.Input("a", m, k), g.Input("b", k, n))
	case 1:
		b := g.Input("b", m, n)
		c = graph.GradWith(graph.MatMul(g.Input("a", k, m), b), g.Input("dc", k, n), b)[0]
	case 2:
		a := g.Input("a", m, n)
		c = graph.GradWith(graph.MatMul(a, g.Input("b", n, k)), g.Input("dc", m, k), a)[0]
	}
	return single(g, c)
}

// conv is a pass of a convolution without bias, by Args n, h, w, c, k, kernel,
// stride, padding and which: 0 forward, 1 to the input, 2 to the weights.
func conv(args []int) (func(), error) {
	if len(args) != 9 {
		return nil, fmt.Errorf("conv: want n, h, w, c, k, kernel, stride, padding and which, got %v", args)
	}
	kernel, stride, pad := args[5], args[6], args[7]
	g := graph.New()
	x, w := g.Input("x", args[0], args[1], args[2], args[3]), g.Input("w", kernel, kernel, args[3], args[4])
	y := graph.Conv(x, w, graph.ConvAttr{Stride: [2]int{stride, stride}, Pad: [4]int{pad, pad, pad, pad}})
	if which := args[8]; which > 0 {
		y = graph.GradWith(y, g.Input("dy", y.Shape()...), x, w)[which-1]
	}
	return single(g, y)
}

// single compiles the program of one call and fills its inputs.
func single(g *graph.Graph, out *graph.Node) (func(), error) {
	p, err := vm.Compile([]*graph.Node{out})
	if err != nil {
		return nil, err
	}
	if steps := p.Steps(); len(steps) != 1 {
		return nil, fmt.Errorf("%v takes %d calls instead of one: %v", out, len(steps), steps)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range g.Nodes() {
		if n.IsInput() {
			copy(p.Value(n), normal(r, tensor.Shape(n.Shape())...).F)
		}
	}
	return p.Run, nil
}
