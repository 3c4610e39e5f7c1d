package vm_test

import (
	"fmt"
	"testing"
	"time"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// deep builds, differentiates and compiles a graph of that many layers, each of four
// nodes forward.
func deep(t testing.TB, layers int) time.Duration {
	start := time.Now()
	s := graph.NewParams()
	g := graph.New()
	h := g.Input("x", 8, 8)
	for i := range layers {
		w := s.Add(fmt.Sprint("w", i), false, nil, tensor.New(tensor.Shape{8, 8}, nil))
		h = graph.Tanh(graph.Add(graph.MatMul(h, g.Param(w)), h))
	}
	l := graph.Sum(h)
	if _, err := vm.Compile([]*graph.Node{l}, graph.Backward(l, s)); err != nil {
		t.Fatal(err)
	}
	return time.Since(start)
}

// Building, differentiating and compiling grow about linearly: four times the nodes take
// less than eight times as long, where the square would be sixteen.
func TestCompileGrowsLinearly(t *testing.T) {
	var ratio float64
	for range 6 { // of which a calm one is enough
		short, long := deep(t, 250), deep(t, 1000)
		for range 2 {
			short, long = min(short, deep(t, 250)), min(long, deep(t, 1000))
		}
		if ratio = float64(long) / float64(short); ratio < 8 {
			return
		}
	}
	t.Errorf("4000 nodes take %.1f times as long as 1000", ratio)
}

func BenchmarkCompile(b *testing.B) {
	for _, layers := range []int{100, 1000} {
		b.Run(fmt.Sprint(layers*4, "nodes"), func(b *testing.B) {
			for b.Loop() {
				deep(b, layers)
			}
		})
	}
}
