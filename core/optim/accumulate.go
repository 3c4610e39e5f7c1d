package optim

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
)

// Accumulator adds up the gradients of micro-batches, because a program overwrites
// them at every run:
//
//	for each micro-batch { fill the inputs; program.Run(); acc.Add() }
//	acc.Mean()
//	optimiser.Step()
//
// The sum is empty again after Mean or Sum: there is nothing to keep in a checkpoint
// between steps.
type Accumulator struct {
	grads, sum []float32
	batches    int
	add, flush *rule
	factor     value // of flush
}

// NewAccumulator makes one for the set's gradients.
func NewAccumulator(params *graph.Params) *Accumulator {
	_, grads := params.Flat()
	a := &Accumulator{grads: grads, sum: kernel.Alloc(len(grads))}
	const g, s = 0, 1
	a.add = newRule(a.grads, a.sum)
	a.add.store(s, a.add.add(s, g))
	a.add.ready()
	a.flush = newRule(a.grads, a.sum)
	a.factor = a.flush.number()
	a.flush.store(g, a.flush.mul(a.factor, s))
	a.flush.ready()
	return a
}

// Add adds the gradients of the last run.
func (a *Accumulator) Add() {
	defer profile.Begin(profile.Optimiser, "Accumulator", len(a.sum)).End()
	a.batches++
	a.add.run(0, len(a.sum))
}

// Sum makes the gradients the sum of what was added: for losses that are sums, or
// divided by the number of micro-batches already.
func (a *Accumulator) Sum() { a.finish(1) }

// Mean makes the gradients the mean of what was added: for losses that are means over
// micro-batches of one size, the gradient of the whole batch.
func (a *Accumulator) Mean() { a.finish(1 / float64(a.batches)) }

func (a *Accumulator) finish(factor float64) {
	if a.batches == 0 {
		panic("optim: no gradients were added")
	}
	defer profile.Begin(profile.Optimiser, "Accumulator", len(a.sum)).End()
	a.flush.set(a.factor, factor)
	a.flush.run(0, len(a.sum))
	clear(a.sum)
	a.batches = 0
}
