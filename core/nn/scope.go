package nn

import (
	"math"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/tensor"
)

// Scope is where a layer puts its parameters: a set, the prefix of their names and
// the source of their initial values. A layer called "conv1" in the scope "net"
// has the parameters net.conv1.weight and net.conv1.bias.
type Scope struct {
	Params *graph.Params
	Rand   *rand.Rand
	prefix string
}

// NewScope returns the root scope of a new set.
func NewScope(r *rand.Rand) *Scope { return &Scope{Params: graph.NewParams(), Rand: r} }

// Sub is the scope of a part of the model.
func (s *Scope) Sub(name string) *Scope {
	return &Scope{Params: s.Params, Rand: s.Rand, prefix: s.prefix + name + "."}
}

// add adds a parameter whose values are drawn in the layout of files, so that they
// do not depend on the layout here: axis i of the file is axis perm[i] of shape.
func (s *Scope) add(name string, buffer bool, shape tensor.Shape, perm []int, draw func(v []float32)) *graph.Param {
	file, back := shape, []int(nil)
	if perm != nil {
		file, back = make(tensor.Shape, len(perm)), make([]int, len(perm))
		for i, a := range perm {
			file[i], back[a] = shape[a], i
		}
	}
	t := tensor.New(file, nil)
	draw(t.F)
	if perm != nil {
		t = t.Transpose(back...)
	}
	return s.Params.Add(s.prefix+name, buffer, perm, t)
}

// uniform draws from U(-bound, bound).
func (s *Scope) uniform(bound float64) func([]float32) {
	return func(v []float32) {
		for i := range v {
			v[i] = float32((2*s.Rand.Float64() - 1) * bound)
		}
	}
}

// fanIn draws as PyTorch's layers do: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), which is
// kaiming_uniform_ with a = sqrt(5).
func (s *Scope) fanIn(n int) func([]float32) { return s.uniform(1 / math.Sqrt(float64(n))) }

func fill(x float32) func([]float32) {
	return func(v []float32) {
		for i := range v {
			v[i] = x
		}
	}
}
