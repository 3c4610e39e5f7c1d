package nn

import (
	"fmt"
	"math"

	"lab/core/graph"
	"lab/core/tensor"
)

// MultiheadAttention is torch.nn.MultiheadAttention (Vaswani et al. 2017, section
// 3.2.2) with batch_first=True: queries, keys and values are projected, cut into heads,
// and the heads' attention softmax(q kᵀ/√D) v is projected once more. Its parameters
// are in_proj_weight [3E,E] in files (queries, keys, values), in_proj_bias, and those
// of the Linear out_proj.
type MultiheadAttention struct {
	InWeight, InBias *graph.Param // kept [E,3E]; the bias is nil without
	Out              *Linear
	Heads            int
	Dropout          *Dropout // of the attention's probabilities
	Rotary           *Rotary  // of queries and keys, or nil

	// Watch, if set, is given the probabilities [B,H,T,S] of each call of Forward and
	// Cross, which then compute attention by its definition and hold them all.
	Watch func(p *graph.Node)

	name  string
	width int
}

// NewMultiheadAttention makes one: the input projection starts from Xavier's uniform
// distribution, the output's weight as a Linear's, biases from 0.
func NewMultiheadAttention(s *Scope, width, heads int, dropout float64, bias bool) *MultiheadAttention {
	if heads < 1 || width%heads != 0 {
		panic(fmt.Sprintf("nn: attention of width %d in %d heads", width, heads))
	}
	m := &MultiheadAttention{Heads: heads, name: s.prefix, width: width, Dropout: NewDropout(s, dropout),
		InWeight: s.addWeight("in_proj_weight", tensor.Shape{width, 3 * width}, []int{1, 0}, XavierUniform(1))}
	out := s.Sub("out_proj")
	m.Out = &Linear{}
	if bias {
		m.InBias = s.addBias("in_proj_bias", 3*width, Constant(0))
	}
	m.Out.Weight = out.addWeight("weight", tensor.Shape{width, width}, []int{1, 0}, fanIn(width))
	if bias {
		m.Out.Bias = out.addBias("bias", width, Constant(0))
	}
	return m
}

// Forward is self-attention: x [B,T,E] to [B,T,E]. mask [B,T] is 0 for keys that nobody
// may see (PyTorch's key_padding_mask is 1 for those), or nil; a says which keys a
// query may see.
func (m *MultiheadAttention) Forward(x, mask *graph.Node, a graph.AttentionAttr, train bool) *graph.Node {
	m.check(x)
	qkv := m.project(x, 0, 3) // [B,T,3,H,D]
	if m.Rotary != nil {
		parts := graph.Split(qkv, 2, 2, 1)
		qkv = graph.Concat(2, m.Rotary.Forward(parts[0]), parts[1])
	}
	if m.explicit(train) {
		parts := graph.Split(qkv, 2, 1, 2)
		return m.join(m.defined(parts[0], parts[1], mask, a, train))
	}
	return m.join(graph.SelfAttention(qkv, mask, a))
}

// Cross is attention of queries from x [B,T,E] over keys and values from memory
// [B,S,E], of which mask [B,S] is 0 for those that nobody may see, or nil.
func (m *MultiheadAttention) Cross(x, memory, mask *graph.Node, a graph.AttentionAttr, train bool) *graph.Node {
	m.check(x)
	m.check(memory)
	q, kv := m.project(x, 0, 1), m.project(memory, 1, 3)
	if m.Rotary != nil {
		parts := graph.Split(kv, 2, 1, 1)
		q, kv = m.Rotary.Forward(q), graph.Concat(2, m.Rotary.Forward(parts[0]), parts[1])
	}
	if m.explicit(train) {
		return m.join(m.defined(q, kv, mask, a, train))
	}
	return m.join(graph.CrossAttention(q, kv, mask, a))
}

// Decode is causal self-attention for the one newest token of each sequence, x
// [B,1,E], over the tokens that the cache holds, to which it is added. With window > 0
// it sees only tokens less than that far back.
func (m *MultiheadAttention) Decode(x *graph.Node, cache *Cache, window int) *graph.Node {
	m.check(x)
	if x.Shape()[0] != cache.batch || x.Shape()[1] != 1 {
		graph.Fail("Decode", "shape %v: the cache takes one token of %d sequences", x.Shape(), cache.batch)
	}
	qkv := m.project(x, 0, 3)
	at := cache.Position(x.Graph())
	if m.Rotary != nil {
		parts := graph.Split(qkv, 2, 2, 1)
		qkv = graph.Concat(2, m.Rotary.At(parts[0], at), parts[1])
	}
	parts := graph.Split(qkv, 2, 1, 2)
	kv, mask := cache.add(m.name, parts[1], at, window)
	return m.join(graph.CrossAttention(parts[0], kv, mask, graph.AttentionAttr{}))
}

