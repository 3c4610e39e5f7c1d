package mlp

// A multilayer perceptron that predicts a number, by least squares on its outputs; the
// universal approximation of Cybenko (1989) and Hornik (1991) at work. Beside it stands
// linear regression, fitted in closed form to the same examples: what a network that
// does not beat it has not learned.
//
// What to expect of the defaults on diabetes, in a second: test_rmse 51 on fold 0, where
// least squares has 51.4 and the mean of the targets 77; over all five folds, with val=0,
// 54.1 against 54.6. data=sine epochs=600 weight_decay=0: 0.11 of which 0.10 is noise,
// where the straight line has 0.48.

import (
	"fmt"
	"image"

	"lab/core"
	"lab/core/data"
	"lab/core/family"
	"lab/core/picture"
	"lab/core/supervised"
	"lab/core/vm"
)

type regressParams struct {
	taskParams `default:"data=diabetes"`
	networkParams
	fitParams `default:"epochs=60 weight_decay=0.05"`
}

var regress = family.NewRecipe("regress", "predicts a number of a table's rows", trainRegress,
	family.Metric("test_rmse", "", core.Lower, "root mean squared error of the test, in the target's units, by the weights of the best epoch"),
	family.Metric("test_mae", "", core.Lower, "mean absolute error of the test"),
	family.Metric("test_r2", "", core.Higher, "share of the test's variance that is explained"),
	family.Metric("linear_rmse", "", core.Neutral, "test_rmse of linear regression on the training and validation examples"),
	family.Metric("val_rmse", "", core.Lower, "root mean squared error of the validation examples; the best epoch has the lowest"),
	family.Metric("train_loss", "", core.Lower, "mean squared error of the training examples as they were learned, the targets' variance being 1"),
	family.Metric("loss", "", core.Lower, "train_loss of the batch"),
	family.Data("diabetes", "sine"), family.StartsFrom(), family.Resumes())

func trainRegress(s *family.Session, p regressParams) error {
	vm.SetThreads(s.Threads())
	t, err := openTask(s, p.taskParams)
	if err != nil {
		return err
	}
	if err := t.numbers(); err != nil {
		return err
	}
	targets := t.split.Train.TargetStatistics()
	net := newNetwork(s.Rand("init"), s.Seed(), p.networkParams, t.features, 1)
	if err := net.startFrom(s); err != nil {
		return err
	}
	l, err := newLearner(net, p.optimiserParams, p.WeightDecay, squaredError(targets))
	if err != nil {
		return err
	}
	s.Fact("model.parameters", fmt.Sprint(net.Params.Count()))
	s.Fact("cpu.isa", vm.ISA())

	eval := supervised.NewEvaluator(net.eval, []int{t.features})
	var curves supervised.History
	step, err := l.fit(s, t, p.fitParams, &curves, nil, func(step, epoch int) (loss float64, err error) {
		val, err := eval.Regress(t.val, targets.Undo)
		if err != nil {
			return 0, err
		}
		s.Log(step, "val_rmse", val.RMSE)
		curves.Add("validation", epoch, val.RMSE*val.RMSE/(targets.Std[0]*targets.Std[0]))
		return val.RMSE, nil
	})
	if err != nil || step == 0 {
		return err
	}
	test, err := eval.Regress(t.test, targets.Undo)
	if err != nil {
		return err
	}
	s.Log(step, "test_rmse", test.RMSE)
	s.Log(step, "test_mae", test.MAE)
	s.Log(step, "test_r2", test.R2)
	line, err := leastSquares(data.All(t.set.Train))
	if err != nil {
		return err
	}
	s.Log(step, "linear_rmse", line.fit(t.set.Test).RMSE)
	if err := drawRegressor(s, t, &curves, eval, targets); err != nil {
		return err
	}
	about := supervised.About(t.set, t.normal)
	targets.Metadata("target", func(key, value string) { about[key] = value })
	return supervised.Save(s, "model", "mlp-regress", about, net.model("prediction"))
}

// drawRegressor records the curves and what is predicted: against what is, or, of a
// function of one number, as a curve over the points.
func drawRegressor(s *family.Session, t *task, curves *supervised.History, eval *supervised.Evaluator, targets data.Statistics) error {
	img, err := curves.Draw(picture.Axis{Label: "epoch"}, picture.Axis{Label: "mean squared error / variance", Log: true}, "train", "validation")
	if err != nil {
		return err
	}
	if err := s.Image("curves", 0, img); err != nil {
		return err
	}
	var said []float64
	err = eval.Outputs(t.test, func(out []float32) {
		said = append(said, undone(targets, out)...)
	})
	if err != nil {
		return err
	}
	if img, err = drawPredictions(t, picture.Series{Name: "prediction", X: inputs(t.set.Test), Y: said, Points: true}); err != nil {
		return err
	}
	return s.Image("predictions", 0, img)
}

// undone are outputs in the target's units.
func undone(targets data.Statistics, out []float32) []float64 {
	said := append([]float32(nil), out...)
	targets.Undo(said)
	return numbers(said)
}

// inputs are the examples of one feature; nil of several.
func inputs(e *data.Examples) []float64 {
	if e.Shape.Size() != 1 {
		return nil
	}
	return numbers(e.Values)
}

func numbers(v []float32) []float64 {
	out := make([]float64, len(v))
	for i, x := range v {
		out[i] = float64(x)
	}
	return out
}

// drawPredictions draws predictions of the test examples over them where they have one
// feature, and against what they should be otherwise.
func drawPredictions(t *task, series ...picture.Series) (image.Image, error) {
	e := t.set.Test
	name := t.set.Target
	if name == "" {
		name = "y"
	}
	is := numbers(e.Targets)
	if inputs(e) != nil {
		points := picture.Series{Name: "test", X: inputs(e), Y: is, Points: true}
		return picture.Chart{X: picture.Axis{Label: t.set.Features[0]}, Y: picture.Axis{Label: name}, Series: append([]picture.Series{points}, series...)}.Draw()
	}
	for i := range series {
		series[i].X = is
	}
	lo, hi := is[0], is[0]
	for _, y := range is {
		lo, hi = min(lo, y), max(hi, y)
	}
	ideal := picture.Series{Name: "ideal", X: []float64{lo, hi}, Y: []float64{lo, hi}}
	return picture.Chart{X: picture.Axis{Label: name}, Y: picture.Axis{Label: "prediction"}, Series: append(series, ideal), Width: 480, Height: 480}.Draw()
}
