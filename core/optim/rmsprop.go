package optim

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// RMSprop is torch.optim.RMSprop (Tieleman & Hinton 2012, lecture 6.5), centered as
// in Graves (2013, equations 38 to 41):
//
//	g += decay·p
//	v = α v + (1-α) g²
//	a = α a + (1-α) g, centered only; otherwise a = 0
//	b = momentum·b + g / (sqrt(v - a²) + eps)
//	p -= lr·b
//
// Settings may be changed between steps; a and b start at 0 when they are first
// asked for.
type RMSprop struct {
	Settings
	Alpha, Eps, Momentum float64
	Centered             bool

	square, mean, buffer []float32
	steps                int64
	rule                 *rmspropRule
}

// NewRMSprop makes one for the set's trained parameters, with alpha 0.99, eps 1e-8,
// no momentum and no decay, not centered.
func NewRMSprop(params *graph.Params, lr float64) *RMSprop {
	s := &RMSprop{Settings: settings(params, lr, 0), Alpha: 0.99, Eps: 1e-8}
	s.square = kernel.Alloc(len(s.values))
	return s
}

type rmspropRule struct {
	*rule
	centered, momentum                  bool
	decay, alpha, take, eps, moment, lr value
}

func newRMSpropRule(s *RMSprop) *rmspropRule {
	const p, g, v = 0, 1, 2
	arrays := [][]float32{s.values, s.grads, s.square}
	mean := value(len(arrays))
	if s.Centered {
		arrays = append(arrays, s.mean)
	}
	buffer := value(len(arrays))
	if s.Momentum != 0 {
		arrays = append(arrays, s.buffer)
	}
	r := &rmspropRule{rule: newRule(arrays...), centered: s.Centered, momentum: s.Momentum != 0}
	r.decay, r.alpha, r.take, r.eps, r.moment, r.lr = r.number(), r.number(), r.number(), r.number(), r.number(), r.number()
	grad := r.add(g, r.mul(r.decay, p))
	square := r.add(r.mul(r.alpha, v), r.mul(r.take, r.mul(grad, grad)))
	r.store(v, square)
	if r.centered {
		a := r.add(r.mul(r.alpha, mean), r.mul(r.take, grad))
		r.store(mean, a)
		square = r.sub(square, r.mul(a, a))
	}
	move := r.div(grad, r.add(r.sqrt(square), r.eps))
	if r.momentum {
		move = r.add(r.mul(r.moment, buffer), move)
		r.store(buffer, move)
	}
	r.store(p, r.sub(p, r.mul(r.lr, move)))
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (s *RMSprop) Step() {
	want(&s.mean, s.Centered, len(s.values))
	want(&s.buffer, s.Momentum != 0, len(s.values))
	if s.rule == nil || s.rule.centered != s.Centered || s.rule.momentum != (s.Momentum != 0) {
		s.rule = newRMSpropRule(s)
	}
	s.steps++
	r := s.rule
	r.set(r.alpha, s.Alpha)
	r.set(r.take, 1-s.Alpha)
	r.set(r.eps, s.Eps)
	r.set(r.moment, s.Momentum)
	for _, p := range s.spans {
		lr, decay := s.at(p)
		r.set(r.decay, decay)
		r.set(r.lr, lr)
		r.run(p.lo, p.hi)
	}
}

func (s *RMSprop) slots() []slot {
	return []slot{{"square_avg", &s.square, false}, {"grad_avg", &s.mean, true}, {"momentum_buffer", &s.buffer, true}}
}

// StateDict is what RMSprop remembers between steps: the averages of all parameters
// and the number of steps.
func (s *RMSprop) StateDict() map[string]*tensor.Tensor { return save(s.steps, s.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (s *RMSprop) LoadStateDict(d map[string]*tensor.Tensor) error {
	s.rule = nil
	return load(d, len(s.values), &s.steps, s.slots()...)
}