// project gives parts from to to-1 of queries, keys and values: [B,T,to-from,H,D].
func (m *MultiheadAttention) project(x *graph.Node, from, to int) *graph.Node {
	g, e := x.Graph(), m.width
	w := graph.Slice(g.Param(m.InWeight), 1, from*e, to*e, 1)
	y := graph.MatMul(x, w)
	args := []*graph.Node{x, w}
	if m.InBias != nil {
		b := graph.Slice(g.Param(m.InBias), 0, from*e, to*e, 1)
		y, args = graph.Add(y, b), append(args, b)
	}
	y = graph.Label(y, graph.LabelLinear, nil, args...)
	return graph.Reshape(y, x.Shape()[0], x.Shape()[1], to-from, m.Heads, e/m.Heads)
}

// join projects the heads' results [B,T,H,D] to [B,T,E].
func (m *MultiheadAttention) join(y *graph.Node) *graph.Node {
	return m.Out.Forward(graph.Reshape(y, y.Shape()[0], y.Shape()[1], m.width))
}

func (m *MultiheadAttention) check(x *graph.Node) {
	if s := x.Shape(); len(s) != 3 || s[2] != m.width {
		graph.Fail("MultiheadAttention", "shape %v: needs [B,T,%d]", s, m.width)
	}
}

func (m *MultiheadAttention) explicit(train bool) bool {
	return train && m.Dropout.P > 0 || m.Watch != nil
}

// defined is attention in primitive ops, whose probabilities can be dropped and
// watched: the kernel never holds them all.
func (m *MultiheadAttention) defined(q, kv, mask *graph.Node, a graph.AttentionAttr, train bool) *graph.Node {
	g := q.Graph()
	b, t, s := q.Shape()[0], q.Shape()[1], kv.Shape()[1]
	part := func(x *graph.Node, i int) *graph.Node { // [B,T,parts,H,D] to [B,H,T,D]
		x = graph.Slice(x, 2, i, i+1, 1)
		return graph.Transpose(graph.Reshape(x, b, x.Shape()[1], m.Heads, -1), 0, 2, 1, 3)
	}
	k := graph.Transpose(part(kv, 0))                                                         // [B,H,D,S]
	scores := graph.Scale(graph.MatMul(part(q, 0), k), 1/math.Sqrt(float64(m.width/m.Heads))) // [B,H,T,S]
	column, row := graph.Iota(g, s), graph.Shift(graph.Reshape(graph.Iota(g, t), t, 1), float64(a.Offset))
	var seen *graph.Node // 1 for keys that a query may see, broadcast to [B,H,T,S]
	only := func(these *graph.Node) {
		if seen != nil {
			these = graph.Mul(seen, these)
		}
		seen = these
	}
	if a.Causal {
		only(graph.LessEqual(column, row))
	}
	if a.Window > 0 {
		only(graph.Less(graph.Abs(graph.Sub(column, row)), g.Scalar(float64(a.Window))))
	}
	if mask != nil {
		only(graph.Reshape(mask, b, 1, 1, s))
	}
	if seen != nil {
		scores = graph.Where(seen, scores, g.Scalar(-1e30))
	}
	p := graph.Softmax(scores)
	if mask != nil { // a query that sees no key gets nothing, as from the kernel, and no NaN
		p = graph.Where(seen, p, g.Scalar(0))
	}
	if m.Watch != nil {
		m.Watch(p)
	}
	p = m.Dropout.Forward(p, train)
	return graph.Transpose(graph.MatMul(p, part(kv, 1)), 0, 2, 1, 3)
}

// AdditiveAttention is the attention of Bahdanau, Cho & Bengio (2015), appendix A.1.2:
// query q scores key k by vᵀ tanh(W q + U k).
type AdditiveAttention struct{ Query, Key, Score *Linear }

// NewAdditiveAttention makes one of the Linears query (with bias), key and score
// (without), starting as Linears do.
func NewAdditiveAttention(s *Scope, query, key, hidden int) *AdditiveAttention {
	return &AdditiveAttention{NewLinear(s.Sub("query"), query, hidden, true), NewLinear(s.Sub("key"), key, hidden, false),
		NewLinear(s.Sub("score"), hidden, 1, false)}
}

// Forward gives for queries [B,T,query] and keys [B,S,key], which are the values too,
// the contexts [B,T,key] and the probabilities [B,T,S]. mask [B,S] is 0 for keys that
// nobody may see, or nil.
func (a *AdditiveAttention) Forward(queries, keys, mask *graph.Node) (context, p *graph.Node) {
	q, k := a.Query.Forward(queries), a.Key.Forward(keys)
	b, t, s, h := q.Shape()[0], q.Shape()[1], k.Shape()[1], q.Shape()[2]
	both := graph.Tanh(graph.Add(graph.Reshape(q, b, t, 1, h), graph.Reshape(k, b, 1, s, h))) // [B,T,S,hidden]
	scores := graph.Reshape(a.Score.Forward(both), b, t, s)
	if mask != nil {
		scores = graph.Where(graph.Reshape(mask, b, 1, s), scores, q.Graph().Scalar(math.Inf(-1)))
	}
	p = graph.Softmax(scores)
	return graph.MatMul(p, keys), p
}
