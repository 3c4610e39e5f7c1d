package rl

// REINFORCE: Williams, "Simple Statistical Gradient-Following Algorithms for Connectionist
// Reinforcement Learning" (1992); rewards to go, discount and baseline as in Sutton &
// Barto, "Reinforcement Learning: An Introduction" (2018), section 13.4.
//
// What to expect of the defaults, CartPole-v1: return_100 at least 195, of 500, within
// 100,000 steps and at least 475 within 250,000, in about ten seconds. The gradient of an
// episode varies least with rewards to go and a learned baseline: see the metrics
// variance_… , which measure all three on the same episodes.

import (
	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

type reinforceParams struct {
	Env           string  `default:"CartPole-v1" enum:"CartPole-v1,Acrobot-v1,Pendulum-v1,MountainCar-v0,MountainCarContinuous-v0,FrozenLake-v1,FrozenLake8x8-v1,Lander-v0" doc:"environment, by its name in Gymnasium"`
	TotalSteps    int     `default:"250_000" min:"1" doc:"steps of all environments together; the episodes that are then going on are finished"`
	Batch         int     `default:"16" min:"2" doc:"whole episodes an update"`
	LR            float64 `default:"1e-2" min:"0" doc:"Adam's learning rate of the policy"`
	Gamma         float64 `default:"0.99" min:"0" max:"1" doc:"discount of a step"`
	RewardToGo    bool    `default:"true" doc:"whether an action answers for what comes after it only, or for all of its episode"`
	Baseline      string  `default:"value" enum:"value,none" doc:"what returns are compared with: the expectation of a critic, or nothing"`
	Normalize     bool    `default:"true" doc:"whether a batch's advantages are brought to mean 0 and deviation 1"`
	ValueLR       float64 `default:"1e-2" min:"0" doc:"Adam's learning rate of the critic"`
	ValueSteps    int     `default:"5" min:"1" doc:"steps of the critic an update"`
	Hidden        int     `default:"64" min:"1" doc:"width of the hidden layer of policy and critic"`
	VarianceEvery int     `default:"5" min:"0" doc:"updates between measurements of the gradient's variance; 0 for none"`
	Evaluation
}

var reinforce = family.NewRecipe("reinforce", "policy gradient by whole episodes, with and without a baseline", trainReinforce,
	returnMetrics(
		family.Metric("value_loss", "", core.Lower, "squared error of the critic, in units of 1/(1-gamma)"),
		family.Metric("variance_total", "", core.Neutral, "of an episode's gradient when each action answers for all of it"),
		family.Metric("variance_to_go", "", core.Neutral, "likewise, when it answers for what comes after it"),
		family.Metric("variance_baseline", "", core.Neutral, "likewise, compared with the critic's expectation"),
		family.StartsFrom(), family.Resumes())...)

func trainReinforce(s *family.Session, p reinforceParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	vm.SetThreads(s.Threads())
	envs, err := env.NewVector(p.Env, p.Batch, s.Rand("env"))
	if err != nil {
		return err
	}
	A, V, err := newActorCritic(s, envs.Spec, 0, 0, p.Hidden)
	if err != nil {
		return err
	}

	play, err := newEpisodes(envs, A, s.Rand("actions"))
	if err != nil {
		return err
	}
	rows, size, width := play.rows, envs.Observation.Size(), envs.Action.Width()

	// The gradient of one episode: that of Σ weight · ln π(a|s), weights of rows after its end 0.
	pg := graph.New()
	pObs, pActions, weight := pg.Input("obs", rows, size), A.actions(pg, rows), pg.Input("weight", rows)
	gain := graph.Sum(graph.Mul(weight, A.logProb(A.forward(pObs), pActions)))
	policy, err := vm.Compile([]*graph.Node{gain}, graph.Backward(graph.Neg(gain), A.Params))
	if err != nil {
		return err
	}
	policy.Named("policy")

	// Likewise of the critic's squared error, and what it expects.
	vg := graph.New()
	vObs, target, share := vg.Input("obs", rows, size), vg.Input("return", rows), vg.Input("weight", rows)
	expected := V.forward(vObs)
	wrong := graph.Sum(graph.Mul(share, graph.Square(graph.Sub(expected, target))))
	value, err := vm.Compile([]*graph.Node{wrong, expected}, graph.Backward(wrong, V.Params))
	if err != nil {
		return err
	}
	value.Named("value")
	adamA, adamV := optim.NewAdam(A.Params, p.LR), optim.NewAdam(V.Params, p.ValueLR)
	sumA, sumV := optim.NewAccumulator(A.Params), optim.NewAccumulator(V.Params)

	// gradient adds up the episodes' gradients, for the optimiser, and measures their
	// variance around their mean: E ‖g_i - ḡ‖².
	_, grads := A.Params.Flat()
	gradient := func(weights []float64) (variance float64) {
		sum, squares := make([]float64, len(grads)), 0.0
		for i := range p.Batch {
			copy(policy.Value(pObs), play.obs[i*rows*size:])
			copy(policy.Value(pActions), play.actions[i*rows*width:])
			for t, w := range weights[i*rows : (i+1)*rows] {
				policy.Value(weight)[t] = float32(w)
			}
			policy.Run()
			sumA.Add()
			for j, g := range grads {
				sum[j] += float64(g)
				squares += float64(g) * float64(g)
			}
		}
		sumA.Sum()
		n := float64(p.Batch)
		for _, g := range sum {
			squares -= g * g / n
		}
		return squares / (n - 1)
	}

	c := &curve{s: s}
	parts := checkpoint.Parts{"actor": A.Params, "critic": V.Params, "actor.adam": adamA, "critic.adam": adamV, "curve": c}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	for step < p.TotalSteps {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		n := play.collect()
		step += n
		c.add(play.ended)

		// What each action answers for, in units of what a reward of 1 a step is worth.
		toGo := play.returns(p.Gamma)
		for i := range toGo {
			toGo[i] *= 1 - min(p.Gamma, 0.999)
		}
		total, compared := make([]float64, len(toGo)), make([]float64, len(toGo))
		play.each(func(at int) { total[at] = toGo[at/rows*rows] })
		answers := toGo
		if !p.RewardToGo {
			answers = total
		}

		// The critic learns what was to be expected, and is asked before that.
		for k := range p.ValueSteps {
			lost := 0.0
			for i := range p.Batch {
				copy(value.Value(vObs), play.obs[i*rows*size:])
				clear(value.Value(share))
				for t := range play.lengths[i] {
					value.Value(target)[t] = float32(toGo[i*rows+t])
					value.Value(share)[t] = 1 / float32(n)
				}
				value.Run()
				sumV.Add()
				lost += value.Scalar(wrong)
				for t := range play.lengths[i] {
					if at := i*rows + t; k == 0 {
						compared[at] = answers[at] - float64(value.Value(expected)[t])
					}
				}
			}
			if k == 0 {
				s.Log(step, "value_loss", lost)
			}
			sumV.Sum()
			adamV.Step()
		}

		if p.VarianceEvery > 0 && c.all/p.Batch%p.VarianceEvery == 1%p.VarianceEvery {
			s.Log(step, "variance_total", gradient(total))
			s.Log(step, "variance_to_go", gradient(toGo))
			s.Log(step, "variance_baseline", gradient(compared))
		}
		advantages := answers
		if p.Baseline == "value" {
			advantages = compared
		}
		mean, deviation := 0.0, 1.0
		if p.Normalize {
			mean, deviation = play.moments(advantages)
		}
		weights := make([]float64, len(advantages))
		play.each(func(at int) { weights[at] = (advantages[at] - mean) / (deviation + 1e-8) / float64(n) })
		gradient(weights)
		adamA.Step()

		c.log(step)
		s.Progress(core.Progress{Done: int64(min(step, p.TotalSteps)), Total: int64(p.TotalSteps), Samples: int64(step)})
	}
	return p.finish(s, envs.Spec, "reinforce", A, V, c, step)
}
