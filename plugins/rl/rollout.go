package rl

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

// rollout is what N environments go through in T steps under a stochastic policy, and
// what a critic thinks of it. Fields are [T,N,…].
type rollout struct {
	T, N       int
	Obs        []float32 // [T,N,Observation.Size()]
	Actions    []float32 // [T,N,Action.Width()], as drawn
	LogProbs   []float32 // ln π of the actions
	Values     []float32 // V of the observations
	Rewards    []float32 // scaled; with γ V(s') where the episode was truncated in s'
	Advantages []float32 // see estimate
	Returns    []float32

	envs  *env.Vector
	actor *actor
	scale float64 // of the rewards
	rand  *rand.Rand
	done  []bool

	judge           *vm.Program
	obs, out, value *graph.Node
	next            []float32 // [N] values of what the environments see after the last step
}

// newRollout prepares rollouts of T steps in all environments. Actions are drawn from r,
// rewards are multiplied by scale.
func newRollout(envs *env.Vector, T int, a *actor, c *critic, scale float64, r *rand.Rand) (*rollout, error) {
	n, size, width := envs.N, envs.Observation.Size(), envs.Action.Width()
	ro := &rollout{T: T, N: n, Obs: make([]float32, T*n*size), Actions: make([]float32, T*n*width), LogProbs: make([]float32, T*n),
		Values: make([]float32, T*n), Rewards: make([]float32, T*n), Advantages: make([]float32, T*n), Returns: make([]float32, T*n),
		envs: envs, actor: a, scale: scale, rand: r, done: make([]bool, T*n), next: make([]float32, n)}
	ro.obs = graph.New().Input("obs", n, size)
	ro.out, ro.value = a.forward(ro.obs), c.forward(ro.obs)
	var err error
	if ro.judge, err = vm.Compile([]*graph.Node{ro.out, ro.value}); err != nil {
		return nil, err
	}
	ro.judge.Named("act")
	return ro, nil
}

// look runs actor and critic on [N] observations.
func (ro *rollout) look(obs []float32) (out, values []float32) {
	copy(ro.judge.Value(ro.obs), obs)
	ro.judge.Run()
	return ro.judge.Value(ro.out), ro.judge.Value(ro.value)
}

// collect goes through T steps. A truncated episode would have gone on: what it was still
// worth is added to its last reward (Pardo et al. 2018).
func (ro *rollout) collect(gamma float64, c *curve) {
	size, width, outs := ro.envs.Observation.Size(), ro.envs.Action.Width(), ro.envs.Action.Size()
	actions := make([]float64, ro.N*width)
	for t := range ro.T {
		copy(ro.Obs[t*ro.N*size:], ro.envs.Obs)
		out, values := ro.look(ro.envs.Obs)
		copy(ro.Values[t*ro.N:], values)
		for i := range ro.N {
			ro.LogProbs[t*ro.N+i] = float32(ro.actor.sample(ro.rand, out[i*outs:(i+1)*outs], actions[i*width:(i+1)*width]))
		}
		for i, a := range actions {
			ro.Actions[t*ro.N*width+i] = float32(a)
		}
		bounded(ro.envs.Action, actions)
		ro.envs.Step(actions)
		c.add(ro.envs.Ended)
		truncated := false
		for i, r := range ro.envs.Rewards {
			ro.Rewards[t*ro.N+i] = float32(r * ro.scale)
			ro.done[t*ro.N+i] = ro.envs.Done(i)
			truncated = truncated || ro.envs.Truncated[i]
		}
		if truncated {
			_, values := ro.look(ro.envs.Final)
			for i := range ro.N {
				if ro.envs.Truncated[i] {
					ro.Rewards[t*ro.N+i] += float32(gamma) * values[i]
				}
			}
		}
	}
	_, values := ro.look(ro.envs.Obs)
	copy(ro.next, values)
}

// estimate sets advantages and returns by generalised advantage estimation (Schulman et
// al. 2016, eq. 16): A_t = Σ (γλ)^k δ_{t+k} with δ_t = r_t + γ V(s_{t+1}) - V(s_t), until
// the episode ends, and returns A + V. With λ = 1 these are the n-step returns of A2C.
func (ro *rollout) estimate(gamma, lambda float64) {
	for i := range ro.N {
		ahead, next := 0.0, float64(ro.next[i])
		for t := ro.T - 1; t >= 0; t-- {
			at := t*ro.N + i
			if ro.done[at] {
				ahead, next = 0, 0
			}
			value := float64(ro.Values[at])
			ahead = float64(ro.Rewards[at]) + gamma*next - value + gamma*lambda*ahead
			next = value
			ro.Advantages[at] = float32(ahead)
			ro.Returns[at] = float32(ahead + value)
		}
	}
}
