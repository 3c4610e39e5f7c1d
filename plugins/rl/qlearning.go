package rl

// Q-learning: Watkins, "Learning from Delayed Rewards" (1989); Sutton & Barto,
// "Reinforcement Learning: An Introduction" (2018), section 6.5. One number for each state
// and action, learned by trying.
//
// What to expect of the defaults, FrozenLake-v1: eval_return about 0.74, which is the best
// there is, in a second or two.

import (
	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/optim"
	"lab/plugins/rl/env"
)

type qlearningParams struct {
	Env        string  `default:"FrozenLake-v1" enum:"FrozenLake-v1,FrozenLake8x8-v1,CliffWalking-v1,CliffWalkingSlippery-v1" doc:"environment, by its name in Gymnasium"`
	TotalSteps int     `default:"1_000_000" min:"1" doc:"steps of the environment"`
	LR         float64 `default:"0.1" min:"0" max:"1" doc:"share of a new estimate, which falls linearly to a hundredth"`
	Gamma      float64 `default:"0.999" min:"0" max:"1" doc:"discount of a step"`
	EpsilonEnd float64 `default:"0.2" min:"0" max:"1" doc:"share of random actions in the end"`
	Explore    float64 `default:"0.5" min:"0" max:"1" doc:"part of the training in which that share falls from 1"`
	Evaluation
}

var qlearning = family.NewRecipe("qlearning", "tabular Q-learning: the value of each action in each state", trainQLearning,
	returnMetrics(
		family.Metric("value", "", core.Higher, "of the best action where episodes begin"),
		family.Metric("epsilon", "", core.Neutral, "share of random actions"),
		family.StartsFrom(), family.Resumes())...)

func trainQLearning(s *family.Session, p qlearningParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	envs, err := env.NewVector(p.Env, 1, s.Rand("env"))
	if err != nil {
		return err
	}
	world := envs.Env(0).(env.Tabular)
	q, c := newQTable(envs.Spec), &curve{s: s}
	parts := checkpoint.Parts{"q": q, "env": envs, "curve": c}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	r := s.Rand("explore")
	epsilons := optim.Linear(1, p.EpsilonEnd, max(1, int(p.Explore*float64(p.TotalSteps))))
	rates := optim.Linear(p.LR, p.LR/100, p.TotalSteps)
	every := max(1, p.TotalSteps/200)
	for step < p.TotalSteps {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		epsilon, state := epsilons(step), int(world.State()[0])
		a := argmax(q[state])
		if r.Float64() < epsilon {
			a = r.IntN(len(q[state]))
		}
		envs.Step([]float64{float64(a)})
		step++
		c.add(envs.Ended)

		// Q(s,a) += α (r + γ max Q(s',·) - Q(s,a)), eq. 6.8
		target := envs.Rewards[0]
		if !envs.Terminated[0] {
			next := argmax(envs.Final) // which is one-hot
			target += p.Gamma * q[next][argmax(q[next])]
		}
		q[state][a] += rates(step) * (target - q[state][a])

		if step%every == 0 || step == p.TotalSteps {
			c.log(step)
			s.Log(step, "epsilon", epsilon)
			s.Log(step, "value", q[world.Start()][argmax(q[world.Start()])])
			s.Progress(core.Progress{Done: int64(step), Total: int64(p.TotalSteps), Samples: int64(step)})
		}
	}
	if err := c.draw(step); err != nil {
		return err
	}
	return q.finish(s, &p.Evaluation, envs.Spec, "qlearning", step)
}
