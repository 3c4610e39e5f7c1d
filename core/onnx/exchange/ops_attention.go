package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

func init() {
	register("Attention",
		rule{since: versions(23), least: 3, most: 6, build: buildAttention},
		rule{since: versions(24, 25), least: 3, most: 7, build: buildAttention})
	register("RotaryEmbedding", rule{since: versions(23), least: 3, most: 4, build: one(buildRotary)})
}

// heads brings [B,S,heads·D] to [B,heads,S,D]; a value of four axes has them already.
func (c *call) heads(x operand, attr string) operand {
	s := x.shape()
	if len(s) == 4 {
		return x
	}
	n := c.size(attr, c.attrs.Int(attr, 0), 1, maxSize)
	if len(s) != 3 || s[2]%n != 0 {
		c.fail("shape %v in %d heads", s, n)
	}
	return c.transpose(c.reshape(x, s[0], s[1], n, s[2]/n), 0, 2, 1, 3)
}

// buildAttention is softmax(q kᵀ scale + mask) v of Q [B,H,T,D], K [B,H/g,S,D] and V
// [B,H/g,S,E] (ONNX operators, Attention): its result, keys and values with those of
// the past before them, and a stage of the scores.
func buildAttention(c *call) []operand {
	q, k, v := c.heads(c.in[0], "q_num_heads"), c.heads(c.in[1], "kv_num_heads"), c.heads(c.in[2], "kv_num_heads")
	c.attrs.Ignore("q_num_heads", "kv_num_heads")
	c.floats(q, k, v)
	t := c.alike(q, k)
	causal, softcap := c.flag("is_causal", false), float64(c.attrs.Float("softcap", 0))
	mode := c.size("qk_matmul_output_mode", c.attrs.Int("qk_matmul_output_mode", 0), 0, 3)
	precision := c.typeOr("softmax_precision", pb.Undefined)
	left, right := int64(-1), int64(-1)
	if c.since >= 25 {
		left, right = c.attrs.Int("left_window_size", -1), c.attrs.Int("right_window_size", -1)
	}
	past := 0
	if c.has(4) != c.has(5) {
		c.fail("a past key without a past value, or the other way round")
	}
	if c.has(4) {
		for _, x := range c.in[4:6] {
			if x.rank() != 4 {
				c.fail("a past of shape %v", x.shape())
			}
		}
		past = c.in[4].shape()[2]
		k, v = c.concat(2, c.in[4], k), c.concat(2, c.in[5], v)
	}
	sq, sk, sv := q.shape(), k.shape(), v.shape()
	b, h, steps, d, groups, keys := sq[0], sq[1], sq[2], sq[3], sk[1], sk[2]
	if sk[0] != b || sv[0] != b || sv[1] != groups || sv[2] != keys || sk[3] != d || groups == 0 || h%groups != 0 {
		c.fail("queries, keys and values of shapes %v, %v and %v", sq, sk, sv)
	}
	scale := float64(c.attrs.Float("scale", float32(1/math.Sqrt(float64(d)))))
	a := attention{call: c, batch: b, heads: h, steps: steps, keys: keys, causal: causal, left: left, right: right, past: past}
	if c.has(6) {
		if past > 0 {
			c.fail("nonpad_kv_seqlen beside a past")
		}
		if a.lengths = c.list(6); len(a.lengths) != b {
			c.fail("%d lengths for a batch of %d", len(a.lengths), b)
		}
	}
	var mask operand
	if c.has(3) {
		mask = a.padded(c.in[3])
	}
	allowed := a.allowed()
	each := h / groups
	out := []operand{{}, k, v, {}}
	if simple := softcap == 0 && !mask.given() && !c.want(3) && each == 1 && sv[3] == d && a.lengths == nil && past == 0 && left < 0 && right < 0; simple &&
		kept(t) && (t != pb.Double || q.known == nil) && sq.Size() > 0 && keys > 0 && q.typ == v.typ && (q.node != nil || k.node != nil) {
		out[0] = c.fusedAttention(q, k, v, scale*math.Sqrt(float64(d)), causal)
	} else {
		// [B,H/g,g,T,D] by [B,H/g,1,D,S]
		root := math.Sqrt(math.Abs(scale))
		qs, ks := c.mul(q, num(q, root)), c.mul(k, num(k, math.Copysign(root, scale)))
		scores := c.matmul(c.reshape(qs, b, groups, each, steps, d), c.reshape(c.transpose(ks, 0, 1, 3, 2), b, groups, 1, d, keys))
		scores = c.reshape(scores, b, h, steps, keys)
		stages := []operand{scores, scores, scores, {}}
		if softcap != 0 {
			scores = c.mul(c.apply(functions["Tanh"], c.div(scores, num(scores, softcap))), num(scores, softcap))
			stages[1] = scores
		}
		never := num(scores, math.Inf(-1))
		if mask.given() && mask.typ == pb.Bool {
			scores = c.where(mask, scores, never)
		} else if mask.given() {
			scores = c.add(scores, c.cast(mask, t))
		}
		if allowed.given() {
			scores = c.where(allowed, scores, never)
		}
		stages[2] = scores
		if precision != pb.Undefined {
			scores = c.cast(scores, precision)
		}
		p := c.cast(c.probabilities(scores, mask.given() || allowed.given()), t)
		stages[3] = p
		y := c.matmul(c.reshape(c.cast(p, v.typ), b, groups, each, steps, keys), c.reshape(v, b, groups, 1, keys, sv[3]))
		out[0] = c.reshape(y, b, h, steps, sv[3])
		out[3] = stages[mode]
	}
	if c.in[0].rank() == 3 {
		out[0] = c.reshape(c.transpose(out[0], 0, 2, 1, 3), b, steps, h*sv[3])
	}
	return out
}

