package env

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"lab/core"
)

// Env is one environment. A new one has to be reset before its first step.
type Env interface {
	// Reset begins an episode.
	Reset()

	// Step takes an action, as many numbers as Space.Width of the action space says: a
	// whole number for a discrete one. It does not count steps; [Vector] truncates.
	Step(action []float64) (reward float64, terminated bool)

	// Observe writes what can be seen of the state.
	Observe(obs []float32)

	// State is all that the next step depends on, besides random numbers: the
	// environment's own memory, to be read, kept and set.
	State() []float64

	// Draw draws the state.
	Draw(c *Canvas)
}

// Tabular is an environment of finitely many states whose workings are known: the P of
// Gymnasium's toy texts.
type Tabular interface {
	Env
	Transitions(state, action int) []Transition
	Start() int // the state in which every episode begins
}

// Transition is one way in which a step can go.
type Transition struct {
	Probability float64
	State       int
	Reward      float64
	Terminated  bool
}

// Space is what an observation or an action may be: Discrete(N), or Box(Low, High) where
// N is 0.
type Space struct {
	N         int
	Low, High []float64
}

// Discrete is the space of the whole numbers from 0 to n-1.
func Discrete(n int) Space { return Space{N: n} }

// Box is the space of vectors with bounds ±high.
func Box(high ...float64) Space {
	low := make([]float64, len(high))
	for i, h := range high {
		low[i] = -h
	}
	return Space{Low: low, High: high}
}

// Size is how many numbers a network sees or gives: one for each choice of a discrete
// space (an observation is one-hot, as gymnasium.wrappers.FlattenObservation has it),
// otherwise the length of a vector.
func (s Space) Size() int { return s.N + len(s.Low) }

// Width is how many numbers an action is: 1 for a discrete one.
func (s Space) Width() int { return max(1, len(s.Low)) }

// Spec describes an environment.
type Spec struct {
	ID                  string
	Observation, Action Space
	MaxEpisodeSteps     int     // after which an episode is truncated; 0 for never
	RewardThreshold     float64 // the return at which it counts as solved; NaN if there is none
	FPS                 int     // of its pictures

	make func(r *rand.Rand) Env
}

// Make makes an environment that draws from r. An environment of its own does not count
// steps; see [NewVector].
func (s *Spec) Make(r *rand.Rand) Env { return s.make(r) }

var inf, nan = math.Inf(1), math.NaN()

// specs lists all environments.
var specs = []*Spec{
	{"CartPole-v1", Box(4.8, inf, 2*poleLimit, inf), Discrete(2), 500, 475, 50, newCartPole},
	{"Acrobot-v1", Box(1, 1, 1, 1, 4*math.Pi, 9*math.Pi), Discrete(3), 500, -100, 15, newAcrobot},
	{"Pendulum-v1", Box(1, 1, 8), Box(2), 200, nan, 30, newPendulum},
	{"MountainCar-v0", mountainSpace, Discrete(3), 200, -110, 30, newMountainCar},
	{"MountainCarContinuous-v0", mountainSpace, Box(1), 999, 90, 30, newMountainCarContinuous},
	{"FrozenLake-v1", Discrete(16), Discrete(4), 100, 0.70, 4, newFrozenLake(lake4x4)},
	{"FrozenLake8x8-v1", Discrete(64), Discrete(4), 200, 0.85, 4, newFrozenLake(lake8x8)},
	{"CliffWalking-v1", Discrete(48), Discrete(4), 0, nan, 4, newCliffWalking(false)},
	{"CliffWalkingSlippery-v1", Discrete(48), Discrete(4), 0, nan, 4, newCliffWalking(true)},
	{"Lander-v0", Box(1, 1, inf, inf, inf, inf), Discrete(4), 400, 180, 20, newLander},
}

// IDs lists the names of all environments.
func IDs() []string {
	ids := make([]string, len(specs))
	for i, s := range specs {
		ids[i] = s.ID
	}
	return ids
}

// Find returns the environment of that name.
func Find(id string) (*Spec, error) {
	for _, s := range specs {
		if s.ID == id {
			return s, nil
		}
	}
	near := core.Nearest(id, IDs())
	if len(near) == 0 {
		near = IDs()
	}
	return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no environment %q", id), Try: strings.Join(near, ", ")}
}

// uniform draws from [lo, hi).
func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }

func clamp(x, lo, hi float64) float64 { return max(lo, min(hi, x)) }
