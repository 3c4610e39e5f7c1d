package optim

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// Lion is the optimiser of Chen et al. (2023, "Symbolic Discovery of Optimization
// Algorithms", algorithm 2):
//
//	p -= lr·(sign(β1 m + (1-β1) g) + decay·p)
//	m = β2 m + (1-β2) g
//
// Every value moves by lr, so lr is 3 to 10 times smaller than Adam's, and the decay
// as many times larger. Settings may be changed between steps.
type Lion struct {
	Settings
	Beta1, Beta2 float64

	m     []float32
	steps int64
	rule  *lionRule
}

// NewLion makes one for the set's trained parameters, with betas (0.9, 0.99) and no
// decay.
func NewLion(params *graph.Params, lr float64) *Lion {
	l := &Lion{Settings: settings(params, lr, 0), Beta1: 0.9, Beta2: 0.99}
	l.m = kernel.Alloc(len(l.values))
	l.rule = newLionRule(l)
	return l
}

// lionRule has numbers of its own, and four sums with numbers to set: mean = β2 m +
// (1-β2) g, side likewise with β1, kept = p - lr·decay·p, end = kept - lr·sign(side).
type lionRule struct {
	*rule
	keep1, keep2, mean, side, kept, end value
}

func newLionRule(l *Lion) *lionRule {
	const p, g, m = 0, 1, 2
	r := &lionRule{rule: newRule(l.values, l.grads, l.m)}
	r.keep1, r.keep2 = r.number(), r.number()
	r.mean = r.addScaled(r.mul(r.keep2, m), g)
	r.store(m, r.mean)
	r.side = r.addScaled(r.mul(r.keep1, m), g)
	r.kept = r.addScaled(p, p)
	r.end = r.addScaled(r.kept, r.sign(r.side))
	r.store(p, r.end)
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (l *Lion) Step() {
	defer profile.Begin(profile.Optimiser, "Lion", len(l.values)).End()
	l.steps++
	r := l.rule
	r.set(r.keep1, l.Beta1)
	r.set(r.side, 1-l.Beta1)
	r.set(r.keep2, l.Beta2)
	r.set(r.mean, 1-l.Beta2)
	for _, p := range l.spans {
		lr, decay := l.at(p)
		r.set(r.kept, -lr*decay)
		r.set(r.end, -lr)
		r.run(p.lo, p.hi)
	}
}

func (l *Lion) slots() []slot { return []slot{{"exp_avg", &l.m, false}} }

// StateDict is what Lion remembers between steps: the momentum of all parameters and
// the number of steps.
func (l *Lion) StateDict() map[string]*tensor.Tensor { return save(l.steps, l.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (l *Lion) LoadStateDict(d map[string]*tensor.Tensor) error {
	return load(d, len(l.values), &l.steps, l.slots()...)
}
