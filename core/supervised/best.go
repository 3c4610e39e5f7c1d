package supervised

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/tensor"
)

// Best keeps the weights with the lowest loss on validation examples, and says when
// no better ones are to be waited for (early stopping; Prechelt 1998). It is a part of
// a checkpoint: a resumed run remembers.
type Best struct {
	params   *graph.Params
	patience int
	loss     float64
	at       int // the epoch of the best, -1 before any
	last     int // the newest epoch that was offered
	weights  map[string]*tensor.Tensor
}

// NewBest makes one for the set's values, buffers included. After patience epochs
// without a lower loss it is over; with patience 0 it never is.
func NewBest(params *graph.Params, patience int) *Best {
	return &Best{params: params, patience: patience, loss: math.Inf(1), at: -1}
}

// Offer takes the loss after an epoch, counted from 1, and reports whether it is the
// lowest so far. NaN never is.
func (b *Best) Offer(loss float64, epoch int) bool {
	b.last = epoch
	if !(loss < b.loss) {
		return false
	}
	b.loss, b.at, b.weights = loss, epoch, b.params.StateDict()
	return true
}

// Over reports whether the loss has not fallen for as many epochs as the patience.
func (b *Best) Over() bool { return b.patience > 0 && b.last-max(b.at, 0) >= b.patience }

// Epoch is the one whose weights are kept, or false if none are.
func (b *Best) Epoch() (epoch int, ok bool) { return b.at, b.at >= 0 }

// Restore sets the parameters to the best values; where nothing was offered they stay
// as they are.
func (b *Best) Restore() error {
	if b.weights == nil {
		return nil
	}
	return b.params.LoadStateDict(b.weights)
}

const bestKey = "best" // its loss, as bits, its epoch and the last one

// StateDict is what a checkpoint keeps.
func (b *Best) StateDict() map[string]*tensor.Tensor {
	d := map[string]*tensor.Tensor{bestKey: tensor.NewInt(tensor.Shape{3}, []int64{int64(math.Float64bits(b.loss)), int64(b.at), int64(b.last)})}
	for name, t := range b.weights {
		d["weights."+name] = t
	}
	return d
}

// LoadStateDict goes back to what StateDict returned.
func (b *Best) LoadStateDict(d map[string]*tensor.Tensor) error {
	t := d[bestKey]
	if t == nil || len(t.I) != 3 {
		return fmt.Errorf("there is nothing about the best weights")
	}
	b.loss, b.at, b.last, b.weights = math.Float64frombits(uint64(t.I[0])), int(t.I[1]), int(t.I[2]), nil
	if b.at < 0 {
		return nil
	}
	b.weights = map[string]*tensor.Tensor{}
	for name := range b.params.StateDict() {
		if b.weights[name] = d["weights."+name]; b.weights[name] == nil {
			return fmt.Errorf("the best weights lack %s", name)
		}
	}
	return nil
}
