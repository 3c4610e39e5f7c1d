package optim

import (
	"fmt"
	"testing"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// One step over 2^20 parameters in 8 matrices and 8 vectors.
func BenchmarkStep(b *testing.B) {
	const n = 1 << 20
	var shapes []tensor.Shape
	for range 8 {
		shapes = append(shapes, tensor.Shape{n/8/512 - 1, 512}, tensor.Shape{512})
	}
	momentum := func(p *graph.Params, nesterov bool) func() {
		s := NewSGD(p, 1e-3)
		s.Momentum, s.Nesterov = 0.9, nesterov
		return s.Step
	}
	for _, c := range []struct {
		name  string
		begin func(p *graph.Params) func()
	}{
		{"SGD", func(p *graph.Params) func() { return NewSGD(p, 1e-3).Step }},
		{"SGD momentum", func(p *graph.Params) func() { return momentum(p, false) }},
		{"SGD Nesterov", func(p *graph.Params) func() { return momentum(p, true) }},
		{"RMSprop", func(p *graph.Params) func() { return NewRMSprop(p, 1e-3).Step }},
		{"RMSprop centered momentum", func(p *graph.Params) func() {
			s := NewRMSprop(p, 1e-3)
			s.Centered, s.Momentum = true, 0.9
			return s.Step
		}},
		{"Adam", func(p *graph.Params) func() { return NewAdam(p, 1e-3).Step }},
		{"AdamW matrices", func(p *graph.Params) func() {
			a := NewAdamW(p, 1e-3)
			a.DecayOnly(Matrices)
			return a.Step
		}},
		{"Lion", func(p *graph.Params) func() { return NewLion(p, 1e-4).Step }},
		{"LAMB", func(p *graph.Params) func() { return NewLAMB(p, 1e-3).Step }},
		{"clip norm", func(p *graph.Params) func() { c := NewClip(p); return func() { c.Norm(1) } }},
		{"accumulate", func(p *graph.Params) func() { a := NewAccumulator(p); return func() { a.Add(); a.Mean() } }},
		{"EMA", func(p *graph.Params) func() { return NewEMA(p, 0.999).Update }},
	} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/t%d", c.name, threads), func(b *testing.B) {
				defer kernel.SetThreads(kernel.Threads())
				kernel.SetThreads(threads)
				step := c.begin(model(1, shapes...))
				for b.Loop() {
					step()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/param")
			})
		}
	}
}
