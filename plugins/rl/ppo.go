package rl

// PPO: Schulman, Wolski, Dhariwal, Radford & Klimov, "Proximal Policy Optimization
// Algorithms" (2017), with the details of Huang et al., "The 37 Implementation Details of
// Proximal Policy Optimization" (2022), as in CleanRL's ppo.py; unlike there, a truncated
// episode is bootstrapped.
//
// What to expect of the defaults, CartPole-v1: return_100 at least 475, of 500, within
// 120,000 steps, in a few seconds.

import (
	"fmt"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

type ppoParams struct {
	ActorCriticParams `default:"entropy=0.01"`
	LR                float64 `default:"2.5e-3" min:"0" doc:"Adam's learning rate, which falls linearly to 0"`
	Epochs            int     `default:"10" min:"1" doc:"passes over these steps in an update"`
	Minibatches       int     `default:"4" min:"1" doc:"parts of a pass"`
	Clip              float64 `default:"0.2" min:"0" doc:"how far the probability of an action may move in an update"`
	ClipValue         bool    `default:"false" doc:"whether the same holds for values"`
}

var ppo = family.NewRecipe("ppo", "proximal policy optimisation: several careful steps on the same experience", trainPPO,
	returnMetrics(
		family.Metric("policy_loss", "", core.Neutral, "clipped objective, negated; mean of the last update"),
		family.Metric("value_loss", "", core.Neutral, "half the squared error of the critic"),
		family.Metric("entropy", "nats", core.Neutral, "of the policy; ln of the number of actions when it knows nothing"),
		family.Metric("approx_kl", "nats", core.Neutral, "how far the policy has moved in an update"),
		family.StartsFrom(), family.Resumes())...)

func trainPPO(s *family.Session, p ppoParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	vm.SetThreads(s.Threads())
	batch := p.Envs * p.Steps
	if batch%p.Minibatches != 0 {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("envs × steps = %d is no multiple of minibatches=%d", batch, p.Minibatches), Try: "minibatches=4"}
	}
	envs, err := env.NewVector(p.Env, p.Envs, s.Rand("env"))
	if err != nil {
		return err
	}
	A, V, err := newActorCritic(s, envs.Spec, 0.01, 1, p.Hidden, p.Hidden)
	if err != nil {
		return err
	}
	ro, err := newRollout(envs, p.Steps, A, V, p.RewardScale, s.Rand("actions"))
	if err != nil {
		return err
	}

	// A step on m steps of the experience.
	m := batch / p.Minibatches
	g := graph.New()
	obs, actions := g.Input("obs", m, envs.Observation.Size()), A.actions(g, m)
	logProb, value := g.Input("log_prob", m), g.Input("value", m) // as when they were experienced
	advantage, returns := g.Input("advantage", m), g.Input("return", m)

	out := A.forward(obs)
	logRatio := graph.Sub(A.logProb(out, actions), logProb)
	ratio := graph.Exp(logRatio) // π(a|s) / π_old(a|s)
	mean, variance := graph.Moments(advantage, 0, 1)
	adv := graph.Div(graph.Sub(advantage, mean), graph.Shift(graph.Sqrt(graph.Scale(variance, float64(m)/float64(max(m-1, 1)))), 1e-8))
	policyLoss := graph.Neg(graph.Mean(graph.Min(graph.Mul(adv, ratio), graph.Mul(adv, graph.Clip(ratio, 1-p.Clip, 1+p.Clip))))) // eq. 7
	now := V.forward(obs)
	wrong := graph.Square(graph.Sub(now, returns))
	if p.ClipValue {
		near := graph.Add(value, graph.Clip(graph.Sub(now, value), -p.Clip, p.Clip))
		wrong = graph.Max(wrong, graph.Square(graph.Sub(near, returns)))
	}
	valueLoss := graph.Scale(graph.Mean(wrong), 0.5)
	entropy := A.entropy(out)
	loss := graph.Add(graph.Sub(policyLoss, graph.Scale(entropy, p.Entropy)), graph.Scale(valueLoss, p.ValueLoss)) // eq. 9
	kl := graph.Mean(graph.Sub(graph.Shift(ratio, -1), logRatio))                                                  // Schulman 2020, "Approximating KL divergence", k3
	update, err := vm.Compile([]*graph.Node{policyLoss, valueLoss, entropy, kl}, graph.Backward(loss, A.Params, V.Params))
	if err != nil {
		return err
	}
	update.Named("update")
	adamA, adamV := optim.NewAdam(A.Params, p.LR), optim.NewAdam(V.Params, p.LR)
	adamA.Eps, adamV.Eps = 1e-5, 1e-5
	clip := optim.NewClip(A.Params, V.Params)

	returnCurve := &curve{s: s}
	parts := checkpoint.Parts{"actor": A.Params, "critic": V.Params, "actor.adam": adamA, "critic.adam": adamV, "env": envs, "curve": returnCurve}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	updates := max(1, p.TotalSteps/batch)
	lr := optim.Linear(p.LR, 0, updates)
	order := make([]int, batch)
	shuffle := s.Rand("shuffle")
	for u := step / batch; u < updates; u++ {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		ro.collect(p.Gamma, returnCurve)
		ro.estimate(p.Gamma, p.Lambda)
		adamA.SetLR(lr(u))
		adamV.SetLR(lr(u))
		var total [4]float64
		for range p.Epochs {
			for i := range order {
				order[i] = i
			}
			shuffle.Shuffle(batch, func(i, j int) { order[i], order[j] = order[j], order[i] })
			for part := range p.Minibatches {
				rows := order[part*m : (part+1)*m]
				take(update.Value(obs), ro.Obs, rows)
				take(update.Value(actions), ro.Actions, rows)
				take(update.Value(logProb), ro.LogProbs, rows)
				take(update.Value(value), ro.Values, rows)
				take(update.Value(advantage), ro.Advantages, rows)
				take(update.Value(returns), ro.Returns, rows)
				update.Run()
				clip.Norm(p.MaxGradNorm)
				adamA.Step()
				adamV.Step()
				for i, n := range []*graph.Node{policyLoss, valueLoss, entropy, kl} {
					total[i] += update.Scalar(n)
				}
			}
		}
		step += batch
		returnCurve.log(step)
		for i, name := range []string{"policy_loss", "value_loss", "entropy", "approx_kl"} {
			s.Log(step, name, total[i]/float64(p.Epochs*p.Minibatches))
		}
		s.Progress(core.Progress{Done: int64(step), Total: int64(updates * batch), Samples: int64(step)})
	}
	return p.finish(s, envs.Spec, "ppo", A, V, returnCurve, step)
}

// take copies rows of from, which all are as long, to where the network reads them.
func take(to, from []float32, rows []int) {
	width := len(to) / len(rows)
	for i, r := range rows {
		copy(to[i*width:(i+1)*width], from[r*width:])
	}
}
