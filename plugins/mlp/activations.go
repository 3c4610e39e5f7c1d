package mlp

// What activations are for: Cybenko, "Approximation by superpositions of a sigmoidal
// function" (1989); Glorot & Bengio, "Understanding the difficulty of training deep
// feedforward neural networks" (2010); Glorot, Bordes & Bengio, "Deep sparse rectifier
// neural networks" (2011). The same deep network learns a curve with each activation,
// on the same batches. Without one it is a straight line, however deep: the product of
// its matrices is a matrix, and training finds the one of least squares.
//
// What to expect of the defaults on sine, in seconds: none/test_rmse within 1 % of
// linear_rmse, 0.48; relu and tanh come to 0.11, of which 0.10 is noise; sigmoid stalls
// for long, since its gradients vanish on the way down, and comes to 0.30.

import (
	"fmt"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/picture"
	"lab/core/supervised"
	"lab/core/vm"
)

type activationsParams struct {
	taskParams `default:"data=sine"`
	Epochs     int `default:"300" min:"1" doc:"passes over the training examples"`
	Layers     int `default:"5" min:"1" doc:"hidden layers"`
	Hidden     int `default:"32" min:"1" doc:"units of each hidden layer"`
	Monitor    int `default:"10" min:"1" doc:"steps between the records of gradient norms"`
	optimiserParams
}

var compared = []string{"none", "sigmoid", "tanh", "relu"}

var activations = family.NewRecipe("activations", "one deep network with each activation, and none", trainActivations,
	family.Metric("relu/test_rmse", "", core.Lower, "root mean squared error of the test, rectified linear units"),
	family.Metric("tanh/test_rmse", "", core.Lower, "the same, tanh"),
	family.Metric("sigmoid/test_rmse", "", core.Lower, "the same, sigmoid"),
	family.Metric("none/test_rmse", "", core.Lower, "the same, no activation"),
	family.Metric("linear_rmse", "", core.Neutral, "the same of linear regression in closed form"),
	family.Metric("linear_gap", "", core.Lower, "distance of the predictions without activation from those of linear regression, relative to linear_rmse"),
	family.Metric("relu/loss", "", core.Lower, "mean squared error of the batch, the targets' variance being 1; of each activation"),
	family.Metric("relu/gradient_fc1", "", core.Neutral, "norm of the gradient of the first layer's weights; of each activation and layer"),
	family.Data("sine", "diabetes"), family.Resumes())

func trainActivations(s *family.Session, p activationsParams) error {
	vm.SetThreads(s.Threads())
	t, err := openTask(s, p.taskParams)
	if err != nil {
		return err
	}
	if err := t.numbers(); err != nil {
		return err
	}
	targets := t.split.Train.TargetStatistics()
	var curves supervised.History
	parts := checkpoint.Parts{"curves": &curves}
	learners := make([]*learner, len(compared))
	for i, name := range compared {
		shape := networkParams{Activation: name}
		for range p.Layers {
			shape.Hidden = append(shape.Hidden, p.Hidden)
		}
		net := newNetwork(s.Rand("init "+name), s.Seed(), shape, t.features, 1)
		if learners[i], err = newLearner(net, p.optimiserParams, 0, squaredError(targets)); err != nil {
			return err
		}
		parts[name], parts[name+".optimiser"] = net.Params, learners[i].Optimiser
	}
	s.Fact("model.parameters", fmt.Sprint(learners[0].Params.Count()))

	perEpoch := t.train.PerEpoch()
	lr := p.schedule(p.Epochs * perEpoch)
	loop := family.Loop{Steps: p.Epochs * perEpoch, PerEpoch: perEpoch, Samples: t.batch, State: parts, Batches: []family.Batches{t.train}}
	for step := range loop.Run(s) {
		for i, l := range learners {
			loss, err := l.Learn(t.train, lr(step-1))
			if err != nil {
				return err
			}
			s.Log(step, compared[i]+"/loss", loss)
			curves.Add(compared[i], step, loss)
			if (step-1)%p.Monitor > 0 {
				continue
			}
			for layer := range l.fc {
				name := fmt.Sprintf("%s/gradient_fc%d", compared[i], layer+1)
				s.Log(step, name, l.norm(layer))
				curves.Add(name, step, l.norm(layer))
			}
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	step := loop.Step()
	line, err := leastSquares(t.split.Train)
	if err != nil {
		return err
	}
	linear := line.fit(t.set.Test)
	s.Log(step, "linear_rmse", linear.RMSE)
	var predictions []picture.Series
	for i, name := range compared {
		eval := supervised.NewEvaluator(learners[i].eval, []int{t.features})
		test, said := &supervised.Fit{}, []float32(nil)
		err := eval.Outputs(t.test, func(out []float32) {
			at := len(said)
			said = append(said, out...)
			targets.Undo(said[at:])
		})
		if err != nil {
			return err
		}
		test.Add(said, t.set.Test.Targets)
		s.Log(step, name+"/test_rmse", test.RMSE)
		if name == "none" {
			gap := &supervised.Fit{}
			gap.Add(said, line.predict(t.set.Test))
			s.Log(step, "linear_gap", gap.RMSE/linear.RMSE)
		}
		predictions = append(predictions, picture.Series{Name: name, X: inputs(t.set.Test), Y: numbers(said), Points: true})
	}
	if err := drawActivations(s, t, &curves, learners, predictions); err != nil {
		return err
	}
	about := supervised.About(t.set, t.normal)
	targets.Metadata("target", func(key, value string) { about[key] = value })
	return supervised.Save(s, "model", "mlp-activations", about, learners[len(learners)-1].model("prediction"))
}

// drawActivations records the losses, the gradients of each layer, and what is
// predicted.
func drawActivations(s *family.Session, t *task, curves *supervised.History, learners []*learner, predictions []picture.Series) error {
	img, err := curves.Draw(picture.Axis{Label: "step"}, picture.Axis{Label: "mean squared error / variance", Log: true}, compared...)
	if err != nil {
		return err
	}
	if err := s.Image("curves", 0, img); err != nil {
		return err
	}
	for i, name := range compared {
		var layers []string
		for layer := range learners[i].fc {
			layers = append(layers, fmt.Sprintf("%s/gradient_fc%d", name, layer+1))
		}
		img, err := curves.Draw(picture.Axis{Label: "step"}, picture.Axis{Label: "gradient norm", Log: true}, layers...)
		if err != nil {
			return err
		}
		if err := s.Image("gradients-"+name, 0, img); err != nil {
			return err
		}
	}
	if img, err = drawPredictions(t, predictions...); err != nil {
		return err
	}
	return s.Image("predictions", 0, img)
}
