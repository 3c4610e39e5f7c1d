package rl

// Value iteration: Bellman, "Dynamic Programming" (1957); Sutton & Barto, "Reinforcement
// Learning: An Introduction" (2018), section 4.4. The workings of the environment are
// known, and nothing is tried out.
//
// What to expect of the defaults: value 0.7442 on FrozenLake-v1 and 0.9132 on
// FrozenLake8x8-v1, the best chance there is to reach the goal within the time limit, at
// once.

import (
	"math"

	"lab/core"
	"lab/core/family"
	"lab/plugins/rl/env"
)

type valueIterationParams struct {
	Env       string  `default:"FrozenLake-v1" enum:"FrozenLake-v1,FrozenLake8x8-v1,CliffWalking-v1,CliffWalkingSlippery-v1" doc:"environment, by its name in Gymnasium"`
	Gamma     float64 `default:"1" min:"0" max:"1" doc:"discount of a step"`
	Sweeps    int     `default:"0" min:"0" doc:"sweeps over all states; 0 for as many as the time limit has steps, or until nothing changes"`
	Tolerance float64 `default:"1e-9" min:"0" doc:"change of the values below which nothing changes"`
	Evaluation
}

var valueIteration = family.NewRecipe("value-iteration", "dynamic programming in a known environment: exact values", runValueIteration,
	family.Metric("value", "", core.Higher, "of the state in which episodes begin, with as many steps to go as there were sweeps"),
	family.Metric("delta", "", core.Lower, "largest change of a value in the sweep"),
	family.Metric("eval_return", "", core.Higher, "mean return of the best actions"),
	family.StartsFrom())

func runValueIteration(s *family.Session, p valueIterationParams) error {
	if p.Mode == "play" {
		return p.play(s, p.Env)
	}
	world, err := newWorld(p.Env)
	if err != nil {
		return err
	}
	sweeps := p.Sweeps
	if sweeps == 0 {
		sweeps = world.MaxEpisodeSteps
	}
	if sweeps == 0 {
		sweeps = patience
	}
	values, q := make([]float64, world.Observation.N), newQTable(world.Spec)
	for sweep := 1; sweep <= sweeps; sweep++ {
		if s.Stopped() {
			return nil // there is nothing worth keeping: it takes milliseconds
		}
		// V_k(s) = max_a Σ p (r + γ V_{k-1}(s')), which is best with k steps to go.
		delta, before := 0.0, append([]float64(nil), values...)
		for state := range values {
			for a := range world.Action.N {
				q[state][a] = 0
				for _, way := range world.Transitions(state, a) {
					worth := way.Reward
					if !way.Terminated {
						worth += p.Gamma * before[way.State]
					}
					q[state][a] += way.Probability * worth
				}
			}
			values[state] = q[state][argmax(q[state])]
			delta = max(delta, math.Abs(values[state]-before[state]))
		}
		s.Log(sweep, "value", values[world.Start()])
		s.Log(sweep, "delta", delta)
		s.Progress(core.Progress{Done: int64(sweep), Total: int64(sweeps)})
		if delta < p.Tolerance {
			break
		}
	}
	return q.finish(s, &p.Evaluation, world.Spec, "value-iteration", 0)
}

// world is an environment with its workings.
type world struct {
	*env.Spec
	env.Tabular
}

func newWorld(id string) (world, error) {
	spec, err := env.Find(id)
	if err != nil {
		return world{}, err
	}
	return world{spec, spec.Make(nil).(env.Tabular)}, nil
}
