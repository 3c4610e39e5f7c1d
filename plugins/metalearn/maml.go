package metalearn

// MAML: Finn, Abbeel & Levine, "Model-Agnostic Meta-Learning for Fast Adaptation of Deep
// Networks" (2017), algorithms 1 and 2, with the true second-order gradient.
//
// What to expect of the defaults (sines from 10 points), in five seconds: on tasks not
// seen before, a mean squared error of at most 0.65 after one step and 0.20 after ten,
// where weights that never adapt are at 3 to 4. With data=omniglot-small, in three minutes:
// 84 % of five new characters from one drawing each.

import (
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/optim"
)

type mamlParams struct {
	TasksParams
	InnerLR    float64 `default:"0" min:"0" doc:"α, step size on a task; 0: 0.01 for sines, 0.4 for characters"`
	InnerSteps int     `default:"1" min:"1" doc:"steps on a task in training"`
	MetaBatch  int     `default:"0" min:"0" doc:"tasks in an iteration; 0: 25 for sines, 16 for characters"`
	LR         float64 `default:"0" min:"0" doc:"β, Adam's learning rate; 0: 1e-3 for sines, 3e-3 for characters"`
	Iterations int     `default:"0" min:"0" doc:"updates of the initial weights; 0: 10000 for sines, 1500 for characters"`
	TestSteps  int     `default:"0" min:"0" doc:"steps on a task in tests, for loss; 0: 10 for sines, 3 for characters"`
	TestParams
}

var maml = family.NewRecipe("maml", "initial weights from which one gradient step learns a task, by second-order gradients", trainMAML, promises...)

func trainMAML(s *family.Session, p mamlParams) error { return p.train(s, "maml", secondOrder) }

// metaGradient is what an iteration goes down: a loss of tasks, and its gradient with
// respect to the weights that adapting to them begins with.
type metaGradient func(f *learner, t *tasks, alpha float64, steps int) (loss *graph.Node, gradient graph.Gradients)

// train is algorithm 1, with the meta-gradient of line 8 left open.
func (p mamlParams) train(s *family.Session, recipe string, gradient metaGradient) error {
	c, err := newCourse(s, recipe, finn, p.TasksParams, p.TestParams)
	if err != nil {
		return err
	}
	p.suit(c)
	f := c.learner

	t := f.tasks(p.MetaBatch, c.from, c.support, c.query)
	loss, g := gradient(f, t, p.InnerLR, p.InnerSteps)
	meta, err := c.compile(recipe, p.MetaBatch, t, loss, g)
	if err != nil {
		return err
	}
	adam := optim.NewAdam(f.Params, p.LR)

	exam, err := newAdaptingExam(c, p.InnerLR, p.TestSteps)
	if err != nil {
		return err
	}
	return c.run(checkpoint.Parts{"learner": f.Params, "adam": adam}, p.Iterations, exam, func(int) float64 {
		loss := meta.gradient() // lines 3 to 7: draws tasks as well
		adam.Step()             // line 8
		return loss
	})
}

// suit fills in what was left to the kind of tasks.
func (p *mamlParams) suit(c *course) {
	suit(c, "inner_lr", &p.InnerLR, 0.01, 0.4)
	suit(c, "meta_batch", &p.MetaBatch, 25, 16)
	suit(c, "lr", &p.LR, 1e-3, 3e-3)
	suit(c, "iterations", &p.Iterations, 10000, 1500)
	suit(c, "test_steps", &p.TestSteps, 10, 3)
}

// secondOrder are lines 4 to 8 of algorithm 1: adapt to each task of a batch, and
// differentiate what its query points then lose with respect to the weights that adapting
// began with, through the gradients in between.
func secondOrder(f *learner, t *tasks, alpha float64, steps int) (loss *graph.Node, gradient graph.Gradients) {
	phi := f.adapt(t.theta, t.x, t.y, alpha, steps)
	loss = graph.Mean(f.loss(f.with(phi, t.queryX), t.queryY))
	return loss, graph.Backward(loss, f.Params)
}
