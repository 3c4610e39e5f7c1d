package main

// A multilayer perceptron with one hidden layer of rectified linear units (Glorot,
// Bordes & Bengio 2011), trained by Adam (Kingma & Ba 2015).
//
// What to expect of the defaults on fashion-mini, in a few seconds: accuracy about 0.80
// after three epochs.

import (
	"fmt"
	"math/rand/v2"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/supervised"
	"lab/core/tensor"
	"lab/core/vm"
)

// mlpParams are the parameters that a user can set: lr=1e-3, batch_size=64.
type mlpParams struct {
	Epochs    int     `default:"3" min:"1" doc:"passes over the training images"`
	BatchSize int     `default:"64" min:"1" max:"6000" doc:"images a step"`
	LR        float64 `default:"1e-3" min:"0" doc:"Adam's learning rate"`
	Hidden    int     `default:"128" min:"1" doc:"units of the hidden layer"`
}

var mlp = family.NewRecipe("mlp", "two layers that tell clothes apart", trainMLP,
	family.Metric("accuracy", "", core.Higher, "share of the test images told right"),
	family.Metric("loss", "nats", core.Lower, "cross entropy of the training batch"),
	family.Data("fashion-mini"), family.Resumes())

const pixels, classes = 28 * 28, 10

// network tells the class of an image [N,784]: logits [N,10].
type network struct {
	*nn.Scope
	fc1, fc2 *nn.Linear
}

func newNetwork(r *rand.Rand, hidden int) *network {
	s := nn.NewScope(r)
	return &network{Scope: s, fc1: nn.NewLinear(s.Sub("fc1"), pixels, hidden, true), fc2: nn.NewLinear(s.Sub("fc2"), hidden, classes, true)}
}

func (n *network) forward(x *graph.Node) *graph.Node {
	return n.fc2.Forward(graph.Relu(n.fc1.Forward(x))) // [N,hidden], [N,10]
}

func trainMLP(s *family.Session, p mlpParams) error {
	vm.SetThreads(s.Threads())
	set, err := data.Open("fashion-mini", s.DataDir())
	if err != nil {
		return err
	}
	batches, err := data.All(set.Train).Batches(data.Batching{Size: p.BatchSize, Shuffle: true, DropLast: true, Seed: s.Seed()})
	if err != nil {
		return err
	}
	test, err := data.All(set.Test).Batches(data.Batching{Size: supervised.EvalBatch})
	if err != nil {
		return err
	}
	net := newNetwork(s.Rand("init"), p.Hidden)
	s.Fact("data.name", set.Name)
	s.Fact("data.sha256", set.SHA256)
	s.Fact("model.parameters", fmt.Sprint(net.Params.Count()))

	g := graph.New()
	x, y := g.Input("x", p.BatchSize, pixels), g.Input("y", p.BatchSize)
	loss := nn.CrossEntropy(net.forward(x), y)
	program, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, net.Params))
	if err != nil {
		return err
	}
	program.Named("step") // in profiles
	adam := optim.NewAdam(net.Params, p.LR)
	eval := supervised.NewEvaluator(net.forward, tensor.Shape{pixels})

	perEpoch := batches.PerEpoch()
	loop := family.Loop{Steps: p.Epochs * perEpoch, PerEpoch: perEpoch, Samples: p.BatchSize, Batches: []family.Batches{batches},
		State: checkpoint.Parts{"net": net.Params, "adam": adam}}
	for step := range loop.Run(s) {
		batches.Inputs(program.Value(x))
		batches.LabelsFloat(program.Value(y))
		program.Run()
		adam.Step()
		s.Log(step, "loss", program.Scalar(loss))
		if loop.EpochEnds() {
			score, err := eval.Classify(test)
			if err != nil {
				return err
			}
			s.Log(step, "accuracy", score.Accuracy)
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	model, err := exchange.Export("thirdparty-mlp", onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", n["batch"], pixels)
		return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "logits", Node: net.forward(x)}}
	})
	if err != nil {
		return err
	}
	return modelfile.Save(s, "model", model, "thirdparty", "mlp", supervised.About(set, nil))
}
