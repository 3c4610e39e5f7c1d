package optim

import (
	"lab/core/graph"
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

// sgdRule moves by direct·g + through·b.
type sgdRule struct {
	*rule
	decay, keep, take, direct, through, lr value
}

func newSGDRule(s *SGD) *sgdRule {
	const p, g, b = 0, 1, 2
	if s.buffer == nil {
		r := &sgdRule{rule: newRule(s.values, s.grads)}
		r.decay, r.lr = r.number(), r.number()
		grad := r.add(g, r.mul(r.decay, p))
		r.store(p, r.sub(p, r.mul(r.lr, grad)))
		r.ready()
		return r
	}
	r := &sgdRule{rule: newRule(s.values, s.grads, s.buffer)}
	r.decay, r.keep, r.take, r.direct, r.through, r.lr = r.number(), r.number(), r.number(), r.number(), r.number(), r.number()
	grad := r.add(g, r.mul(r.decay, p))
	buffer := r.add(r.mul(r.keep, b), r.mul(r.take, grad))
	r.store(b, buffer)
	move := r.add(r.mul(r.direct, grad), r.mul(r.through, buffer))
	r.store(p, r.sub(p, r.mul(r.lr, move)))
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (s *SGD) Step() {
	first := want(&s.buffer, s.Momentum != 0, len(s.values))
	if first || s.rule == nil {
		s.rule = newSGDRule(s)
	}
	s.steps++
	r := s.rule
	if s.buffer != nil {
		keep, take, direct, through := s.Momentum, 1-s.Dampening, 0.0, 1.0
		if s.Nesterov {
			direct, through = 1, s.Momentum
		}
		if first {
			keep, take = 0, 1
		}
		r.set(r.keep, keep)
		r.set(r.take, take)
		r.set(r.direct, direct)
		r.set(r.through, through)
	}
	for _, p := range s.spans {
		lr, decay := s.at(p)
		r.set(r.decay, decay)
		r.set(r.lr, lr)
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
