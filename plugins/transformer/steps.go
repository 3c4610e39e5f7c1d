package transformer

import "lab/core/family"

// stepsParams say for how long a network learns.
type stepsParams struct {
	Steps     int `default:"1000" min:"1" doc:"updates"`
	EvalEvery int `default:"250" min:"1" doc:"updates between evaluations"`
	BatchSize int `default:"32" min:"1" doc:"sequences a step"`
}

// loop leads through the steps; an epoch is as many as lie between two evaluations.
func (p stepsParams) loop(state family.State) family.Loop {
	return family.Loop{Steps: p.Steps, PerEpoch: p.EvalEvery, Samples: p.BatchSize, State: state}
}

// dealt are the batches of sequences that a loop goes through, epoch by epoch.
type dealt[T any] struct {
	deal    func(epoch int) [][]T // that of an epoch, from 1
	batches [][]T
	at      int // in batches, from 1
}

func (d *dealt[T]) Seek(epoch, batches int) { d.batches, d.at = d.deal(epoch), batches }

func (d *dealt[T]) Next() bool {
	d.at++
	return d.at <= len(d.batches)
}

// batch is the one of the current step.
func (d *dealt[T]) batch() []T { return d.batches[d.at-1] }
