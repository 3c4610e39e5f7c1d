package exchange

import (
	"strings"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/tensor"
)

func init() {
	register("RNN", rule{since: versions(1, 7, 14, 22), least: 3, most: 6, build: buildRecurrent})
	register("GRU", rule{since: versions(1, 3, 7, 14, 22), least: 3, most: 6, build: buildRecurrent})
	register("LSTM", rule{since: versions(1, 7, 14, 22), least: 3, most: 8, build: buildRecurrent})
}

// recurrent is one direction of a recurrent layer.
type recurrent struct {
	*call
	hidden     int
	x          operand    // [T,B,in]
	w, r       operand    // [gates·H,in], [gates·H,H]
	wb, rb     operand    // [gates·H], zeros where left out
	h, state   operand    // [B,H], before the first step
	peephole   [3]operand // of an LSTM: of the gates i, o, f
	f, g, last function   // activations
	reverse    bool
	lengths    []int64
	linear     bool
	limit      float64 // of what activations get, 0 for none
	coupled    bool
	plain      bool // activations by default, nothing else asked for
}

// buildRecurrent is RNN, GRU and LSTM: the hidden states of all steps, the last one, and
// of an LSTM the last cell state.
func buildRecurrent(c *call) []operand {
	gates := map[string]int{"RNN": 1, "GRU": 3, "LSTM": 4}[c.Op]
	c.alike(c.in[:3]...)
	x, w, r := c.in[0], c.in[1], c.in[2]
	directions := map[string][]bool{"forward": {false}, "reverse": {true}, "bidirectional": {false, true}}[c.choice("direction", "forward", "reverse", "bidirectional")]
	d := len(directions)
	batchFirst := c.since >= 14 && c.size("layout", c.attrs.Int("layout", 0), 0, 1) == 1
	c.attrs.Ignore("hidden_size", "output_sequence") // the weights say it; the results asked for say it
	if x.rank() != 3 || w.rank() != 3 || r.rank() != 3 {
		c.fail("an input of shape %v and weights of shapes %v and %v", x.shape(), w.shape(), r.shape())
	}
	if batchFirst {
		x = c.transpose(x, 1, 0, 2)
	}
	steps, batch, in := x.shape()[0], x.shape()[1], x.shape()[2]
	h := r.shape()[2]
	if !w.shape().Equal(tensor.Shape{d, gates * h, in}) || !r.shape().Equal(tensor.Shape{d, gates * h, h}) || steps == 0 {
		c.fail("an input of shape %v and weights of shapes %v and %v in %d directions", x.shape(), w.shape(), r.shape(), d)
	}
	optional := func(i int, shape ...int) operand {
		if !c.has(i) {
			return operand{}
		}
		v := c.in[i]
		if batchFirst && (i == 5 || i == 6) {
			v = c.transpose(v, 1, 0, 2)
		}
		if !v.shape().Equal(shape) {
			c.fail("input %d has shape %v, not %v", i, c.in[i].shape(), tensor.Shape(shape))
		}
		return v
	}
	bias := optional(3, d, 2*gates*h)
	lengths := c.list(4)
	if lengths != nil && len(lengths) != batch {
		c.fail("%d lengths for a batch of %d", len(lengths), batch)
	}
	whole := true
	for _, n := range lengths {
		whole = c.size("a length", n, 0, int64(steps)) == steps && whole
	}
	if whole {
		lengths = nil
	}
	first, cell := optional(5, d, batch, h), operand{}
	var peep operand
	if c.Op == "LSTM" {
		cell, peep = optional(6, d, batch, h), optional(7, d, 3*h)
	}
	acts, plainActs := c.activations(d)
	clip := c.attrs.Float("clip", 0)
	linear := c.Op == "GRU" && c.flag("linear_before_reset", false)
	coupled := c.Op == "LSTM" && c.flag("input_forget", false)

	var all, lasts, cells []operand
	for k, reverse := range directions {
		zeros := func(shape ...int) operand { return c.expand(num(x, 0), shape) }
		or := func(v operand, shape ...int) operand {
			if !v.given() {
				return zeros(shape...)
			}
			return c.reshape(c.slice(v, 0, k, 1, 1), shape...)
		}
		n := recurrent{call: c, hidden: h, x: x, w: c.part(w, 0, k), r: c.part(r, 0, k), h: or(first, batch, h), state: or(cell, batch, h),
			f: acts[k][0], g: acts[k][1], last: acts[k][2], reverse: reverse, lengths: lengths, linear: linear, coupled: coupled,
			limit: float64(clip), plain: plainActs && clip == 0 && !coupled && !peep.given() && lengths == nil}
		both := or(bias, 2*gates*h)
		n.wb, n.rb = c.slice(both, 0, 0, gates*h, 1), c.slice(both, 0, gates*h, gates*h, 1)
		if peep.given() {
			p := c.part(peep, 0, k)
			for i := range n.peephole {
				n.peephole[i] = c.slice(p, 0, i*h, h, 1)
			}
		}
		y, last, state := n.run()
		all, lasts, cells = append(all, c.reshape(y, steps, 1, batch, h)), append(lasts, c.reshape(last, 1, batch, h)), append(cells, state)
	}
	y, last := c.concat(1, all...), c.concat(0, lasts...)
	if batchFirst {
		y, last = c.transpose(y, 2, 0, 1, 3), c.transpose(last, 1, 0, 2)
	}
	if c.Op != "LSTM" {
		return []operand{y, last}
	}
	for i := range cells {
		cells[i] = c.reshape(cells[i], 1, batch, h)
	}
	state := c.concat(0, cells...)
	if batchFirst {
		state = c.transpose(state, 1, 0, 2)
	}
	return []operand{y, last, state}
}

