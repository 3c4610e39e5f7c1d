package exchange

import (
	"gonum.org/v1/gonum/mathext/prng"

	"lab/core/graph"
	"lab/core/onnx/array"
)

func init() {
	register("Dropout",
		rule{since: versions(1, 6, 7, 10), least: 1, most: 1, build: buildDropout},
		rule{since: versions(12, 13, 22), least: 1, most: 3, build: buildDropout})
}

// buildDropout zeroes elements with a probability and scales the others, in training. A
// mask tells which are left.
//
// When the model is run, they are drawn as the reference implementation does: by NumPy's
// RandomState of the seed. In a graph they are new at every step.
func buildDropout(c *call) []operand {
	x := c.in[0]
	c.floats(x)
	ratio, training := 0.5, false
	seed := c.attrs.Int("seed", 0)
	if c.since < 12 {
		ratio = float64(c.attrs.Float("ratio", 0.5))
		if c.since < 7 {
			c.attrs.Ignore("consumed_inputs")
			training = !c.flag("is_test", false)
		}
	} else {
		if c.has(2) {
			training = c.truth(c.in[2])
		}
		if training {
			ratio = c.number(1, 0.5)
		}
	}
	if !training || ratio == 0 {
		mask := operand{}
		if c.want(1) {
			truths := make([]bool, x.shape().Size())
			for i := range truths {
				truths[i] = true
			}
			mask = known(array.Truth(x.shape(), truths))
		}
		return []operand{x, c.oldMask(mask)}
	}
	if !(ratio > 0 && ratio < 1) {
		c.fail("a ratio of %v", ratio)
	}
	if c.run == nil && x.node != nil {
		return []operand{{typ: x.typ, node: graph.Dropout(x.node, ratio, uint64(seed)), layout: x.layout}}
	}
	c.hold(x.shape()...)
	r := prng.NewMT19937()
	r.Seed(uint64(uint32(seed)))
	left := make([]bool, x.shape().Size())
	for i := range left {
		left[i] = uniform(r) >= ratio
	}
	mask := known(array.Truth(x.shape(), left))
	y := c.mul(c.mul(c.cast(mask, x.typ), x), num(x, 1/(1-ratio)))
	return []operand{y, c.oldMask(mask)}
}

// oldMask is the mask in the type that versions before 10 give it.
func (c *call) oldMask(mask operand) operand {
	if c.since < 10 && mask.given() {
		return c.cast(mask, c.in[0].typ)
	}
	return mask
}

// uniform draws from [0,1) with 53 bits, as random_sample of NumPy's RandomState.
func uniform(r *prng.MT19937) float64 {
	a, b := r.Uint32()>>5, r.Uint32()>>6
	return (float64(a)*(1<<26) + float64(b)) / (1 << 53)
}
