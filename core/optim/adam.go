package optim

import (
	"math"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// Adam is torch.optim.Adam (Kingma & Ba 2015, algorithm 1) and, decoupled,
// torch.optim.AdamW (Loshchilov & Hutter 2019, algorithm 2):
//
//	g += decay·p (Adam)    p -= lr·decay·p (AdamW)
//	m = β1 m + (1-β1) g,   v = β2 v + (1-β2) g²
//	p -= lr · m/(1-β1ᵗ) / (sqrt(v/(1-β2ᵗ)) + eps)
//
// Settings may be changed between steps.
type Adam struct {
	Settings
	Beta1, Beta2, Eps float64
	Decoupled         bool // AdamW's decay

	m, v  []float32
	steps int64
}

// NewAdam makes one for the set's trained parameters, with betas (0.9, 0.999), eps
// 1e-8 and no decay.
func NewAdam(params *graph.Params, lr float64) *Adam {
	a := &Adam{Settings: settings(params, lr, 0), Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	a.m, a.v = kernel.Alloc(len(a.values)), kernel.Alloc(len(a.values))
	return a
}

// NewAdamW is NewAdam with decoupled decay of 1e-2.
func NewAdamW(params *graph.Params, lr float64) *Adam {
	a := NewAdam(params, lr)
	a.Decoupled, a.WeightDecay = true, 1e-2
	return a
}

// Step moves the parameters by their gradients.
func (a *Adam) Step() {
	defer profile.Begin(profile.Optimiser, "Adam", len(a.values)).End()
	a.steps++
	t := float64(a.steps)
	c := kernel.AdamConfig{Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, Decoupled: a.Decoupled,
		Bias1: 1 - math.Pow(a.Beta1, t), Bias2: 1 - math.Pow(a.Beta2, t)}
	for _, s := range a.spans {
		c.LR, c.WeightDecay = a.at(s)
		kernel.Adam(a.values[s.lo:s.hi], a.m[s.lo:s.hi], a.v[s.lo:s.hi], a.grads[s.lo:s.hi], c)
	}
}

func (a *Adam) slots() []slot {
	return []slot{{"exp_avg", &a.m, false}, {"exp_avg_sq", &a.v, false}}
}

// StateDict is what Adam remembers between steps: the moments of all parameters and
// the number of steps.
func (a *Adam) StateDict() map[string]*tensor.Tensor { return save(a.steps, a.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (a *Adam) LoadStateDict(d map[string]*tensor.Tensor) error {
	return load(d, len(a.values), &a.steps, a.slots()...)
}
