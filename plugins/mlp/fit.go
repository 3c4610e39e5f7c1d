package mlp

import (
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/supervised"
)

// fitParams say for how long a network learns.
type fitParams struct {
	Epochs          int     `default:"5" min:"1" doc:"passes over the training examples, at most"`
	Patience        int     `default:"0" min:"0" doc:"epochs to wait for a lower validation loss before stopping; 0 never stops early"`
	WeightDecay     float64 `default:"0" min:"0" doc:"decay of all weights, decoupled in adamw"`
	CheckpointEvery int     `default:"0" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
	optimiserParams
}

// fit trains the learner: minibatch gradient descent, a look at the validation examples
// after each epoch, where there are any, and at the end the weights of the best of these.
// validate records how these fare and returns the loss that the best epoch has least of;
// first, if not nil, is told the first loss of a network that knows nothing yet. It
// returns the number of steps, or 0 when the run was stopped before that.
func (l *learner) fit(s *family.Session, t *task, p fitParams, curves *supervised.History,
	first func(loss float64), validate func(step, epoch int) (loss float64, err error)) (steps int, err error) {
	perEpoch := t.train.PerEpoch()
	total := p.Epochs * perEpoch
	lr := p.schedule(total)
	best := supervised.NewBest(l.Params, p.Patience)
	loop := family.Loop{Steps: total, PerEpoch: perEpoch, Samples: t.batch, Batches: []family.Batches{t.train},
		State:           checkpoint.Parts{"net": l.Params, "optimiser": l.Optimiser, "best": best, "curves": curves},
		CheckpointEvery: p.CheckpointEvery * perEpoch, Resumed: l.SetRuns, Over: best.Over}
	for step := range loop.Run(s) {
		loss, err := l.Learn(t.train, lr(step-1))
		if err != nil {
			return 0, err
		}
		if step == 1 && s.From() == "" && first != nil {
			first(loss)
		}
		s.Log(step, "loss", loss)
		curves.Add("loss", step, loss)
		if !loop.EpochEnds() {
			continue
		}
		train := curves.Mean("loss", perEpoch)
		s.Log(step, "train_loss", train)
		curves.Add("train", loop.Epoch(), train)
		if t.val != nil {
			val, err := validate(step, loop.Epoch())
			if err != nil {
				return 0, err
			}
			best.Offer(val, loop.Epoch())
		}
	}
	if !loop.Finished() {
		return 0, loop.Err()
	}
	if epoch, ok := best.Epoch(); ok {
		s.Printf("the weights are those of epoch %d, which has the lowest validation loss", epoch)
	}
	return loop.Step(), best.Restore()
}
