package rl

import (
	"math"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

// episodes are whole episodes, one of each environment, side by side in rows that fit the
// longest: [N, rows, …]. What lies after an episode's end means nothing.
type episodes struct {
	rows    int
	lengths []int         // [N] steps
	obs     []float32     // [N, rows, Observation.Size()]
	actions []float32     // [N, rows, Action.Width()], as drawn
	rewards []float64     // [N, rows]
	ended   []env.Episode // [N]

	envs      *env.Vector
	actor     *actor
	rand      *rand.Rand
	act       *vm.Program
	seen, out *graph.Node
}

// newEpisodes prepares for episodes of environments that have a time limit; actions are
// drawn from r.
func newEpisodes(envs *env.Vector, a *actor, r *rand.Rand) (*episodes, error) {
	n, rows := envs.N, envs.MaxEpisodeSteps
	e := &episodes{rows: rows, lengths: make([]int, n), obs: make([]float32, n*rows*envs.Observation.Size()),
		actions: make([]float32, n*rows*envs.Action.Width()), rewards: make([]float64, n*rows), ended: make([]env.Episode, n),
		envs: envs, actor: a, rand: r}
	e.seen = graph.New().Input("obs", n, envs.Observation.Size())
	e.out = a.forward(e.seen)
	var err error
	if e.act, err = vm.Compile([]*graph.Node{e.out}); err != nil {
		return nil, err
	}
	e.act.Named("act")
	return e, nil
}

// collect plays an episode in each environment and returns the number of steps.
func (e *episodes) collect() (steps int) {
	n, size, width, outs := e.envs.N, e.envs.Observation.Size(), e.envs.Action.Width(), e.envs.Action.Size()
	actions, over := make([]float64, n*width), make([]bool, n)
	clear(e.lengths)
	e.envs.Reset()
	for t, left := 0, n; left > 0; t++ {
		copy(e.act.Value(e.seen), e.envs.Obs)
		e.act.Run()
		for i := range n {
			if over[i] { // the next episode, in which nobody takes part
				continue
			}
			at := i*e.rows + t
			copy(e.obs[at*size:(at+1)*size], e.envs.Obs[i*size:])
			e.actor.sample(e.rand, e.act.Value(e.out)[i*outs:(i+1)*outs], actions[i*width:(i+1)*width])
			for j, a := range actions[i*width : (i+1)*width] {
				e.actions[at*width+j] = float32(a)
			}
		}
		bounded(e.envs.Action, actions)
		e.envs.Step(actions)
		ended := e.envs.Ended
		for i := range n {
			if e.envs.Done(i) {
				if !over[i] {
					e.ended[i] = ended[0]
				}
				ended = ended[1:]
			}
			if over[i] {
				continue
			}
			e.rewards[i*e.rows+t] = e.envs.Rewards[i]
			e.lengths[i]++
			steps++
			if e.envs.Done(i) {
				over[i] = true
				left--
			}
		}
	}
	return steps
}

// returns are G_t = Σ γ^k r_{t+k} of every step: rewards to go.
func (e *episodes) returns(gamma float64) []float64 {
	out := make([]float64, len(e.rewards))
	for i, length := range e.lengths {
		ahead := 0.0
		for t := length - 1; t >= 0; t-- {
			at := i*e.rows + t
			ahead = e.rewards[at] + gamma*ahead
			out[at] = ahead
		}
	}
	return out
}

// each calls f with the place of every step.
func (e *episodes) each(f func(at int)) {
	for i, length := range e.lengths {
		for t := range length {
			f(i*e.rows + t)
		}
	}
}

// moments are the mean of a number of every step and its standard deviation.
func (e *episodes) moments(v []float64) (mean, deviation float64) {
	n, squares := 0.0, 0.0
	e.each(func(at int) { n, mean = n+1, mean+v[at] })
	mean /= n
	e.each(func(at int) { squares += (v[at] - mean) * (v[at] - mean) })
	return mean, math.Sqrt(squares / max(1, n-1))
}
