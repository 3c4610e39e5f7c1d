package gan

import (
	"iter"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data"
	"lab/core/family"
)

// course leads a recipe through the steps of its training, epoch by epoch: from where a
// checkpoint left off, to the end or until the run is stopped, which writes another.
//
//	for step := range run.steps() {
//		…
//	}
//	if !run.finished {
//		return run.err
//	}
type course struct {
	s               *family.Session
	parts           checkpoint.Parts // what a checkpoint holds
	total, perEpoch int              // steps
	batches         []*data.Batches  // each stands at the step's batch; none where examples are drawn
	samples         int              // examples a step, for the progress
	checkpointEvery int              // epochs; 0 writes one only when the run is stopped
	show            func(step int) error

	finished bool
	err      error // why it is not, unless it was stopped
}

// steps counts from 1. After the last step of an epoch, and of the run, it calls show.
func (c *course) steps() iter.Seq[int] {
	return func(yield func(step int) bool) {
		done, err := c.s.Resume(c.parts.Load)
		c.err = err
		epochs := (c.total + c.perEpoch - 1) / c.perEpoch
		for first := true; c.err == nil && done < c.total; first = false {
			if c.s.Stopped() {
				c.err = c.s.Checkpoint(done, c.parts.Save)
				return
			}
			epoch, in := done/c.perEpoch+1, done%c.perEpoch
			for _, b := range c.batches {
				if first || in == 0 {
					b.Seek(epoch, in)
				}
				b.Next()
			}
			done++
			if !yield(done) {
				return
			}
			c.s.Progress(core.Progress{Done: int64(done), Total: int64(c.total), Epoch: int64(epoch), Epochs: int64(epochs), Samples: int64(done * c.samples)})
			if in+1 < c.perEpoch && done < c.total {
				continue
			}
			if c.err = c.show(done); c.err == nil && c.checkpointEvery > 0 && epoch%c.checkpointEvery == 0 && done < c.total {
				c.err = c.s.Checkpoint(done, c.parts.Save)
			}
		}
		c.finished = c.err == nil
	}
}
