package optim

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
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

// rmspropRule has numbers of its own, and four sums with numbers to set: grad = g +
// decay·p, square = α v + (1-α) g², mean likewise, end = p - lr·move.
type rmspropRule struct {
	*rule
	centered, momentum                          bool
	alpha, eps, moment, grad, square, mean, end value
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
	r.alpha, r.eps = r.number(), r.number()
	r.grad = r.addScaled(g, p)
	r.square = r.addScaled(r.mul(r.alpha, v), r.mul(r.grad, r.grad))
	r.store(v, r.square)
	variance := r.square
	if r.centered {
		r.mean = r.addScaled(r.mul(r.alpha, mean), r.grad)
		r.store(mean, r.mean)
		variance = r.sub(r.square, r.mul(r.mean, r.mean))
	}
	move := r.div(r.grad, r.add(r.sqrt(variance), r.eps))
	if r.momentum {
		r.moment = r.addScaled(move, buffer)
		move = r.moment
		r.store(buffer, move)
	}
	r.end = r.addScaled(p, move)
	r.store(p, r.end)
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (s *RMSprop) Step() {
	defer profile.Begin(profile.Optimiser, "RMSprop", len(s.values)).End()
	want(&s.mean, s.Centered, len(s.values))
	want(&s.buffer, s.Momentum != 0, len(s.values))
	if s.rule == nil || s.rule.centered != s.Centered || s.rule.momentum != (s.Momentum != 0) {
		s.rule = newRMSpropRule(s)
	}
	s.steps++
	r := s.rule
	r.set(r.alpha, s.Alpha)
	r.set(r.square, 1-s.Alpha)
	r.set(r.eps, s.Eps)
	if r.centered {
		r.set(r.mean, 1-s.Alpha)
	}
	if r.momentum {
		r.set(r.moment, s.Momentum)
	}
	for _, p := range s.spans {
		lr, decay := s.at(p)
		r.set(r.grad, decay)
		r.set(r.end, -lr)
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
