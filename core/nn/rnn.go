package nn

import (
	"fmt"

	"lab/core/graph"
	"lab/core/tensor"
)

// Recurrent is torch.nn.LSTM, GRU or RNN: one or more layers over a sequence, in one
// direction or two. Parameters are named as there: weight_ih_l0 [gates·H, in],
// weight_hh_l0 [gates·H, H], bias_ih_l0, bias_hh_l0; layer k has _lk, the backward
// direction a _reverse behind. All start from U(±1/√H).
type Recurrent struct {
	cell   Cell
	hidden int
	layers [][]direction // by layer, then forward and backward
}

// Cell is the kind of a recurrent layer.
type Cell int

const (
	LSTM    Cell = iota // Hochreiter & Schmidhuber 1997; gates i, f, g, o
	GRU                 // Cho et al. 2014, reset after the product; gates r, z, n
	RNNTanh             // h = tanh(W x + U h + b)
	RNNRelu
)

func (c Cell) String() string { return [...]string{"LSTM", "GRU", "tanh", "relu"}[c] }

func (c Cell) gates() int { return map[Cell]int{LSTM: 4, GRU: 3, RNNTanh: 1, RNNRelu: 1}[c] }

// direction is one layer in one direction. Weights are kept transposed.
type direction struct{ ih, hh, bih, bhh *graph.Param }

// NewRecurrent makes one for sequences of `in` features: layers layers with hidden
// units in each direction.
func NewRecurrent(s *Scope, cell Cell, in, hidden, layers int, bidirectional bool) *Recurrent {
	r := &Recurrent{cell: cell, hidden: hidden}
	draw := fanIn(hidden)
	g := cell.gates() * hidden
	for l := range layers {
		var ds []direction
		for _, suffix := range []string{"", "_reverse"}[:1+count(bidirectional)] {
			name := func(what string) string { return fmt.Sprintf("%s_l%d%s", what, l, suffix) }
			ds = append(ds, direction{
				s.addWeight(name("weight_ih"), tensor.Shape{in, g}, []int{1, 0}, draw),
				s.addWeight(name("weight_hh"), tensor.Shape{hidden, g}, []int{1, 0}, draw),
				s.addBias(name("bias_ih"), g, draw),
				s.addBias(name("bias_hh"), g, draw)})
		}
		r.layers = append(r.layers, ds)
		in = hidden * len(ds)
	}
	return r
}

func count(b bool) int {
	if b {
		return 1
	}
	return 0
}

// State is what a recurrent layer remembers: h, and c of an LSTM, each [layers ·
// directions, B, H] as in PyTorch. The zero value stands for zeros.
type State struct{ H, C *graph.Node }

// Forward maps x [T,B,in] to the last layer's states [T,B,H·directions], and the
// state after the last step.
func (r *Recurrent) Forward(x *graph.Node, from State) (y *graph.Node, to State) {
	if len(x.Shape()) != 3 {
		graph.Fail("Recurrent", "shape %v is not [T,B,features]", x.Shape())
	}
	b := x.Shape()[1]
	var hs, cs []*graph.Node
	for l, ds := range r.layers {
		var outs []*graph.Node
		for k, d := range ds {
			at := l*len(ds) + k
			first := func(all *graph.Node) *graph.Node {
				if all == nil {
					return x.Graph().Full(0, b, r.hidden)
				}
				return graph.Reshape(graph.Slice(all, 0, at, at+1, 1), b, r.hidden)
			}
			h, c := r.run(d, x, first(from.H), first(from.C), k == 1)
			outs = append(outs, h)
			hs, cs = append(hs, last(h, k == 1)), append(cs, c)
		}
		x = graph.Concat(2, outs...)
	}
	to.H = graph.Stack(0, hs...)
	if r.cell == LSTM {
		to.C = graph.Stack(0, cs...)
	}
	return x, to
}

// last is the state after the last step of a direction.
func last(h *graph.Node, backward bool) *graph.Node {
	t := h.Shape()[0] - 1
	if backward {
		t = 0
	}
	return graph.Reshape(graph.Slice(h, 0, t, t+1, 1), h.Shape()[1:]...)
}

// run is one layer in one direction over x [T,B,in]: h of every step, [T,B,H], and an
// LSTM's c after the last, [B,H].
func (r *Recurrent) run(d direction, x, h0, c0 *graph.Node, backward bool) (h, c *graph.Node) {
	g := x.Graph()
	flip := func(n *graph.Node) *graph.Node {
		if !backward {
			return n
		}
		return graph.Slice(n, 0, n.Shape()[0]-1, -1, -1)
	}
	args := []*graph.Node{x, g.Param(d.ih), g.Param(d.hh), g.Param(d.bih), g.Param(d.bhh), h0}
	attr := graph.RecurrentAttr{Kind: r.cell.String(), Backward: backward}
	xg := graph.Add(graph.MatMul(flip(x), g.Param(d.ih)), g.Param(d.bih)) // [T,B,gates·H]
	switch r.cell {
	case LSTM:
		h, c = graph.LSTM(graph.Add(xg, g.Param(d.bhh)), g.Param(d.hh), h0, c0)
		args = append(args, c0)
		h, c = graph.Label(flip(h), graph.LabelRecurrent, attr, args...), last(flip(c), backward)
		attr.Cell = true
		return h, graph.Label(c, graph.LabelRecurrent, attr, args...)
	case GRU:
		h = steps(xg, h0, func(x, h *graph.Node) *graph.Node { return r.gru(x, h, g.Param(d.hh), g.Param(d.bhh)) })
	default:
		act := graph.Tanh
		if r.cell == RNNRelu {
			act = graph.Relu
		}
		xg = graph.Add(xg, g.Param(d.bhh))
		h = steps(xg, h0, func(x, h *graph.Node) *graph.Node { return act(graph.Add(graph.MatMul(h, g.Param(d.hh)), x)) })
	}
	return graph.Label(flip(h), graph.LabelRecurrent, attr, args...), nil
}

// steps unrolls a cell over xg [T,B,·].
func steps(xg, h *graph.Node, cell func(x, h *graph.Node) *graph.Node) *graph.Node {
	shape := xg.Shape()
	outs := make([]*graph.Node, shape[0])
	for t := range outs {
		h = cell(graph.Reshape(graph.Slice(xg, 0, t, t+1, 1), shape[1:]...), h)
		outs[t] = h
	}
	return graph.Stack(0, outs...)
}

// gru is one step: r, z = σ(x + h U), n = tanh(x + r (h U + b)), h = (1-z) n + z h.
func (r *Recurrent) gru(x, h, hh, bhh *graph.Node) *graph.Node {
	n := r.hidden
	u := graph.Add(graph.MatMul(h, hh), bhh)
	xs, us := graph.Split(x, 1, n, n, n), graph.Split(u, 1, n, n, n)
	reset, update := graph.Sigmoid(graph.Add(xs[0], us[0])), graph.Sigmoid(graph.Add(xs[1], us[1]))
	next := graph.Tanh(graph.Add(xs[2], graph.Mul(reset, us[2])))
	return graph.Add(next, graph.Mul(update, graph.Sub(h, next)))
}
