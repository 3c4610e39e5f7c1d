package nn

import (
	"hash/fnv"
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
	Seed   uint64 // of what layers draw at every step (dropout); each mixes in its name

	prefix       string
	weight, bias Init // nil: what the layer has by default
}

// NewScope returns the root scope of a new set.
func NewScope(r *rand.Rand) *Scope { return &Scope{Params: graph.NewParams(), Rand: r} }

// Sub is the scope of a part of the model.
func (s *Scope) Sub(name string) *Scope {
	sub := *s
	sub.prefix += name + "."
	return &sub
}

// WithInit is the scope with other initial values for the weights and biases of the
// layers made in it and below; nil leaves the layers' own. Norms always start at
// weight 1 and bias 0.
func (s *Scope) WithInit(weight, bias Init) *Scope {
	sub := *s
	sub.weight, sub.bias = weight, bias
	return &sub
}

// add adds a parameter whose values are drawn in the layout of files, so that they
// do not depend on the layout here: axis i of the file is axis perm[i] of shape.
func (s *Scope) add(name string, buffer bool, shape tensor.Shape, perm []int, draw Init) *graph.Param {
	file, back := shape, []int(nil)
	if perm != nil {
		file, back = make(tensor.Shape, len(perm)), make([]int, len(perm))
		for i, a := range perm {
			file[i], back[a] = shape[a], i
		}
	}
	t := tensor.New(file, nil)
	draw(s.Rand, file, t.F)
	if perm != nil {
		t = t.Transpose(back...)
	}
	return s.Params.Add(s.prefix+name, buffer, perm, t)
}

// addWeight adds a weight that [Scope.WithInit] may set.
func (s *Scope) addWeight(name string, shape tensor.Shape, perm []int, draw Init) *graph.Param {
	if s.weight != nil {
		draw = s.weight
	}
	return s.add(name, false, shape, perm, draw)
}

// addBias adds a bias that [Scope.WithInit] may set.
func (s *Scope) addBias(name string, size int, draw Init) *graph.Param {
	if s.bias != nil {
		draw = s.bias
	}
	return s.add(name, false, tensor.Shape{size}, nil, draw)
}

// fanIn draws as PyTorch's layers do: U(-1/sqrt(fan_in), 1/sqrt(fan_in)), which is
// kaiming_uniform_ with a = sqrt(5).
func fanIn(n int) Init {
	bound := 1 / math.Sqrt(float64(n))
	return Uniform(-bound, bound)
}

// seed is a number of the scope's name and Seed.
func (s *Scope) seed() uint64 {
	h := fnv.New64a()
	h.Write([]byte(s.prefix))
	return h.Sum64() ^ s.Seed*0x9e3779b97f4a7c15
}
