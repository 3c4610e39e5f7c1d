package rl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/tensor"
	"lab/plugins/rl/env"
)

// mlp is a chain of linear layers with an activation between them, named as in
// torch.nn.Sequential: 0, 2, 4.
type mlp struct {
	layers     []*nn.Linear
	activation func(*graph.Node) *graph.Node
}

// newMLP makes one of the given sizes, from the input's to the output's. With a gain of 0
// layers start as PyTorch's do, otherwise orthogonal: √2 for all but the last, which has
// the gain, and biases 0 (Huang et al. 2022, "The 37 Implementation Details of Proximal
// Policy Optimization", detail 2).
func newMLP(s *nn.Scope, activation func(*graph.Node) *graph.Node, gain float64, sizes ...int) *mlp {
	m := &mlp{activation: activation}
	for i := range len(sizes) - 1 {
		at := s.Sub(fmt.Sprint(2 * i))
		switch {
		case gain > 0 && i == len(sizes)-2:
			at = at.WithInit(nn.Orthogonal(gain), nn.Constant(0))
		case gain > 0:
			at = at.WithInit(nn.Orthogonal(math.Sqrt2), nn.Constant(0))
		}
		m.layers = append(m.layers, nn.NewLinear(at, sizes[i], sizes[i+1], true))
	}
	return m
}

func (m *mlp) forward(x *graph.Node) *graph.Node {
	for i, l := range m.layers {
		if i > 0 {
			x = m.activation(x)
		}
		x = l.Forward(x)
	}
	return x
}

// actor is a stochastic policy π(a|s): for discrete actions a categorical distribution
// whose logits a network gives, for others independent normal ones around the network's
// output with a spread that is learned and the same in all states.
type actor struct {
	*nn.Scope
	net    *mlp
	logStd *graph.Param // [width]; nil for discrete actions
	space  env.Space
}

func newActor(r *rand.Rand, spec *env.Spec, gain float64, hidden ...int) *actor {
	s := nn.NewScope(r)
	a := &actor{Scope: s, space: spec.Action}
	sizes := slices.Concat([]int{spec.Observation.Size()}, hidden, []int{spec.Action.Size()})
	a.net = newMLP(s.Sub("actor"), graph.Tanh, gain, sizes...)
	if a.space.N == 0 {
		width := a.space.Width()
		a.logStd = s.Params.Add("actor_logstd", false, nil, tensor.New(tensor.Shape{width}, nil))
	}
	return a
}

// forward is what the distribution is made of: logits or means, [N, Action.Size()].
func (a *actor) forward(obs *graph.Node) *graph.Node { return a.net.forward(obs) }

// actions is the input of n actions: [n] for discrete ones, otherwise [n, width].
func (a *actor) actions(g *graph.Graph, n int) *graph.Node {
	if a.space.N > 0 {
		return g.Input("actions", n)
	}
	return g.Input("actions", n, a.space.Width())
}

var halfLogTwoPi = math.Log(2*math.Pi) / 2

// logProb is ln π(a|s) of each row, [N].
func (a *actor) logProb(out, actions *graph.Node) *graph.Node {
	if a.space.N > 0 {
		return graph.Neg(graph.CrossEntropyRows(out, actions, 0))
	}
	logStd := out.Graph().Param(a.logStd)
	z := graph.Div(graph.Sub(actions, out), graph.Exp(logStd))
	return graph.Sum(graph.Shift(graph.Neg(graph.Add(graph.Scale(graph.Square(z), 0.5), logStd)), -halfLogTwoPi), 1)
}

// entropy is the mean entropy of the distributions, in nats.
func (a *actor) entropy(out *graph.Node) *graph.Node {
	if a.space.N > 0 {
		logp := graph.LogSoftmax(out)
		return graph.Neg(graph.Mean(graph.Sum(graph.Mul(graph.Exp(logp), logp), 1)))
	}
	return graph.Sum(graph.Shift(out.Graph().Param(a.logStd), 0.5+halfLogTwoPi))
}

// sample draws an action for a row of forward's result and returns its ln π.
func (a *actor) sample(r *rand.Rand, out []float32, action []float64) (logProb float64) {
	if a.space.N == 0 {
		for i, mean := range out {
			logStd := float64(a.logStd.Value()[i])
			z := r.NormFloat64()
			action[i] = float64(mean) + math.Exp(logStd)*z
			logProb -= z*z/2 + logStd + halfLogTwoPi
		}
		return logProb
	}
	top := slices.Max(out)
	total := 0.0
	for _, l := range out {
		total += math.Exp(float64(l - top))
	}
	u := r.Float64() * total
	last := len(out) - 1
	for i, l := range out {
		if u -= math.Exp(float64(l - top)); u < 0 || i == last {
			action[0] = float64(i)
			return float64(l-top) - math.Log(total)
		}
	}
	panic("rl: no action in an empty space")
}

// bounded brings actions within the bounds of their space before an environment gets
// them, as gymnasium.wrappers.ClipAction does: [n, width] in place.
func bounded(space env.Space, actions []float64) {
	for i := range actions {
		if space.N == 0 {
			j := i % len(space.Low)
			actions[i] = max(space.Low[j], min(space.High[j], actions[i]))
		}
	}
}

// best is the action that the policy takes for likeliest.
func best(space env.Space, out []float32, action []float64) {
	if space.N > 0 {
		action[0] = float64(argmax(out))
		return
	}
	for i, mean := range out {
		action[i] = float64(mean)
	}
	bounded(space, action)
}

// argmax is the place of the first greatest value.
func argmax[T float32 | float64](v []T) int {
	at := 0
	for i := range v {
		if v[i] > v[at] {
			at = i
		}
	}
	return at
}

// critic estimates the value of a state: the return that is to be expected from there.
type critic struct {
	*nn.Scope
	net *mlp
}

func newCritic(r *rand.Rand, spec *env.Spec, gain float64, hidden ...int) *critic {
	s := nn.NewScope(r)
	sizes := slices.Concat([]int{spec.Observation.Size()}, hidden, []int{1})
	return &critic{s, newMLP(s.Sub("critic"), graph.Tanh, gain, sizes...)}
}

// forward is the value of each observation, [N].
func (c *critic) forward(obs *graph.Node) *graph.Node {
	return graph.Reshape(c.net.forward(obs), obs.Shape()[0])
}
