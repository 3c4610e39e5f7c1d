package nn

import "lab/core/graph"

// Dropout is torch.nn.Dropout (Srivastava et al. 2014): in training it zeroes elements
// with probability P and scales the others by 1/(1-P), anew at every step; otherwise
// it is the identity. What it zeroes depends on the scope's Seed, the layer's name, the
// step, and which call in a graph it is.
type Dropout struct {
	P    float64
	seed uint64
	uses map[*graph.Graph]uint64
}

// NewDropout makes one; it has no parameters, the scope gives it its seed.
func NewDropout(s *Scope, p float64) *Dropout {
	return &Dropout{P: p, seed: s.seed(), uses: map[*graph.Graph]uint64{}}
}

// Forward maps any shape to itself. A layer that is called twice in a graph drops
// other elements each time.
func (d *Dropout) Forward(x *graph.Node, train bool) *graph.Node {
	if !train || d.P == 0 {
		return x
	}
	d.uses[x.Graph()]++
	return graph.Dropout(x, d.P, d.seed+0x9e3779b97f4a7c15*d.uses[x.Graph()])
}
