//go:build unix

package vm_test

import (
	"fmt"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// deep builds, differentiates and compiles a graph of that many layers, each of four
// nodes forward.
func deep(t testing.TB, layers int) {
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
}

// Building, differentiating and compiling grow about linearly: four times the nodes take
// less than ten times the processor's time, where the square would be sixteen. What there
// is of a square is Gorgonia's look-up of each new node among all, a quarter of the time.
func TestCompileGrowsLinearly(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	took := func(layers int) time.Duration {
		best := time.Hour
		for range 3 {
			var before, after syscall.Rusage
			syscall.Getrusage(syscall.RUSAGE_SELF, &before)
			deep(t, layers)
			syscall.Getrusage(syscall.RUSAGE_SELF, &after)
			best = min(best, time.Duration(after.Utime.Nano()-before.Utime.Nano()))
		}
		return best
	}
	var ratio float64
	for range 5 { // of which a calm one is enough
		if ratio = float64(took(1000)) / float64(took(250)); ratio < 10 {
			t.Logf("4000 nodes take %.1f times as long as 1000", ratio)
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
