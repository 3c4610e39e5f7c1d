package vm

import (
	"fmt"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Program is a compiled graph. It implements gorgonia.VM. One goroutine at a time.
type Program struct {
	steps  []step
	memory map[*graph.Node][]float32 // inputs and outputs
	step   []float32                 // the input that counts runs, if there is one
	runs   *int64                    // shared by the programs of a cache
	arena  int                       // floats
	values int                       // floats of all values, had each its own memory

	name  string
	timer *timer // nil unless a profile was on when it was compiled
}

type step struct {
	name  string
	shape tensor.Shape // of the result
	run   func()

	flops, bytes float64
}

// Run computes the program once.
func (p *Program) Run() {
	if p.step != nil {
		p.step[0] = float32(*p.runs % (1 << 24)) // float32 counts no further
	}
	*p.runs++
	if p.timer != nil {
		p.timer.run(p)
		return
	}
	for i := range p.steps {
		p.steps[i].run()
	}
}

// Runs is how often the program ran; random ops depend on it.
func (p *Program) Runs() int64 { return *p.runs }

// SetRuns sets the number of the next run, for a training that is resumed.
func (p *Program) SetRuns(n int64) { *p.runs = n }

// Value is the memory of an input, to be filled before a run, or of an output, to
// be read after it. It panics for other nodes.
func (p *Program) Value(n *graph.Node) []float32 {
	m, ok := p.memory[n]
	if !ok {
		panic(fmt.Sprintf("vm: %v is neither an input nor an output of the program", n))
	}
	return m
}

// Scalar is the value of an output with one element.
func (p *Program) Scalar(n *graph.Node) float64 { return float64(p.Value(n)[0]) }

// RunAll implements gorgonia.VM.
func (p *Program) RunAll() error {
	p.Run()
	return nil
}

// Reset implements gorgonia.VM; there is nothing to reset.
func (p *Program) Reset() {}

// Close implements gorgonia.VM.
func (p *Program) Close() error { return nil }

// Steps lists the program's calls by name, in order.
func (p *Program) Steps() []string {
	names := make([]string, len(p.steps))
	for i, s := range p.steps {
		names[i] = s.name
	}
	return names
}

// Cost is what one run of a program takes.
type Cost struct {
	Flops  float64 // a multiply-add counts as two
	Bytes  float64 // read and written by its calls, each operand once
	Arena  int     // bytes of memory for inputs and what the calls compute, but for gradients, which lie with their parameters
	Values int     // bytes that these would take, had each its own memory
	Calls  int
}

// Cost adds up the program's calls.
func (p *Program) Cost() Cost {
	c := Cost{Arena: 4 * p.arena, Values: 4 * p.values, Calls: len(p.steps)}
	for _, s := range p.steps {
		c.Flops += s.flops
		c.Bytes += s.bytes
	}
	return c
}

// SetThreads sets how many threads programs use; results do not depend on it.
func SetThreads(n int) { kernel.SetThreads(n) }

// ISA is the instruction set in use, on which the last bits of results may depend.
func ISA() string { return kernel.ISA() }
