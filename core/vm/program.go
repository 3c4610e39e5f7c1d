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
	runs   int64
	arena  int // floats
	values int // floats of all values, had each its own memory
}

type step struct {
	name  string
	shape tensor.Shape // of the result
	run   func()
}

// Run computes the program once.
func (p *Program) Run() {
	if p.step != nil {
		p.step[0] = float32(p.runs % (1 << 24)) // float32 counts no further
	}
	p.runs++
	for i := range p.steps {
		p.steps[i].run()
	}
}

// Runs is how often the program ran; random ops depend on it.
func (p *Program) Runs() int64 { return p.runs }

// SetRuns sets the number of the next run, for a training that is resumed.
func (p *Program) SetRuns(n int64) { p.runs = n }

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

// Memory is the arena's size and the size that all computed values would take
// together, in bytes.
func (p *Program) Memory() (arena, values int) { return 4 * p.arena, 4 * p.values }

// SetThreads sets how many threads programs use; results do not depend on it.
func SetThreads(n int) { kernel.SetThreads(n) }

// ISA is the instruction set in use, on which the last bits of results may depend.
func ISA() string { return kernel.ISA() }
