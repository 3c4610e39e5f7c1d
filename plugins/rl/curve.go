package rl

import (
	"errors"
	"math"

	"lab/core"
	"lab/core/family"
	"lab/core/tensor"
	"lab/plugins/rl/env"
)

// window is how many episodes the headline is the mean of.
const window = 100

// curve follows the returns of the episodes that a training goes through.
type curve struct {
	s    *family.Session
	last []float64 // returns of the last episodes, at most window
	all  int       // episodes so far
}

// returnMetrics are those that a curve logs, and the evaluation after the training.
func returnMetrics(r ...family.Option) []family.Option {
	return append([]family.Option{
		family.Metric("return_100", "", core.Higher, "mean return of the last 100 episodes, or of all if there were fewer"),
		family.Metric("eval_return", "", core.Higher, "mean return of the policy's likeliest actions, after the training"),
		family.Metric("episodes", "", core.Neutral, "episodes so far"),
	}, r...)
}

// add takes episodes that ended.
func (c *curve) add(ended []env.Episode) {
	for _, ep := range ended {
		c.all++
		if c.last = append(c.last, ep.Return); len(c.last) > window {
			c.last = c.last[1:]
		}
	}
}

// mean is the mean of the last returns.
func (c *curve) mean() float64 {
	total := 0.0
	for _, r := range c.last {
		total += r
	}
	return total / float64(len(c.last))
}

// log logs the curve after so many steps of environments.
func (c *curve) log(step int) {
	if len(c.last) > 0 {
		c.s.Log(step, "return_100", c.mean())
	}
	c.s.Log(step, "episodes", float64(c.all))
}

// draw draws the curve.
func (c *curve) draw(step int) error { return nil }

// StateDict is what the curve remembers, for a checkpoint.
func (c *curve) StateDict() map[string]*tensor.Tensor {
	bits := make([]int64, len(c.last))
	for i, r := range c.last {
		bits[i] = int64(math.Float64bits(r))
	}
	return map[string]*tensor.Tensor{
		"last":     tensor.NewInt(tensor.Shape{len(bits)}, bits),
		"episodes": tensor.NewInt(tensor.Shape{1}, []int64{int64(c.all)}),
	}
}

// LoadStateDict goes back to what StateDict returned.
func (c *curve) LoadStateDict(d map[string]*tensor.Tensor) error {
	last, all := d["last"], d["episodes"]
	if last == nil || all == nil || len(all.I) != 1 {
		return errors.New("not the state of a return curve")
	}
	c.last = make([]float64, len(last.I))
	for i, bits := range last.I {
		c.last[i] = math.Float64frombits(uint64(bits))
	}
	c.all = int(all.I[0])
	return nil
}
