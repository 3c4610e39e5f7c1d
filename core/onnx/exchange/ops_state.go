package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Layers of state-space and linear-attention models, which carry a state from token to
// token.

func init() {
	register("CausalConvWithState", rule{since: versions(27), least: 2, most: 4, build: buildCausalConv})
	register("LinearAttention", rule{since: versions(27), least: 3, most: 6, build: buildLinearAttention})
	register("SwiGLU", rule{since: versions(28), least: 2, most: 2, build: one(func(c *call) operand {
		a, b := c.in[0], c.in[1]
		c.floats(a)
		if !a.shape().Equal(b.shape()) {
			c.fail("shapes %v and %v", a.shape(), b.shape())
		}
		return c.mul(c.apply(swish(float64(c.attrs.Float("alpha", 1))), a), b)
	})})
}

func swish(alpha float64) function {
	return function{float(func(x float64) float64 { return x / (1 + math.Exp(-alpha*x)) }), func(x *graph.Node) *graph.Node {
		return graph.Mul(x, graph.Sigmoid(graph.Scale(x, alpha)))
	}}
}

// buildCausalConv convolves each channel with its own past: x [B,C,L], w [C,1,k].
func buildCausalConv(c *call) []operand {
	x, w := c.in[0], c.in[1]
	s, ws := x.shape(), w.shape()
	if len(s) != 3 || len(ws) != 3 || ws[0] != s[1] || ws[1] != 1 || ws[2] < 1 {
		c.fail("an input of shape %v and weights of shape %v", s, ws)
	}
	before := ws[2] - 1
	past := c.expand(num(x, 0), tensor.Shape{s[0], s[1], before})
	if c.has(3) {
		if past = c.in[3]; !past.shape().Equal(tensor.Shape{s[0], s[1], before}) {
			c.fail("a state of shape %v", past.shape())
		}
	}
	wide := c.concat(2, past, x)
	state := c.slice(wide, 2, s[2], before, 1)
	win := window{in: tensor.Shape{before + s[2]}, kernel: tensor.Shape{ws[2]}, stride: []int{1}, dilation: []int{1}, before: []int{0}, after: []int{0}, out: tensor.Shape{s[2]}}
	y := c.convolved(wide, w, c.bias(), s[1], &win)
	if c.choice("activation", "none", "silu", "swish") != "none" {
		y = c.apply(swish(1), y)
	}
	return []operand{y, state}
}

// buildLinearAttention is, for each token t, S = decay S + k ⊗ (v or what it adds to what
// S knows of k), o = scale qᵀS.
func buildLinearAttention(c *call) []operand {
	hq, hk := c.size("q_num_heads", c.attrs.Int("q_num_heads", 0), 1, 1<<20), c.size("kv_num_heads", c.attrs.Int("kv_num_heads", 0), 1, 1<<20)
	rule := c.choice("update_rule", "gated_delta", "linear", "gated", "delta")
	c.attrs.Ignore("chunk_size") // a hint
	q, k, v := c.in[0], c.in[1], c.in[2]
	c.floats(q, k, v)
	t := c.alike(q, k, v)
	sq, sk, sv := q.shape(), k.shape(), v.shape()
	if len(sq) != 3 || len(sk) != 3 || len(sv) != 3 || hq%hk != 0 || sq[2]%hq != 0 || sk[2]%hk != 0 || sv[2]%hk != 0 ||
		sq[2]/hq != sk[2]/hk || !sq[:2].Equal(sk[:2]) || !sq[:2].Equal(sv[:2]) || sq[1] == 0 {
		c.fail("queries, keys and values of shapes %v, %v and %v in %d and %d heads", sq, sk, sv, hq, hk)
	}
	b, steps, dk, dv, each := sq[0], sq[1], sk[2]/hk, sv[2]/hk, hq/hk
	scale := float64(c.attrs.Float("scale", 0))
	if scale == 0 {
		scale = 1 / math.Sqrt(float64(dk))
	}
	heads := func(x operand, n int) operand { // [T,B,heads,D]
		s := x.shape()
		return c.transpose(c.reshape(x, b, steps, n, s[2]/n), 1, 0, 2, 3)
	}
	// the state is in float32 at least
	wide := t
	if t != pb.Double {
		wide = pb.Float
	}
	kind := wide
	state := c.expand(known(array.Float(wide, 0)), tensor.Shape{b, hk, dk, dv})
	if c.has(3) {
		kind = c.in[3].typ
		if state = c.cast(c.in[3], wide); !state.shape().Equal(tensor.Shape{b, hk, dk, dv}) {
			c.fail("a state of shape %v", c.in[3].shape())
		}
	} else if t != pb.Double {
		kind = t
	}
	optional := func(i int, want bool) operand {
		if want && !c.has(i) {
			c.fail("update_rule=%q without input %d", rule, i)
		}
		if !want {
			return operand{}
		}
		x := c.in[i]
		if s := x.shape(); len(s) != 3 || !s[:2].Equal(sq[:2]) || s[2]%hk != 0 && s[2] != 1 {
			c.fail("input %d has shape %v", i, s)
		}
		return c.cast(x, wide)
	}
	decay, beta := optional(4, rule == "gated" || rule == "gated_delta"), optional(5, rule == "delta" || rule == "gated_delta")
	q, k, v = heads(c.cast(q, wide), hq), heads(c.cast(k, wide), hk), heads(c.cast(v, wide), hk)
	outs := make([]operand, steps)
	for i := range steps {
		kt, vt := c.part(k, 0, i), c.part(v, 0, i) // [B,Hk,dk], [B,Hk,dv]
		if decay.given() {
			n := decay.shape()[2]
			g := c.reshape(c.part(decay, 1, i), b, min(n, hk), max(1, n/hk), 1)
			state = c.mul(state, c.apply(functions["Exp"], g))
		}
		add := c.reshape(vt, b, hk, 1, dv)
		column := c.reshape(kt, b, hk, dk, 1)
		if beta.given() {
			knows := c.matmul(c.reshape(kt, b, hk, 1, dk), state)
			rate := c.part(beta, 1, i)
			add = c.mul(c.sub(add, knows), c.reshape(rate, b, rate.shape()[1], 1, 1))
		}
		state = c.add(state, c.mul(column, add))
		qt := c.reshape(c.part(q, 0, i), b, hk, each, dk)
		o := c.mul(c.matmul(qt, state), num(state, scale)) // [B,Hk,each,dv]
		outs[i] = c.reshape(o, b, 1, hq*dv)
	}
	return []operand{c.cast(c.concat(1, outs...), t), c.cast(state, kind)}
}
