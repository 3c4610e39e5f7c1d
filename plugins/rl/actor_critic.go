package rl

import (
	"fmt"

	"lab/core/family"
	"lab/core/modelfile"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

// ActorCriticParams are the parameters of an actor and a critic that learn together from
// a few steps of several environments.
type ActorCriticParams struct {
	Env         string  `default:"CartPole-v1" enum:"CartPole-v1,Acrobot-v1,Pendulum-v1,MountainCar-v0,MountainCarContinuous-v0,FrozenLake-v1,FrozenLake8x8-v1,CliffWalking-v1,CliffWalkingSlippery-v1,Lander-v0" doc:"environment, by its name in Gymnasium"`
	TotalSteps  int     `default:"120_000" min:"1" doc:"steps of all environments together"`
	Envs        int     `default:"8" min:"1" doc:"environments side by side"`
	Steps       int     `default:"128" min:"1" doc:"steps of each environment between updates"`
	Gamma       float64 `default:"0.99" min:"0" max:"1" doc:"discount of a step"`
	Lambda      float64 `default:"0.95" min:"0" max:"1" doc:"decay of generalised advantage estimation; with 1 returns are of n steps"`
	Entropy     float64 `default:"0" min:"0" doc:"weight of the policy's entropy"`
	ValueLoss   float64 `default:"0.5" min:"0" doc:"weight of the critic's loss"`
	MaxGradNorm float64 `default:"0.5" min:"0" doc:"norm of the gradient above which it is scaled down"`
	Hidden      int     `default:"64" min:"1" doc:"width of the two hidden layers of actor and critic"`
	RewardScale float64 `default:"1" doc:"factor of the rewards that the agent learns from"`
	Evaluation
}

// newActorCritic makes both, with the weights of an earlier run if it shall start from
// one.
func newActorCritic(s *family.Session, spec *env.Spec, actorGain, criticGain float64, hidden ...int) (*actor, *critic, error) {
	init := s.Rand("init")
	a, v := newActor(init, spec, actorGain, hidden...), newCritic(init, spec, criticGain, hidden...)
	if err := startFrom(s, a.Params, modelfile.Named{Name: "critic", Params: v.Params}); err != nil {
		return nil, nil, err
	}
	s.Fact("model.parameters", fmt.Sprint(a.Params.Count()+v.Params.Count()))
	s.Fact("cpu.isa", vm.ISA())
	return a, v, nil
}

// finish draws the curve of a training, evaluates the actor and saves both.
func (e *Evaluation) finish(s *family.Session, spec *env.Spec, recipe string, a *actor, v *critic, c *curve, step int) error {
	if err := c.draw(step); err != nil {
		return err
	}
	if err := e.evaluate(s, spec, a.forward, step); err != nil {
		return err
	}
	if err := save(s, spec, recipe, "critic", "value", v.net.forward); err != nil {
		return err
	}
	return saveActor(s, spec, recipe, a)
}
