package optim

import (
	"math"

	"lab/core/graph"
	"lab/core/profile"
)

// Clip limits the gradients of one or several parameter sets, between the program
// that computes them and the step.
type Clip struct {
	parts []clipPart
	n     int // gradients in all
}

type clipPart struct {
	n            int
	norm         *norm
	scale, limit *rule
	factor       value // of scale
	low, high    value // of limit
}

// NewClip makes one for the gradients of all these sets together.
func NewClip(sets ...*graph.Params) *Clip {
	c := &Clip{}
	const g = 0
	for _, s := range sets {
		_, grads := s.Flat()
		p := clipPart{n: len(grads), norm: newNorm(grads), scale: newRule(grads), limit: newRule(grads)}
		p.factor = p.scale.number()
		p.scale.store(g, p.scale.mul(p.factor, g))
		p.scale.ready()
		p.low, p.high = p.limit.number(), p.limit.number()
		p.limit.store(g, p.limit.min(p.limit.max(g, p.low), p.high))
		p.limit.ready()
		c.parts = append(c.parts, p)
		c.n += p.n
	}
	return c
}

// Norm is torch.nn.utils.clip_grad_norm_ (Pascanu et al. 2013, algorithm 1): where
// the Euclidean norm of all gradients together is above max, they are multiplied by
// max/(norm + 1e-6). It returns the norm before, which may be Inf or NaN; the
// gradients are not to be used then. Norm(math.Inf(1)) only measures.
func (c *Clip) Norm(max float64) float64 {
	defer profile.Begin(profile.Optimiser, "Clip", c.n).End()
	sum := 0.0
	for i := range c.parts {
		sum += c.parts[i].norm.squared()
	}
	norm := math.Sqrt(sum)
	factor := max / (norm + 1e-6)
	if factor >= 1 || math.IsInf(max, 1) {
		return norm
	}
	for i := range c.parts {
		p := &c.parts[i]
		p.scale.set(p.factor, factor)
		p.scale.run(0, p.n)
	}
	return norm
}

// Value is torch.nn.utils.clip_grad_value_: every value is brought between -max and
// max.
func (c *Clip) Value(max float64) {
	defer profile.Begin(profile.Optimiser, "Clip", c.n).End()
	for i := range c.parts {
		p := &c.parts[i]
		p.limit.set(p.low, -max)
		p.limit.set(p.high, max)
		p.limit.run(0, p.n)
	}
}
