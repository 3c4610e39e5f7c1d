package mlp

// Batch normalisation: Ioffe & Szegedy, "Batch Normalization: Accelerating Deep Network
// Training by Reducing Internal Covariate Shift" (2015). Four networks see the same
// batches: a shallow one of rectified linear units and a deep one of sigmoids, each
// with and without batch normalisation.
//
// What to expect of the defaults on fashion-mini, in some seconds: relu_bn reaches 0.80
// before relu does and ends about equal, 0.835 against 0.825; the deep network of sigmoids
// stays at the 0.10 of guessing without, and comes to 0.83 with. With normalize=none, where
// nothing else normalises, the gap is wider: 4 or 5 epochs against 5 to more than 10.

import (
	"fmt"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/picture"
	"lab/core/supervised"
	"lab/core/vm"
)

type batchnormParams struct {
	taskParams
	Epochs      int     `default:"10" min:"1" doc:"passes over the training examples"`
	Reach       float64 `default:"0.8" min:"0" max:"1" doc:"accuracy whose first epoch is recorded"`
	Hidden      int     `default:"128" min:"1" doc:"units of each hidden layer"`
	DeepLayers  int     `default:"4" min:"1" doc:"hidden layers of the networks of sigmoids"`
	ReluLayers  int     `default:"1" min:"1" doc:"hidden layers of the networks of rectified linear units"`
	WeightDecay float64 `default:"0" min:"0" doc:"decay of all weights"`
	Optimizer   string  `default:"sgd" enum:"sgd,rmsprop,adam,adamw" doc:"how gradients become steps"`
	LR          float64 `default:"0" min:"0" doc:"learning rate; 0 takes 0.1 for sgd, 1e-3 for the others"`
	Schedule    string  `default:"cosine" enum:"cosine,constant" doc:"cosine: the learning rate falls to 0 within the epochs"`
}

// rivals are the four networks, by the names of their metrics.
var rivals = []struct {
	name, activation string
	norm             bool
}{{"relu", "relu", false}, {"relu_bn", "relu", true}, {"sigmoid", "sigmoid", false}, {"sigmoid_bn", "sigmoid", true}}

var batchnorm = family.NewRecipe("batchnorm", "four networks with and without batch normalisation, on the same batches", trainBatchnorm,
	family.Metric("relu_bn/test_accuracy", "", core.Higher, "share of the test told right at the end, shallow, rectified, with batch normalisation"),
	family.Metric("relu/test_accuracy", "", core.Higher, "the same without"),
	family.Metric("sigmoid_bn/test_accuracy", "", core.Higher, "deep, sigmoids, with batch normalisation"),
	family.Metric("sigmoid/test_accuracy", "", core.Higher, "the same without"),
	family.Metric("relu_bn/val_accuracy", "", core.Higher, "share of the validation examples told right; of each network"),
	family.Metric("relu_bn/epochs_to", "epochs", core.Lower, "first epoch whose val_accuracy is at least reach, one more than all if none is; of each network"),
	family.Data("fashion-mini", "digits", "fashion-mnist", "mnist"), family.Resumes())

func trainBatchnorm(s *family.Session, p batchnormParams) error {
	vm.SetThreads(s.Threads())
	t, err := openTask(s, p.taskParams)
	if err != nil {
		return err
	}
	classes, err := t.classes()
	if err != nil {
		return err
	}
	if t.val == nil {
		return &core.Error{Kind: core.Usage, Msg: "val=0 leaves nothing to compare the networks on", Try: "val=0.1"}
	}
	var curves supervised.History
	parts := checkpoint.Parts{"curves": &curves}
	how := optimiserParams{Optimizer: p.Optimizer, LR: p.LR, Schedule: p.Schedule}
	learners, evals := make([]*learner, len(rivals)), make([]*supervised.Evaluator, len(rivals))
	for i, r := range rivals {
		layers := p.ReluLayers
		if r.activation == "sigmoid" {
			layers = p.DeepLayers
		}
		shape := networkParams{Activation: r.activation, BatchNorm: r.norm}
		for range layers {
			shape.Hidden = append(shape.Hidden, p.Hidden)
		}
		net := newNetwork(s.Rand("init "+r.activation), s.Seed(), shape, t.features, classes)
		if learners[i], err = newLearner(net, how, p.WeightDecay, crossEntropy); err != nil {
			return err
		}
		evals[i] = supervised.NewEvaluator(net.eval, []int{t.features})
		parts[r.name], parts[r.name+".optimiser"] = net.Params, learners[i].Optimiser
		s.Fact("model.parameters."+r.name, fmt.Sprint(net.Params.Count()))
	}

	perEpoch := t.train.PerEpoch()
	lr := how.schedule(p.Epochs * perEpoch)
	loop := family.Loop{Steps: p.Epochs * perEpoch, PerEpoch: perEpoch, Samples: t.batch, State: parts, Batches: []family.Batches{t.train}}
	for step := range loop.Run(s) {
		for i, l := range learners {
			loss, err := l.Learn(t.train, lr(step-1))
			if err != nil {
				return err
			}
			s.Log(step, rivals[i].name+"/loss", loss)
		}
		if !loop.EpochEnds() {
			continue
		}
		for i, r := range rivals {
			val, err := evals[i].Classify(t.val)
			if err != nil {
				return err
			}
			s.Log(step, r.name+"/val_loss", val.Loss)
			s.Log(step, r.name+"/val_accuracy", val.Accuracy)
			curves.Add(r.name, loop.Epoch(), val.Accuracy)
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	step := loop.Step()
	var names []string
	for i, r := range rivals {
		test, err := evals[i].Classify(t.test)
		if err != nil {
			return err
		}
		s.Log(step, r.name+"/test_accuracy", test.Accuracy)
		s.Log(step, r.name+"/epochs_to", float64(curves.First(r.name, p.Reach)))
		names = append(names, r.name)
	}
	img, err := curves.Draw(picture.Axis{Label: "epoch"}, picture.Axis{Label: "validation accuracy"}, names...)
	if err != nil {
		return err
	}
	if err := s.Image("accuracy", 0, img); err != nil {
		return err
	}
	return supervised.Save(s, "model", "mlp-batchnorm", supervised.About(t.set, t.normal), learners[1].model("logits"))
}
