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
	"lab/core/vm"
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

// plan is how a network is trained.
type plan struct {
	epochs, batchSize int
	schedule          func(steps int) optim.Schedule
	optimiser         optimiser
	augment           data.Augment
	smoothing         float64 // of the labels
	patience          int     // epochs without a better val_accuracy before training ends; 0: it does not
	checkpointEvery   int     // epochs
	fresh             bool    // the network knows nothing yet
}

// optimiser is any of package optim's.
type optimiser interface {
	checkpoint.Part
	Step()
	SetLR(lr float64)
}

// fit trains the network: minibatch gradient descent on the cross-entropy, a look at the
// validation images after each epoch, and at the end the weights of the best of these.
// It returns the number of steps, or 0 when the run was stopped before that.
func fit(s *family.Session, im *images, net classifier, p plan) (steps int, err error) {
	batches, err := im.batches(im.Split.Train, data.Batching{Size: p.batchSize, Shuffle: true, Seed: s.Seed(), Augment: p.augment})
	if err != nil {
		return 0, err
	}
	type step struct {
		*vm.Program
		x, y, loss *graph.Node
	}
	programs := vm.NewCache(2, func(n int) (st step, err error) { // of full batches, and the epoch's last one
		st.x = im.input(n)
		st.y = st.x.Graph().Input("label", n)
		st.loss = nn.CrossEntropy(net.forward(st.x, true), st.y, nn.LabelSmoothing(p.smoothing))
		if st.Program, err = vm.Compile([]*graph.Node{st.loss}, graph.Backward(st.loss, net.params())); err == nil {
			st.Named("step")
		}
		return st, err
	})
	eval := evaluator(im, net)
	best := supervised.NewBest(net.params(), p.patience)
	curves := &supervised.History{}
	parts := checkpoint.Parts{"model": net.params(), "best": best, "optimiser": p.optimiser, "curves": curves}
	at, err := s.Resume(parts.Load)
	if err != nil {
		return 0, err
	}
	programs.SetRuns(int64(at))
	perEpoch := batches.PerEpoch()
	total := p.epochs * perEpoch
	schedule := p.schedule(total)
	for at < total && !best.Over() {
		epoch := at/perEpoch + 1
		for batches.Seek(epoch, at%perEpoch); batches.Next(); {
			if s.Stopped() {
				return 0, s.Checkpoint(at, parts.Save)
			}
			st, err := programs.For(batches.Len())
			if err != nil {
				return 0, err
			}
			batches.Inputs(st.Value(st.x))
			batches.LabelsFloat(st.Value(st.y))
			st.Run()
			p.optimiser.SetLR(schedule(at))
			p.optimiser.Step()
			loss := st.Scalar(st.loss)
			if math.IsNaN(loss) || math.IsInf(loss, 0) {
				return 0, &core.Error{Kind: core.RunFailed, Msg: fmt.Sprintf("the loss is %v at step %d", loss, at+1), Try: "a smaller lr"}
			}
			if want := math.Log(float64(len(im.Classes))); at == 0 && p.fresh && math.Abs(loss-want) > 0.1*want {
				s.Warnf("the first loss is %.3f; of a network that knows nothing it is about ln %d = %.3f", loss, len(im.Classes), want)
			}
			at++
			s.Log(at, "loss", loss)
			curves.Add("training", at, loss)
			s.Progress(core.Progress{Done: int64(at), Total: int64(total), Epoch: int64(epoch), Epochs: int64(p.epochs),
				Samples: int64((epoch-1)*im.Split.Train.Len() + min(at%perEpoch*p.batchSize, im.Split.Train.Len()))})
		}
		if im.Split.Val.Len() > 0 {
			val, err := score(eval, im, im.Split.Val)
			if err != nil {
				return 0, err
			}
			s.Log(at, "val_loss", val.Loss)
			s.Log(at, "val_accuracy", val.Accuracy)
			curves.Add("validation", at, val.Loss)
			best.Offer(1-val.Accuracy, epoch)
		}
		if p.checkpointEvery > 0 && epoch%p.checkpointEvery == 0 && at < total {
			if err := s.Checkpoint(at, parts.Save); err != nil {
				return 0, err
			}
		}
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
	return at, s.Image("curves", 0, img)
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
