package metalearn

// Reptile: Nichol, Achiam & Schulman, "On First-Order Meta-Learning Algorithms" (2018),
// algorithm 2: learn a task by ordinary gradient descent, then move the initial weights
// some of the way to where that led.
//
// What to expect of the defaults (sines, in the setting of the authors' demonstration: one
// task of 50 points an iteration, tests with 10), in ten seconds: on tasks not seen before a
// mean squared error of at most 0.20 after 32 steps.

import (
	"math"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/optim"
	"lab/plugins/metalearn/task"
)

type reptileParams struct {
	TasksParams
	TrainShots int     `default:"0" min:"0" doc:"points of a task in training, of each class if there are classes; 0: 50 for sines, 10 for characters"`
	InnerLR    float64 `default:"0" min:"0" doc:"step size on a task; 0: 0.02 for sines, 0.1 for characters"`
	InnerSteps int     `default:"5" min:"1" doc:"steps on a task in training, each on its own part of the points"`
	MetaBatch  int     `default:"0" min:"0" doc:"tasks in an iteration; 0: 1 for sines, 5 for characters"`
	Epsilon    float64 `default:"0" min:"0" max:"1" doc:"ε, how much of the way to move, falling linearly to 0; 0: 0.1 for sines, 1 for characters"`
	Iterations int     `default:"0" min:"0" doc:"moves of the initial weights; 0: 30000 for sines, 3000 for characters"`
	TestSteps  int     `default:"0" min:"0" doc:"steps on a task in tests, for loss; 0: 32 for sines, 3 for characters"`
	TestParams
}

// nichol is the setting of the authors' demonstration.
var nichol = setting{sine: task.Sine{MaxPhase: 2 * math.Pi, Grid: 50}, hidden: 64, activation: graph.Tanh}

var reptile = family.NewRecipe("reptile", "initial weights near those of all tasks", trainReptile, promises...)

func trainReptile(s *family.Session, p reptileParams) error {
	c, err := newCourse(s, "reptile", nichol, p.TasksParams, p.TestParams)
	if err != nil {
		return err
	}
	if err := p.suit(c); err != nil {
		return err
	}
	f := c.learner

	// φ: steps of gradient descent from θ, each on its share of the points.
	t := f.tasks(p.MetaBatch, c.from, p.TrainShots*max(1, c.from.Classes), 1)
	phi, points := t.theta, len(t.y.Shape())-1
	for step := range p.InnerSteps {
		share := func(x *graph.Node) *graph.Node { // as many of each class as of any other
			return graph.Slice(x, points, step, x.Shape()[points], p.InnerSteps)
		}
		phi = f.adapt(phi, share(t.x), share(t.y), p.InnerLR, 1)
	}
	loss := graph.Mean(f.loss(f.with(phi, t.x), t.y))

	// θ ← θ + ε (φ - θ): a step of SGD with the gradient θ - φ and the rate ε.
	back := make([]*graph.Node, len(phi))
	for i := range phi {
		back[i] = graph.Sub(t.theta[i], phi[i])
	}
	meta, err := c.compile("reptile", p.MetaBatch, t, loss, f.mean(back))
	if err != nil {
		return err
	}
	sgd, epsilon := optim.NewSGD(f.Params, p.Epsilon), optim.Linear(p.Epsilon, 0, p.Iterations)

	exam, err := newAdaptingExam(c, p.InnerLR, p.TestSteps)
	if err != nil {
		return err
	}
	return c.run(checkpoint.Parts{"learner": f.Params, "sgd": sgd}, p.Iterations, exam, func(step int) float64 {
		loss := meta.gradient()
		sgd.SetLR(epsilon(step))
		sgd.Step()
		return loss
	})
}

// suit fills in what was left to the kind of tasks.
func (p *reptileParams) suit(c *course) error {
	suit(c, "train_shots", &p.TrainShots, 50, 10)
	suit(c, "inner_lr", &p.InnerLR, 0.02, 0.1)
	suit(c, "meta_batch", &p.MetaBatch, 1, 5)
	suit(c, "epsilon", &p.Epsilon, 0.1, 1)
	suit(c, "iterations", &p.Iterations, 30000, 3000)
	suit(c, "test_steps", &p.TestSteps, 32, 3)
	if p.InnerSteps > p.TrainShots {
		return &core.Error{Kind: core.Usage, Msg: "fewer train_shots than inner_steps: each step takes a share of the points", Try: "inner_steps=1"}
	}
	return c.enough(p.TrainShots)
}
