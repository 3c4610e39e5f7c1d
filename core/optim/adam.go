package optim

import (
	"fmt"
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Adam is torch.optim.Adam (Kingma & Ba 2015, algorithm 1):
//
//	m = β1 m + (1-β1) g,  v = β2 v + (1-β2) g²
//	p -= lr · m/(1-β1ᵗ) / (sqrt(v/(1-β2ᵗ)) + eps)
//
// Settings may be changed between steps.
type Adam struct {
	LR, Beta1, Beta2, Eps float64
	WeightDecay           float64 // added to the gradient as decay·p

	values, grads, m, v []float32
	steps               int64
}

// NewAdam makes one for the set's trained parameters, with betas (0.9, 0.999), eps
// 1e-8 and no decay.
func NewAdam(params *graph.Params, lr float64) *Adam {
	values, grads := params.Flat()
	return &Adam{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, values: values, grads: grads,
		m: kernel.Alloc(len(values)), v: kernel.Alloc(len(values))}
}

// Step moves the parameters by their gradients.
func (a *Adam) Step() {
	a.steps++
	t := float64(a.steps)
	kernel.Adam(a.values, a.m, a.v, a.grads, kernel.AdamConfig{
		LR: a.LR, Beta1: a.Beta1, Beta2: a.Beta2, Eps: a.Eps, WeightDecay: a.WeightDecay,
		Bias1: 1 - math.Pow(a.Beta1, t), Bias2: 1 - math.Pow(a.Beta2, t)})
}

// StateDict is what Adam remembers between steps: the moments of all parameters and
// the number of steps.
func (a *Adam) StateDict() map[string]*tensor.Tensor {
	n := tensor.Shape{len(a.m)}
	return map[string]*tensor.Tensor{
		"exp_avg":    tensor.New(n, slices.Clone(a.m)),
		"exp_avg_sq": tensor.New(n, slices.Clone(a.v)),
		"step":       tensor.NewInt(nil, []int64{a.steps}),
	}
}

// LoadStateDict goes back to what StateDict returned.
func (a *Adam) LoadStateDict(d map[string]*tensor.Tensor) error {
	m, v, step := d["exp_avg"], d["exp_avg_sq"], d["step"]
	if m == nil || v == nil || step == nil || len(m.F) != len(a.m) || len(v.F) != len(a.v) || len(step.I) != 1 {
		return fmt.Errorf("the state of Adam does not fit a model of %d values", len(a.m))
	}
	copy(a.m, m.F)
	copy(a.v, v.F)
	a.steps = step.I[0]
	return nil
}
