package optim

import (
	"lab/core/graph"
	"lab/core/profile"
	"lab/core/tensor"
)

// SGD is torch.optim.SGD, with momentum in the form of Sutskever et al. (2013):
//
//	g += decay·p
//	b = momentum·b + (1-dampening) g, at first b = g
//	p -= lr·b, with Nesterov lr·(g + momentum·b), without momentum lr·g
//
// Settings may be changed between steps; b starts at the first step with momentum.
type SGD struct {
	Settings
	Momentum, Dampening float64
	Nesterov            bool

	buffer []float32
	steps  int64
	rule   *sgdRule
}

// NewSGD makes one for the set's trained parameters, with momentum, dampening and
// decay 0.
func NewSGD(params *graph.Params, lr float64) *SGD {
	return &SGD{Settings: settings(params, lr, 0)}
}

// sgdRule is three sums with numbers to set: grad = g + decay·p, buffer = keep·b +
// take·grad, end = p - lr·move. With Nesterov move = grad + momentum·buffer.
type sgdRule struct {
	*rule
	nesterov                      bool
	keep, grad, buffer, move, end value
}

func newSGDRule(s *SGD) *sgdRule {
	const p, g, b = 0, 1, 2
	if s.buffer == nil {
		r := &sgdRule{rule: newRule(s.values, s.grads)}
		r.grad = r.addScaled(g, p)
		r.end = r.addScaled(p, r.grad)
		r.store(p, r.end)
		r.ready()
		return r
	}
	r := &sgdRule{rule: newRule(s.values, s.grads, s.buffer), nesterov: s.Nesterov}
	r.keep = r.number()
	r.grad = r.addScaled(g, p)
	r.buffer = r.addScaled(r.mul(r.keep, b), r.grad)
	r.store(b, r.buffer)
	r.move = r.buffer
	if s.Nesterov {
		r.move = r.addScaled(r.grad, r.buffer)
	}
	r.end = r.addScaled(p, r.move)
	r.store(p, r.end)
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (s *SGD) Step() {
	defer profile.Begin(profile.Optimiser, "SGD", len(s.values)).End()
	first := want(&s.buffer, s.Momentum != 0, len(s.values))
	if first || s.rule == nil || s.rule.nesterov != (s.Nesterov && s.buffer != nil) {
		s.rule = newSGDRule(s)
	}
	s.steps++
	r := s.rule
	if s.buffer != nil {
		keep, take := s.Momentum, 1-s.Dampening
		if first || s.Momentum == 0 {
			keep, take = 0, 1
		}
		r.set(r.keep, keep)
		r.set(r.buffer, take)
		if s.Nesterov {
			r.set(r.move, s.Momentum)
		}
	}
	for _, p := range s.spans {
		lr, decay := s.at(p)
		r.set(r.grad, decay)
		r.set(r.end, -lr)
		r.run(p.lo, p.hi)
	}
}

func (s *SGD) slots() []slot { return []slot{{"momentum_buffer", &s.buffer, true}} }

// StateDict is what SGD remembers between steps: the momentum of all parameters, if
// there is momentum, and the number of steps.
func (s *SGD) StateDict() map[string]*tensor.Tensor { return save(s.steps, s.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (s *SGD) LoadStateDict(d map[string]*tensor.Tensor) error {
	s.rule = nil
	return load(d, len(s.values), &s.steps, s.slots()...)
}
