package rl

// DQN: Mnih et al., "Human-level control through deep reinforcement learning" (2015), with
// double Q-learning (van Hasselt, Guez & Silver 2016) and n-step returns (Hessel et al.,
// "Rainbow", 2018).
//
// What to expect of the defaults, CartPole-v1: eval_return at least 475, of 500, after
// 50,000 steps, in less than half a minute.

import (
	"fmt"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

type dqnParams struct {
	Env         string  `default:"CartPole-v1" enum:"CartPole-v1,Acrobot-v1,MountainCar-v0,FrozenLake-v1,FrozenLake8x8-v1,CliffWalking-v1,CliffWalkingSlippery-v1,Lander-v0" doc:"environment, by its name in Gymnasium"`
	TotalSteps  int     `default:"50_000" min:"1" doc:"steps of the environment"`
	LR          float64 `default:"1e-3" min:"0" doc:"Adam's learning rate, which falls linearly to 0"`
	BatchSize   int     `default:"64" min:"1" doc:"transitions a step of the network"`
	Gamma       float64 `default:"0.99" min:"0" max:"1" doc:"discount of a step"`
	NStep       int     `default:"5" min:"1" doc:"rewards that a target counts before it asks the network"`
	Double      bool    `default:"true" doc:"whether the network chooses the action that its older self values"`
	BufferSize  int     `default:"50_000" min:"1" doc:"transitions to remember"`
	Start       int     `default:"1_000" min:"1" doc:"steps before learning begins; until then actions are random"`
	TrainEvery  int     `default:"1" min:"1" doc:"steps of the environment between those of the network"`
	TargetEvery int     `default:"500" min:"1" doc:"steps of the network until its older self is renewed"`
	EpsilonEnd  float64 `default:"0.02" min:"0" max:"1" doc:"share of random actions in the end"`
	Explore     int     `default:"10_000" min:"1" doc:"steps in which that share falls from 1"`
	MaxGradNorm float64 `default:"10" min:"0" doc:"norm of the gradient above which it is scaled down"`
	Hidden      int     `default:"128" min:"1" doc:"width of the two hidden layers"`
	Evaluation
}

var dqn = family.NewRecipe("dqn", "deep Q-learning with replay, a target network, double and n-step targets", trainDQN,
	returnMetrics(
		family.Metric("loss", "", core.Neutral, "Huber loss of the values, of the last batch"),
		family.Metric("q", "", core.Neutral, "mean value of the actions in the last batch"),
		family.Metric("epsilon", "", core.Neutral, "share of random actions"),
		family.StartsFrom(), family.Resumes())...)

// qNetwork gives the value of every action, [N, Action.N].
type qNetwork struct {
	*nn.Scope
	net *mlp
}

func newQNetwork(s *nn.Scope, spec *env.Spec, hidden int) *qNetwork {
	return &qNetwork{s, newMLP(s.Sub("q"), graph.Relu, 0, spec.Observation.Size(), hidden, hidden, spec.Action.N)}
}

// logEvery is how many steps of an environment lie between the points of a curve.
const logEvery = 500

func trainDQN(s *family.Session, p dqnParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	vm.SetThreads(s.Threads())
	envs, err := env.NewVector(p.Env, 1, s.Rand("env"))
	if err != nil {
		return err
	}
	Q := newQNetwork(nn.NewScope(s.Rand("init")), envs.Spec, p.Hidden)
	if err := startFrom(s, Q.Params); err != nil {
		return err
	}
	older := newQNetwork(nn.NewScope(s.Rand("init")), envs.Spec, p.Hidden)
	renew := func() {
		from, _ := Q.Params.Flat()
		to, _ := older.Params.Flat()
		copy(to, from)
	}
	renew()
	s.Fact("model.parameters", fmt.Sprint(Q.Params.Count()))
	s.Fact("cpu.isa", vm.ISA())

	size, n := envs.Observation.Size(), envs.Action.N
	seen := graph.New().Input("obs", 1, size)
	values := Q.net.forward(seen)
	act, err := vm.Compile([]*graph.Node{values})
	if err != nil {
		return err
	}
	act.Named("act")

	// y = R + γⁿ Q'(s', a') with a' the best action at s' for Q, or for Q' itself.
	g := graph.New()
	obs, next := g.Input("obs", p.BatchSize, size), g.Input("next", p.BatchSize, size)
	action, reward, discount := g.Input("action", p.BatchSize), g.Input("reward", p.BatchSize), g.Input("discount", p.BatchSize)
	ahead := older.net.forward(next) // [B,n]
	worth := graph.Amax(ahead, 1)
	if p.Double {
		chosen := Q.net.forward(next)
		best := graph.Equal(chosen, graph.AmaxKeep(chosen, 1)) // more than one at a tie
		worth = graph.Div(graph.Sum(graph.Mul(best, ahead), 1), graph.Sum(best, 1))
	}
	y := graph.StopGradient(graph.Add(reward, graph.Mul(discount, worth)))
	q := graph.Sum(graph.Mul(Q.net.forward(obs), graph.OneHot(action, n)), 1)
	loss, meanQ := nn.Huber(q, y, 1), graph.Mean(q)
	update, err := vm.Compile([]*graph.Node{loss, meanQ}, graph.Backward(loss, Q.Params))
	if err != nil {
		return err
	}
	update.Named("update")
	adam, clip, lr := optim.NewAdam(Q.Params, p.LR), optim.NewClip(Q.Params), optim.Linear(p.LR, 0, p.TotalSteps)

	memory := newReplay(p.BufferSize, size, p.NStep, p.Gamma)
	c := &curve{s: s}
	parts := checkpoint.Parts{"q": Q.Params, "older": older.Params, "adam": adam, "env": envs, "memory": memory, "curve": c}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	explore, sample := s.Rand("explore"), s.Rand("sample")
	rows, before, epsilons := make([]int, p.BatchSize), make([]float32, size), optim.Linear(1, p.EpsilonEnd, p.Explore)
	for step < p.TotalSteps {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		step++
		epsilon := epsilons(step)
		a := explore.IntN(n)
		if step > p.Start && explore.Float64() >= epsilon {
			copy(act.Value(seen), envs.Obs)
			act.Run()
			a = argmax(act.Value(values))
		}
		copy(before, envs.Obs)
		envs.Step([]float64{float64(a)})
		memory.add(before, float64(a), envs.Rewards[0], envs.Final, envs.Terminated[0], envs.Truncated[0])
		c.add(envs.Ended)

		if step > p.Start && step%p.TrainEvery == 0 {
			memory.sample(sample, rows)
			take(update.Value(obs), memory.obs, rows)
			take(update.Value(next), memory.next, rows)
			take(update.Value(action), memory.action, rows)
			take(update.Value(reward), memory.reward, rows)
			take(update.Value(discount), memory.discount, rows)
			update.Run()
			clip.Norm(p.MaxGradNorm)
			adam.SetLR(lr(step))
			adam.Step()
			if (step-p.Start)/p.TrainEvery%p.TargetEvery == 0 {
				renew()
			}
		}
		if step%logEvery == 0 || step == p.TotalSteps {
			c.log(step)
			s.Log(step, "epsilon", epsilon)
			if step > p.Start {
				s.Log(step, "loss", update.Scalar(loss))
				s.Log(step, "q", update.Scalar(meanQ))
			}
		}
		s.Progress(core.Progress{Done: int64(step), Total: int64(p.TotalSteps), Samples: int64(step)})
	}
	if err := c.draw(step); err != nil {
		return err
	}
	if err := p.evaluate(s, envs.Spec, Q.net.forward, step); err != nil {
		return err
	}
	return save(s, envs.Spec, "dqn", "model", "q", Q.net.forward)
}
