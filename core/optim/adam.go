package optim

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/internal/kernel"
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
		LR: float32(a.LR), Beta1: float32(a.Beta1), Beta2: float32(a.Beta2), Eps: float32(a.Eps), WeightDecay: float32(a.WeightDecay),
		Bias1: float32(1 - math.Pow(a.Beta1, t)), Bias2: float32(1 - math.Pow(a.Beta2, t))})
}

// AdamState is what Adam remembers between steps.
type AdamState struct {
	Steps int64
	M, V  []float32
}

// State returns a copy, for a checkpoint.
func (a *Adam) State() AdamState {
	return AdamState{a.steps, append([]float32(nil), a.m...), append([]float32(nil), a.v...)}
}

// Restore goes back to a state.
func (a *Adam) Restore(s AdamState) error {
	if len(s.M) != len(a.m) || len(s.V) != len(a.v) {
		return fmt.Errorf("optim: the state is of %d values, the model has %d", len(s.M), len(a.m))
	}
	a.steps = s.Steps
	copy(a.m, s.M)
	copy(a.v, s.V)
	return nil
}
