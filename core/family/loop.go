package family

import (
	"fmt"
	"io"
	"iter"

	"lab/core"
)

// Loop leads a recipe through the steps of its training: from where a checkpoint left
// off to the end, or until the run is stopped, which writes another.
//
//	loop := family.Loop{Steps: epochs * perEpoch, PerEpoch: perEpoch, State: parts, Batches: []family.Batches{train}}
//	for step := range loop.Run(s) {
//		… learn from the batch
//		s.Log(step, "loss", loss)
//		if loop.EpochEnds() {
//			… validate
//		}
//	}
//	if !loop.Finished() {
//		return loop.Err()
//	}
type Loop struct {
	Steps           int       // of the whole training
	PerEpoch        int       // steps of an epoch; 0: there are no epochs
	Samples         int       // training examples a step, for the progress
	State           State     // what a checkpoint holds
	CheckpointEvery int       // steps between checkpoints; 0 writes one only when the run is stopped
	Batches         []Batches // each stands at its batch of the step; none where examples are drawn

	Resumed func(done int64) // if not nil, told before the first step how many steps are done already
	Over    func() bool      // if not nil, asked before each step: true ends the training early

	done     int
	finished bool
	err      error
}

// State is written to a checkpoint and set back from one: checkpoint.Parts.
type State interface {
	Save(io.Writer) error
	Load(io.Reader) error
}

// Batches deal out the examples of an epoch: data.Batches.
type Batches interface {
	Seek(epoch, batches int) // to where so many batches of that epoch, counted from 1, have been dealt out
	Next() bool
}

// Run counts the steps from 1. It resumes the run if it shall, stops it between two
// steps, and writes the checkpoints that are due after a step. A loop runs once.
func (l *Loop) Run(s *Session) iter.Seq[int] {
	return func(yield func(step int) bool) {
		if l.done, l.err = s.Resume(l.State.Load); l.err != nil {
			return
		}
		if l.Resumed != nil {
			l.Resumed(int64(l.done))
		}
		for first := true; l.done < l.Steps && (l.Over == nil || !l.Over()); first = false {
			if s.Stopped() {
				l.err = s.Checkpoint(l.done, l.State.Save)
				return
			}
			if l.err = l.deal(first); l.err != nil {
				return
			}
			l.done++
			if !yield(l.done) {
				return
			}
			s.Progress(l.progress())
			if l.CheckpointEvery > 0 && l.done%l.CheckpointEvery == 0 && l.done < l.Steps {
				if l.err = s.Checkpoint(l.done, l.State.Save); l.err != nil {
					return
				}
			}
		}
		l.finished = true
	}
}

// deal moves the batches to the next step's.
func (l *Loop) deal(first bool) error {
	epoch, in := 1, l.done
	if l.PerEpoch > 0 {
		epoch, in = l.done/l.PerEpoch+1, l.done%l.PerEpoch
	}
	for _, b := range l.Batches {
		if first || in == 0 {
			b.Seek(epoch, in)
		}
		if !b.Next() {
			return fmt.Errorf("epoch %d has no batch %d", epoch, in+1)
		}
	}
	return nil
}

func (l *Loop) progress() core.Progress {
	p := core.Progress{Done: int64(l.done), Total: int64(l.Steps), Samples: int64(l.done * l.Samples)}
	if l.PerEpoch > 0 {
		p.Epoch, p.Epochs = int64(l.Epoch()), int64((l.Steps+l.PerEpoch-1)/l.PerEpoch)
	}
	return p
}

// Step is the number of the current step, or of the last one after the loop.
func (l *Loop) Step() int { return l.done }

// Epoch is the one that the current step is of, counted from 1.
func (l *Loop) Epoch() int { return (max(1, l.done)-1)/max(1, l.PerEpoch) + 1 }

// EpochEnds reports whether the current step is the last one of its epoch, or of the
// training.
func (l *Loop) EpochEnds() bool {
	return l.done == l.Steps || l.PerEpoch > 0 && l.done%l.PerEpoch == 0
}

// Finished reports whether the training came to its end. Where it did not, the recipe
// returns [Loop.Err].
func (l *Loop) Finished() bool { return l.finished }

// Err is why the training did not come to its end; nil where the run was stopped.
func (l *Loop) Err() error { return l.err }
