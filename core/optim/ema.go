package optim

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// EMA keeps an exponential moving average of a set's trained parameters (Polyak &
// Juditsky 1992), as torch.optim.swa_utils.AveragedModel does with
// get_ema_multi_avg_fn:
//
//	e = p at the first update, then e = decay·e + (1-decay) p
//
// Buffers are not averaged. Decay may be changed between updates.
type EMA struct {
	Decay float64

	average  []float32
	updates  int64
	move     *rule
	nearer   value // of move
	exchange *rule
}

// NewEMA makes one for the set; PyTorch's default decay is 0.999.
func NewEMA(params *graph.Params, decay float64) *EMA {
	values, _ := params.Flat()
	e := &EMA{Decay: decay, average: kernel.Alloc(len(values))}
	const p, a = 0, 1
	e.move = newRule(values, e.average)
	e.nearer = e.move.addScaled(a, e.move.sub(p, a)) // a factor of a near 1 would lose digits
	e.move.store(a, e.nearer)
	e.move.ready()
	e.exchange = newRule(values, e.average)
	e.exchange.store(a, e.exchange.copy(p))
	e.exchange.store(p, e.exchange.copy(a))
	e.exchange.ready()
	return e
}

// Update takes the parameters into the average: after each step of the optimiser.
func (e *EMA) Update() {
	defer profile.Begin(profile.Optimiser, "EMA", len(e.average)).End()
	share := 1 - e.Decay
	if e.updates == 0 {
		share = 1
	}
	e.updates++
	e.move.set(e.nearer, share)
	e.move.run(0, len(e.average))
}

// With calls f while the set holds the average, to evaluate or export it, and then
// gives the set its own values back. Before the first update the set stays as it is.
func (e *EMA) With(f func()) {
	if e.updates > 0 {
		e.exchange.run(0, len(e.average))
		defer e.exchange.run(0, len(e.average))
	}
	f()
}

func (e *EMA) slots() []slot { return []slot{{"average", &e.average, false}} }

// StateDict is the average of all parameters and the number of updates. Not within
// With.
func (e *EMA) StateDict() map[string]*tensor.Tensor { return save(e.updates, e.slots()...) }

// LoadStateDict goes back to what StateDict returned.
func (e *EMA) LoadStateDict(d map[string]*tensor.Tensor) error {
	return load(d, len(e.average), &e.updates, e.slots()...)
}
