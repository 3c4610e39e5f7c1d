package exchange

import (
	"lab/core/onnx/array"
	"lab/core/tensor"
)

func init() {
	register("NegativeLogLikelihoodLoss", rule{since: versions(12, 13, 22), least: 2, most: 3, build: one(func(c *call) operand { return c.likelihood(c.in[0]) })})
	register("SoftmaxCrossEntropyLoss", rule{since: versions(12, 13), least: 2, most: 3, build: func(c *call) []operand {
		x := c.in[0]
		c.floats(x)
		if x.rank() < 2 {
			c.fail("scores of shape %v", x.shape())
		}
		log := c.softmax(x, 1, true)
		return []operand{c.likelihood(log), log}
	}})
}

// likelihood is the negative log-likelihood of classes, given the logarithms of their
// probabilities [N,C,d...]: of class 3, -x[3], times a weight of the class if there are
// any; 0 for the class that is to be ignored.
func (c *call) likelihood(x operand) operand {
	how := c.choice("reduction", "mean", "sum", "none")
	class := c.in[1]
	s := x.shape()
	c.floats(x)
	if len(s) < 2 || !array.IsWhole(class.typ) || !class.shape().Equal(append(tensor.Shape{s[0]}, s[2:]...)) {
		c.fail("scores of shape %v and %v as classes", s, class)
	}
	ignores, ignored := c.attrs.Has("ignore_index"), c.attrs.Int("ignore_index", 0)
	if class.known != nil {
		for _, v := range array.Of[int64](array.Cast(class.known, array.Ints().Type)) {
			if (v < 0 || v >= int64(s[1])) && !(ignores && v == ignored) {
				c.fail("class %d of %d", v, s[1])
			}
		}
	}
	axis := make([]bool, len(s))
	axis[1] = true
	one := class.shape().Clone()
	one = append(tensor.Shape{s[0], 1}, one[1:]...)
	label := c.reshape(class, one...)
	iota := c.cast(c.count(s[1], len(s)-1), class.typ)
	hot := c.compare(array.Equal, label, iota) // [N,C,d...]
	if ignores {
		other := c.not(c.compare(array.Equal, label, c.cast(known(array.Int(array.Ints().Type, ignored)), class.typ)))
		hot = c.combine(and, hot, other)
	}
	zero := num(x, 0)
	pick := func(v operand) operand {
		return c.squeezed(c.reduce(array.ReduceSum, c.where(hot, v, zero), axis), axis)
	}
	var weights operand
	if c.has(2) {
		w := c.in[2]
		if !w.shape().Equal(tensor.Shape{s[1]}) {
			c.fail("weights of shape %v for %d classes", w.shape(), s[1])
		}
		w = c.reshape(w, iota.shape()...)
		x, weights = c.mul(x, w), pick(w)
	} else if ignores {
		weights = pick(num(x, 1))
	}
	loss := c.sub(zero, pick(x))
	if how == "none" {
		return loss
	}
	all := every(loss.rank())
	total := func(v operand) operand { return c.squeezed(c.reduce(array.ReduceSum, v, all), all) }
	switch sum := total(loss); {
	case how == "sum":
		return sum
	case weights.given():
		return c.div(sum, total(weights))
	default:
		return c.div(sum, num(x, float64(loss.shape().Size())))
	}
}