// probabilities are the softmax of each row, or zeros where a row allows nothing.
func (c *call) probabilities(scores operand, masked bool) operand {
	last := scores.rank() - 1
	if !masked || scores.shape().Size() == 0 {
		return c.softmax(scores, last, false)
	}
	over := make([]bool, scores.rank())
	over[last] = true
	empty := c.compare(array.Equal, c.reduce(array.ReduceMax, scores, over), num(scores, math.Inf(-1)))
	p := c.softmax(c.where(empty, num(scores, 0), scores), last, false)
	return c.where(empty, num(p, 0), p)
}

// attention says which keys a query may see.
type attention struct {
	*call
	batch, heads, steps, keys int
	causal                    bool
	left, right               int64 // how far away, -1 for any distance
	past                      int
	lengths                   []int64 // of the keys of each example, nil for all
}

// padded is the mask with its last axis filled up to all keys: none of them is seen.
func (a *attention) padded(mask operand) operand {
	s := mask.shape()
	if mask.typ != pb.Bool && !array.IsFloat(mask.typ) || len(s) > 4 || len(s) == 0 {
		a.fail("a mask that is %v", mask)
	}
	want := tensor.Shape{a.batch, a.heads, a.steps, a.keys}
	if n := s[len(s)-1]; n < a.keys && n != 1 {
		before, after := make([]int, len(s)), make([]int, len(s))
		after[len(s)-1] = a.keys - n
		value := operand{}
		if mask.typ != pb.Bool {
			value = num(mask, math.Inf(-1))
		}
		mask = a.pad(mask, before, after, value)
	}
	if !array.Broadcast(mask.shape(), want).Equal(want) {
		a.fail("a mask of shape %v for scores of shape %v", s, want)
	}
	return mask
}

