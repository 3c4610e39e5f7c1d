package optim

import (
	"math"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// LAMB is the optimiser of You et al. (2020, "Large Batch Optimization for Deep
// Learning: Training BERT in 76 minutes", algorithm 2): AdamW's step, stretched for
// each parameter to a length in proportion to the parameter's own.
//
//	m = β1 m + (1-β1) g,   v = β2 v + (1-β2) g²
//	u = m/(1-β1ᵗ) / (sqrt(v/(1-β2ᵗ)) + eps) + decay·p
//	p -= lr · ‖p‖/‖u‖ · u
//
// The ratio is 1 where a norm is 0, and, as in the authors' code, for parameters that
// DecayOnly leaves out. Gradients are not clipped; see [Clip]. Settings may be changed
// between steps.
type LAMB struct {
	Settings
	Beta1, Beta2, Eps float64

	m, v, u []float32
	steps   int64
	moments *lambMoments
	move    *rule
	end     value // of move: p - rate·u
	layers  []lambLayer
}

// lambLayer is one parameter with its norms.
type lambLayer struct {
	lo, hi        int
	values, moves *norm
}

// NewLAMB makes one for the set's trained parameters, with betas (0.9, 0.999), eps
// 1e-6 and decay 1e-2.
func NewLAMB(params *graph.Params, lr float64) *LAMB {
	l := &LAMB{Settings: settings(params, lr, 1e-2), Beta1: 0.9, Beta2: 0.999, Eps: 1e-6}
	n := len(l.values)
	l.m, l.v, l.u = kernel.Alloc(n), kernel.Alloc(n), kernel.Alloc(n)
	l.moments = newLAMBMoments(l)
	const p, u = 0, 1
	l.move = newRule(l.values, l.u)
	l.end = l.move.addScaled(p, u)
	l.move.store(p, l.end)
	l.move.ready()
	for _, p := range params.Trained() {
		lo, hi := p.Span()
		l.layers = append(l.layers, lambLayer{lo, hi, newNorm(l.values[lo:hi]), newNorm(l.u[lo:hi])})
	}
	return l
}

// lambMoments is the first half of a step. With root = sqrt(1-β2ᵗ) the bias
// corrections are in its numbers: u = scale·m/(sqrt(v) + eps·root) + decay·p, where
// scale = root/(1-β1ᵗ). The sums mean, square and u have numbers to set: 1-β1, 1-β2
// and decay.
type lambMoments struct {
	*rule
	keep1, keep2, eps, scale, mean, square, u value
}

func newLAMBMoments(l *LAMB) *lambMoments {
	const p, g, m, v, u = 0, 1, 2, 3, 4
	r := &lambMoments{rule: newRule(l.values, l.grads, l.m, l.v, l.u)}
	r.keep1, r.keep2, r.eps, r.scale = r.number(), r.number(), r.number(), r.number()
	r.mean = r.addScaled(r.mul(r.keep1, m), g)
	r.square = r.addScaled(r.mul(r.keep2, v), r.mul(g, g))
	r.store(m, r.mean)
	r.store(v, r.square)
	r.u = r.addScaled(r.div(r.mul(r.scale, r.mean), r.add(r.sqrt(r.square), r.eps)), p)
	r.store(u, r.u)
	r.ready()
	return r
}

// Step moves the parameters by their gradients.
func (l *LAMB) Step() {
	defer profile.Begin(profile.Optimiser, "LAMB", len(l.values)).End()
	l.steps++
	t, r := float64(l.steps), l.moments
	root := math.Sqrt(1 - math.Pow(l.Beta2, t))
	r.set(r.keep1, l.Beta1)
	r.set(r.mean, 1-l.Beta1)
	r.set(r.keep2, l.Beta2)
	r.set(r.square, 1-l.Beta2)
	r.set(r.eps, l.Eps*root)
	r.set(r.scale, root/(1-math.Pow(l.Beta1, t)))
	layers := l.layers
	for _, s := range l.spans {
		lr, decay := l.at(s)
		r.set(r.u, decay)
		for len(layers) > 0 && layers[0].lo < s.hi { // each while it is in the cache
			p, ratio := layers[0], 1.0
			layers = layers[1:]
			r.run(p.lo, p.hi)
			if s.decays {
				if w, u := p.values.value(), p.moves.value(); w > 0 && u > 0 {
					ratio = w / u
				}
			}
			l.move.set(l.end, -lr*ratio)
			l.move.run(p.lo, p.hi)
		}
	}
}

func (l *LAMB) slots() []slot { return []slot{{"exp_avg", &l.m, false}, {"exp_avg_sq", &l.v, false}} }

// StateDict is what LAMB remembers between steps: the moments of all parameters and
// the number of steps.
func (l *LAMB) StateDict() map[string]*tensor.Tensor { return save(l.steps, l.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (l *LAMB) LoadStateDict(d map[string]*tensor.Tensor) error {
	return load(d, len(l.values), &l.steps, l.slots()...)
}