// run returns the hidden states [T,B,H], the last one, and the last cell state.
func (n *recurrent) run() (y, last, state operand) {
	c := n.call
	s := n.x.shape()
	steps, batch, h := s[0], s[1], n.hidden
	gates := n.w.shape()[0] / h
	flat := c.reshape(n.x, steps*batch, s[2])
	xg := c.add(c.matmul(flat, c.transpose(n.w, 1, 0)), n.wb)
	xg = c.reshape(xg, steps, batch, gates*h)
	if n.plain && c.Op == "LSTM" && xg.node != nil && n.x.shape().Size() > 0 {
		return n.fused(xg)
	}
	hs := make([]operand, steps)
	hidden, cell := n.h, n.state
	rt := c.transpose(n.r, 1, 0)
	for i := range steps {
		t := i
		if n.reverse {
			t = steps - 1 - i
		}
		gate := c.reshape(c.slice(xg, 0, t, 1, 1), batch, gates*h)
		var next, state operand
		switch c.Op {
		case "RNN":
			next = n.act(n.f, c.add(gate, c.add(c.matmul(hidden, rt), n.rb)))
		case "GRU":
			next = n.gru(gate, hidden, rt)
		default:
			next, state = n.lstm(gate, hidden, cell, rt)
		}
		hs[t] = next
		if n.lengths != nil {
			valid := make([]bool, batch)
			for b, m := range n.lengths {
				valid[b] = int64(t) < m
			}
			mask := known(array.Truth(tensor.Shape{batch, 1}, valid))
			hs[t] = c.where(mask, next, num(next, 0))
			next = c.where(mask, next, hidden)
			if c.Op == "LSTM" {
				state = c.where(mask, state, cell)
			}
		}
		hidden, cell = next, state
	}
	for t := range hs {
		hs[t] = c.reshape(hs[t], 1, batch, h)
	}
	return c.concat(0, hs...), hidden, cell
}

// act is an activation of a number that may be clipped before.
func (n *recurrent) act(f function, x operand) operand {
	if n.limit != 0 {
		x = n.call.clip(x, num(x, -n.limit), num(x, n.limit))
	}
	return n.apply(f, x)
}

// gates cuts rows of gates.
func (n *recurrent) gates(x operand, count int) []operand {
	sizes := make([]int64, count)
	for i := range sizes {
		sizes[i] = int64(n.hidden)
	}
	return n.split(x, x.rank()-1, sizes)
}

// gru has the gates z, r, h.
func (n *recurrent) gru(xg, h, rt operand) operand {
	c := n.call
	x, u, b := n.gates(xg, 3), n.gates(rt, 3), n.gates(n.rb, 3)
	part := func(i int, h operand) operand { return c.add(c.matmul(h, u[i]), b[i]) }
	z := n.act(n.f, c.add(x[0], part(0, h)))
	r := n.act(n.f, c.add(x[1], part(1, h)))
	var next operand
	if n.linear {
		next = c.add(x[2], c.mul(r, part(2, h)))
	} else {
		next = c.add(x[2], part(2, c.mul(r, h)))
	}
	next = n.act(n.g, next)
	return c.add(next, c.mul(z, c.sub(h, next)))
}

