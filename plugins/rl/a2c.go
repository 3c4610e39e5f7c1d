package rl

// A2C: the synchronous form of Mnih et al., "Asynchronous Methods for Deep Reinforcement
// Learning" (2016), algorithm S3: a step of actor and critic after every few steps of all
// environments.
//
// What to expect of the defaults, CartPole-v1: return_100 at least 475, of 500, within
// 500,000 steps, in some ten seconds.

import (
	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

type a2cParams struct {
	ActorCriticParams `default:"total_steps=500_000 steps=8"`
	LR                float64 `default:"1e-3" min:"0" doc:"RMSprop's learning rate, which falls linearly to 0"`
}

var a2c = family.NewRecipe("a2c", "advantage actor-critic: a step of both after every few steps of all environments", trainA2C,
	returnMetrics(
		family.Metric("policy_loss", "", core.Neutral, "-A ln π of the actions taken"),
		family.Metric("value_loss", "", core.Neutral, "squared error of the critic"),
		family.Metric("entropy", "nats", core.Neutral, "of the policy; ln of the number of actions when it knows nothing"),
		family.StartsFrom(), family.Resumes())...)

func trainA2C(s *family.Session, p a2cParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	vm.SetThreads(s.Threads())
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

	batch := p.Envs * p.Steps
	g := graph.New()
	obs, actions := g.Input("obs", batch, envs.Observation.Size()), A.actions(g, batch)
	advantage, returns := g.Input("advantage", batch), g.Input("return", batch)
	out := A.forward(obs)
	policyLoss := graph.Neg(graph.Mean(graph.Mul(advantage, A.logProb(out, actions))))
	valueLoss, entropy := nn.MSE(V.forward(obs), returns), A.entropy(out)
	loss := graph.Add(graph.Sub(policyLoss, graph.Scale(entropy, p.Entropy)), graph.Scale(valueLoss, p.ValueLoss))
	update, err := vm.Compile([]*graph.Node{policyLoss, valueLoss, entropy}, graph.Backward(loss, A.Params, V.Params))
	if err != nil {
		return err
	}
	update.Named("update")
	stepA, stepV := optim.NewRMSprop(A.Params, p.LR), optim.NewRMSprop(V.Params, p.LR)
	stepA.Eps, stepV.Eps = 1e-5, 1e-5
	clip := optim.NewClip(A.Params, V.Params)

	c := &curve{s: s}
	parts := checkpoint.Parts{"actor": A.Params, "critic": V.Params, "actor.rmsprop": stepA, "critic.rmsprop": stepV, "env": envs, "curve": c}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	updates := max(1, p.TotalSteps/batch)
	lr := optim.Linear(p.LR, 0, updates)
	for u := step / batch; u < updates; u++ {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		ro.collect(p.Gamma, c)
		ro.estimate(p.Gamma, p.Lambda)
		copy(update.Value(obs), ro.Obs)
		copy(update.Value(actions), ro.Actions)
		copy(update.Value(advantage), ro.Advantages)
		copy(update.Value(returns), ro.Returns)
		update.Run()
		clip.Norm(p.MaxGradNorm)
		stepA.SetLR(lr(u))
		stepV.SetLR(lr(u))
		stepA.Step()
		stepV.Step()
		step += batch

		if step/logEvery > (step-batch)/logEvery || u == updates-1 {
			c.log(step)
			s.Log(step, "policy_loss", update.Scalar(policyLoss))
			s.Log(step, "value_loss", update.Scalar(valueLoss))
			s.Log(step, "entropy", update.Scalar(entropy))
		}
		s.Progress(core.Progress{Done: int64(step), Total: int64(updates * batch), Samples: int64(step)})
	}
	return p.finish(s, envs.Spec, "a2c", A, V, c, step)
}
