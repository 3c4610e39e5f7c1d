package cnn

import (
	"fmt"
	"math"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/picture"
	"lab/core/supervised"
)

// promises is what all recipes promise.
var promises = []family.Option{
	family.Metric("val_accuracy", "", core.Higher, "share of the validation images told right, after each epoch"),
	family.Metric("test_accuracy", "", core.Higher, "share of the test images told right by the best epoch's weights, read once"),
	family.Metric("loss", "nats", core.Lower, "cross-entropy of a step's training images"),
	family.Metric("val_loss", "nats", core.Lower, "cross-entropy of the validation images"),
	family.Metric("test_loss", "nats", core.Lower, "cross-entropy of the test images"),
	family.Metric("test_calibration", "", core.Lower, "expected calibration error on the test images: how far sureness is from being right"),
	family.Data("fashion-mini", "fashion-mnist", "digits", "mnist", "kmnist", "cifar-10"), family.StartsFrom(), family.Resumes()}

// classifier is a network with logits [N,K] of images [N,H,W,C].
type classifier interface {
	forward(x *graph.Node, train bool) *graph.Node
	params() *graph.Params
}

// FitParams say for how long a network is trained.
type FitParams struct {
	Epochs          int `default:"5" min:"1" doc:"passes over the training images"`
	BatchSize       int `default:"32" min:"1" doc:"images a step"`
	Patience        int `default:"0" min:"0" doc:"epochs without a better val_accuracy that end the training early; 0: none do"`
	CheckpointEvery int `default:"0" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
}

// plan is how a network is trained.
type plan struct {
	FitParams
	schedule  func(steps int) optim.Schedule
	optimiser supervised.Optimiser
	augment   data.Augment
	smoothing float64 // of the labels
	fresh     bool    // the network knows nothing yet
}

// fit trains the network: minibatch gradient descent on the cross-entropy, a look at the
// validation images after each epoch, and at the end the weights of the best of these.
// It returns the number of steps, or 0 when the run was stopped before that.
func fit(s *family.Session, im *images, net classifier, p plan) (steps int, err error) {
	batches, err := im.batches(im.Split.Train, data.Batching{Size: p.BatchSize, Shuffle: true, Seed: s.Seed(), Augment: p.augment})
	if err != nil {
		return 0, err
	}
	learner := supervised.NewLearner(net.params(), func(x *graph.Node) *graph.Node { return net.forward(x, true) }, im.shape,
		supervised.CrossEntropy(nn.LabelSmoothing(p.smoothing)), p.optimiser)
	eval := evaluator(im, net)
	best := supervised.NewBest(net.params(), p.Patience)
	curves := &supervised.History{}
	perEpoch := batches.PerEpoch()
	schedule := p.schedule(p.Epochs * perEpoch)
	loop := family.Loop{Steps: p.Epochs * perEpoch, PerEpoch: perEpoch, Samples: p.BatchSize, Batches: []family.Batches{batches},
		State:           checkpoint.Parts{"model": net.params(), "best": best, "optimiser": p.optimiser, "curves": curves},
		CheckpointEvery: p.CheckpointEvery * perEpoch, Resumed: learner.SetRuns, Over: best.Over}
	for step := range loop.Run(s) {
		loss, err := learner.Learn(batches, schedule(step-1))
		if err != nil {
			return 0, err
		}
		if math.IsNaN(loss) || math.IsInf(loss, 0) {
			return 0, &core.Error{Kind: core.RunFailed, Msg: fmt.Sprintf("the loss is %v at step %d", loss, step), Try: "a smaller lr"}
		}
		if want := math.Log(float64(len(im.Classes))); step == 1 && p.fresh && math.Abs(loss-want) > 0.1*want {
			s.Warnf("the first loss is %.3f; of a network that knows nothing it is about ln %d = %.3f", loss, len(im.Classes), want)
		}
		s.Log(step, "loss", loss)
		curves.Add("training", step, loss)
		if !loop.EpochEnds() || im.Split.Val.Len() == 0 {
			continue
		}
		val, err := score(eval, im, im.Split.Val)
		if err != nil {
			return 0, err
		}
		s.Log(step, "val_loss", val.Loss)
		s.Log(step, "val_accuracy", val.Accuracy)
		curves.Add("validation", step, val.Loss)
		best.Offer(1-val.Accuracy, loop.Epoch())
	}
	if !loop.Finished() {
		return 0, loop.Err()
	}
	img, err := curves.Draw(picture.Axis{Label: "step"}, picture.Axis{Label: "loss", Log: true}, "training", "validation")
	if err != nil {
		return 0, err
	}
	if epoch, ok := best.Epoch(); ok {
		s.Printf("the weights are those of epoch %d, which has the best validation accuracy", epoch)
	}
	if err := best.Restore(); err != nil {
		return 0, err
	}
	return loop.Step(), s.Image("curves", 0, img)
}

// evaluator computes what the network says of images, outside of training.
func evaluator(im *images, net classifier) *supervised.Evaluator {
	return supervised.NewEvaluator(func(x *graph.Node) *graph.Node { return net.forward(x, false) }, im.shape)
}

// score is how the network does on a view.
func score(eval *supervised.Evaluator, im *images, v data.View) (*supervised.Score, error) {
	batches, err := im.batches(v, data.Batching{Size: supervised.EvalBatch})
	if err != nil {
		return nil, err
	}
	return eval.Classify(batches)
}