// lstm has the gates i, o, f, c.
func (n *recurrent) lstm(xg, h, cell, rt operand) (hidden, state operand) {
	c := n.call
	g := n.gates(c.add(xg, c.add(c.matmul(h, rt), n.rb)), 4)
	peep := func(i int, x, state operand) operand {
		if !n.peephole[i].given() {
			return x
		}
		return c.add(x, c.mul(n.peephole[i], state))
	}
	i := n.act(n.f, peep(0, g[0], cell))
	f := n.act(n.f, peep(2, g[2], cell))
	if n.coupled {
		f = c.sub(num(i, 1), i)
	}
	state = c.add(c.mul(f, cell), c.mul(i, n.act(n.g, g[3])))
	o := n.act(n.f, peep(1, g[1], state))
	return c.mul(o, n.apply(n.last, state)), state
}

// fused is the graph's own LSTM, whose gates are i, f, g, o.
func (n *recurrent) fused(xg operand) (y, last, state operand) {
	c := n.call
	reorder := func(x operand, axis int) *graph.Node {
		g := n.split(x, axis, []int64{int64(n.hidden), int64(n.hidden), int64(n.hidden), int64(n.hidden)})
		return c.plain(c.concat(axis, g[0], g[2], g[3], g[1]))
	}
	gates := reorder(c.add(xg, n.rb), 2)
	steps := gates.Shape()[0]
	flip := func(x *graph.Node) *graph.Node {
		if n.reverse {
			return graph.Slice(x, 0, steps-1, -1, -1)
		}
		return x
	}
	h, cell := graph.LSTM(flip(gates), reorder(c.transpose(n.r, 1, 0), 1), c.plain(n.h), c.plain(n.state))
	end := func(x *graph.Node) operand {
		return operand{typ: n.x.typ, node: graph.Reshape(graph.Slice(x, 0, steps-1, steps, 1), x.Shape()[1:]...)}
	}
	return operand{typ: n.x.typ, node: flip(h)}, end(h), end(cell)
}

// activations are those of each direction; plain says that they are the default ones.
func (c *call) activations(directions int) (acts [][3]function, plain bool) {
	def := map[string][]string{"RNN": {"Tanh"}, "GRU": {"Sigmoid", "Tanh"}, "LSTM": {"Sigmoid", "Tanh", "Tanh"}}[c.Op]
	names := c.attrs.Strings("activations")
	alphas, betas := c.attrs.Floats("activation_alpha"), c.attrs.Floats("activation_beta")
	if names == nil {
		for range directions {
			names = append(names, def...)
		}
	}
	if len(names) != len(def)*directions {
		c.fail("activations %q for %d directions", names, directions)
	}
	next := func(list *[]float32, def float64) float64 {
		if len(*list) == 0 {
			return def
		}
		v := float64((*list)[0])
		*list = (*list)[1:]
		return v
	}
	acts, plain = make([][3]function, directions), true
	for i, name := range names {
		plain = plain && name == def[i%len(def)]
		f := function{}
		scaled := func(alpha, beta float64, outer bool, g function) function {
			in := array.Function{Float: func(x float64) float64 { return g.host.Float(alpha*x + beta) }}
			node := func(x *graph.Node) *graph.Node { return g.graph(graph.Shift(graph.Scale(x, alpha), beta)) }
			if outer {
				in = array.Function{Float: func(x float64) float64 { return alpha * g.host.Float(beta*x) }}
				node = func(x *graph.Node) *graph.Node { return graph.Scale(g.graph(graph.Scale(x, beta)), alpha) }
			}
			return function{in, node}
		}
		identity := function{float(func(x float64) float64 { return x }), func(x *graph.Node) *graph.Node { return x }}
		switch strings.ToLower(name) {
		case "relu", "tanh", "sigmoid", "softsign", "softplus":
			f = functions[strings.ToUpper(name[:1])+strings.ToLower(name[1:])]
		case "affine":
			f = scaled(next(&alphas, 1), next(&betas, 0), false, identity)
		case "scaledtanh":
			f = scaled(next(&alphas, 1), next(&betas, 1), true, functions["Tanh"])
		case "leakyrelu":
			f = leaky(next(&alphas, 0.01))
		case "thresholdedrelu":
			f = thresholded(next(&alphas, 1))
		case "hardsigmoid":
			f = hardSigmoid(next(&alphas, 0.2), next(&betas, 0.5))
		case "elu":
			f = elu(next(&alphas, 1))
		default:
			c.fail("activation %q is not supported", name)
		}
		acts[i/len(def)][i%len(def)] = f
	}
	return acts, plain
}