// allowed is the mask of what is said without one, [1 or B,1,T,S]; not given if all is.
func (a *attention) allowed() operand {
	if !a.causal && a.left < 0 && a.right < 0 && a.lengths == nil {
		return operand{}
	}
	n := 1
	if a.lengths != nil {
		n = a.batch
	}
	a.room(n, a.steps, a.keys)
	see := make([]bool, n*a.steps*a.keys)
	for b := range n {
		valid, offset := int64(a.keys), int64(a.past)
		if a.lengths != nil {
			valid = a.lengths[b]
			offset = valid - int64(a.steps)
		}
		for i := range a.steps {
			at := int64(i) + offset
			for k := range a.keys {
				j := int64(k)
				ok := j < valid && (!a.causal || j <= at) && (a.left < 0 || j >= at-a.left) && (a.right < 0 || j <= at+a.right)
				see[(b*a.steps+i)*a.keys+k] = ok
			}
		}
	}
	return known(array.Truth(tensor.Shape{n, 1, a.steps, a.keys}, see))
}

// fusedAttention is the graph's own, which scales by 1/√D itself and keeps no scores.
func (c *call) fusedAttention(q, k, v operand, scale float64, causal bool) operand {
	if math.Abs(scale-1) > 1e-6 {
		q = c.mul(q, num(q, scale))
	}
	side := func(x operand) *graph.Node { return c.plain(c.transpose(x, 0, 2, 1, 3)) } // [B,S,H,D]
	n := side(q)
	s := n.Shape()
	kv := graph.Stack(2, side(k), side(v))
	y := graph.CrossAttention(graph.Reshape(n, s[0], s[1], 1, s[2], s[3]), kv, nil, graph.AttentionAttr{Causal: causal})
	return c.transpose(operand{typ: q.typ, node: y}, 0, 2, 1, 3)
}

// buildRotary rotates pairs of features by angles that grow with the position.
func buildRotary(c *call) operand {
	x := c.heads(c.in[0], "num_heads")
	c.attrs.Ignore("num_heads")
	x = c.transpose(x, 0, 2, 1, 3) // [B,S,H,D]
	s := x.shape()
	size := c.size("rotary_embedding_dim", c.attrs.Int("rotary_embedding_dim", 0), 0, int64(s[3]))
	if size == 0 {
		size = s[3]
	}
	half := size / 2
	if size%2 != 0 {
		c.fail("an odd number of features, %d, to rotate", size)
	}
	interleaved := c.flag("interleaved", false)
	angle := func(cache operand) operand {
		if c.has(3) {
			if cache.rank() != 2 || c.in[3].rank() != 2 {
				c.fail("a cache of shape %v and positions of shape %v", cache.shape(), c.in[3].shape())
			}
			cache = c.gather(cache, c.in[3])
		}
		if a := cache.shape(); len(a) != 3 || a[2] != half || !array.Broadcast(a[:2], s[:2]).Equal(s[:2]) {
			c.fail("a cache of shape %v for shape %v and %d features", cache.shape(), s, size)
		}
		a := cache.shape()
		return c.reshape(cache, a[0], a[1], 1, half)
	}
	cos, sin := angle(c.in[1]), angle(c.in[2])
	turned, rest := c.slice(x, 3, 0, size, 1), c.slice(x, 3, size, s[3]-size, 1)
	var x1, x2 operand
	if interleaved {
		x1, x2 = c.slice(turned, 3, 0, half, 2), c.slice(turned, 3, min(1, size), half, 2)
	} else {
		x1, x2 = c.slice(turned, 3, 0, half, 1), c.slice(turned, 3, half, half, 1)
	}
	real := c.sub(c.mul(cos, x1), c.mul(sin, x2))
	imag := c.add(c.mul(sin, x1), c.mul(cos, x2))
	if interleaved {
		shape := []int{s[0], s[1], s[2], half, 1}
		turned = c.reshape(c.concat(4, c.reshape(real, shape...), c.reshape(imag, shape...)), s[0], s[1], s[2], size)
	} else {
		turned = c.concat(3, real, imag)
	}
	y := c.concat(3, turned, rest)
	if c.in[0].rank() == 3 {
		return c.reshape(y, c.in[0].shape()...)
	}
	return c.transpose(y, 0, 2, 1, 3)
}
