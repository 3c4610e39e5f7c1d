package vm

import (
	"slices"
	"time"

	"lab/core/tensor"
)

// StepTime is what one call of a program took.
type StepTime struct {
	Name         string       // the ops it computes, "Mul+Add+Tanh"
	Shape        tensor.Shape // of its result
	Calls        int          // how often it was timed
	Best, Median time.Duration
	Flops, Bytes float64 // of one call, see [Cost]
}

// Profile runs the program and times each of its calls, in order. Reading the clock
// adds some 50 ns to a call. Outputs, gradients and buffers change as in any run.
func (p *Program) Profile(runs int) []StepTime {
	took := make([][]time.Duration, len(p.steps))
	for range runs {
		for i := range p.steps {
			start := time.Now()
			p.steps[i].run()
			took[i] = append(took[i], time.Since(start))
		}
	}
	out := make([]StepTime, len(p.steps))
	for i, s := range p.steps {
		out[i] = StepTime{Name: s.name, Shape: s.shape, Calls: runs, Flops: s.flops, Bytes: s.bytes}
		if slices.Sort(took[i]); runs > 0 {
			out[i].Best, out[i].Median = took[i][0], took[i][runs/2]
		}
	}
	return out
}
