package vm

import (
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/internal/kernel"
)

// storage is the memory of one value, which other shapes of it share.
type storage struct {
	size  int       // floats
	fixed []float32 // memory from outside: a parameter, a gradient, a constant
	fed   bool      // an input's
	last  int       // place in the order of the last use
	off   int       // in the arena, unless fixed
}

// view is the part of a storage that a value takes.
type view struct {
	*storage
	at, n int
}

// whole reports whether the value takes all of its storage.
func (v view) whole() bool { return v.at == 0 && v.n == v.size }

const forever = math.MaxInt

// viewed returns the operand whose memory n is a part of, and where, if n needs no call:
// another shape, a label, or a slice of neighbouring elements.
func (c *compiler) viewed(n *graph.Node) (x *graph.Node, at int, ok bool) {
	if n.Op() == nil {
		return nil, 0, false
	}
	x = c.inputs[n][0]
	if n.Op().Def().Alias {
		return x, 0, true
	}
	at, ok = n.Op().Contiguous()
	return x, at, ok
}

// place gives every value its memory: constants and parameters where they are,
// gradients in their parameters' flat memory, inputs and outputs for the whole
// run, everything else in the arena for as long as it is used.
func (c *compiler) place(outputs []*graph.Node, gradients []graph.Gradients) {
	for _, n := range c.order {
		switch {
		case c.inside[n] != nil:
			continue
		case c.folded[n] != nil:
			c.backing[n] = view{&storage{fixed: c.folded[n]}, 0, len(c.folded[n])}
		case n.Param() != nil:
			c.backing[n] = view{&storage{fixed: n.Param().Value()}, 0, n.Shape().Size()}
		default:
			size := n.Shape().Size()
			if x, at, ok := c.viewed(n); ok {
				v := c.backing[x]
				c.backing[n] = view{v.storage, v.at + at, size}
			} else {
				c.backing[n] = view{&storage{size: size}, 0, size}
			}
		}
	}
	for _, n := range c.order {
		if n.IsInput() {
			c.backing[n].last, c.backing[n].fed = forever, true
		}
	}
	for n := range c.roots {
		c.backing[n].last = forever
	}
	for _, g := range gradients {
		for i, p := range g.Params {
			v := c.backing[g.Nodes[i]]
			if v.fixed == nil && v.whole() && !v.fed {
				v.fixed = p.Grad()
			}
		}
	}
	for i, n := range c.order {
		if c.computed(n) {
			for _, x := range c.operands(n) {
				s := c.backing[x]
				s.last = max(s.last, i)
			}
		}
	}

	var a arena
	for _, n := range c.order { // first, so that nothing is computed into them
		if n.IsInput() {
			c.backing[n].off = a.alloc(c.backing[n].size)
			c.program.values += c.backing[n].size
		}
	}
	for i, n := range c.order {
		if !c.computed(n) {
			continue
		}
		s := c.backing[n].storage
		if s.fixed == nil {
			s.fixed = c.updated(n, i, outputs)
		}
		if s.fixed == nil {
			c.program.values += s.size
			if x := c.overwritten(n, i); x != nil {
				s.off = x.off
				x.last = -1 // not to be released
			} else {
				s.off = a.alloc(s.size)
			}
		}
		released := map[*storage]bool{}
		for _, x := range append(c.operands(n), n) {
			if s := c.backing[x].storage; s.fixed == nil && s.last <= i && s.last >= 0 && !released[s] {
				released[s] = true
				a.release(s.off, s.size)
			}
		}
	}
	c.program.arena = a.top
	memory := kernel.Alloc(a.top)
	for _, v := range c.backing {
		if s := v.storage; s.fixed == nil {
			s.fixed = memory[s.off : s.off+s.size : s.off+s.size]
		}
	}
}

// operands are the values that n's call reads.
func (c *compiler) operands(n *graph.Node) []*graph.Node {
	g := c.groups[n]
	switch {
	case g == nil:
		return c.inputs[n]
	case g.first != nil:
		return append(slices.Clone(c.inputs[g.first]), g.in[1:]...)
	}
	return g.in
}

// overwritten returns the memory of an operand that n may be computed into, since nobody
// needs it afterwards.
func (c *compiler) overwritten(n *graph.Node, i int) *storage {
	for _, x := range c.overlays(n) {
		if v := c.backing[x]; v.fixed == nil && v.last == i && v.whole() {
			return v.storage
		}
	}
	return nil
}

// updated returns the memory of the buffer that n is to be stored in, if n may be computed
// right there: nobody needs what the buffer held any more, but for n itself, element by
// element. An output is not: it must not change when the buffer is set between runs.
func (c *compiler) updated(n *graph.Node, i int, outputs []*graph.Node) []float32 {
	p := c.updates[n]
	shown := func(o *graph.Node) bool { return c.backing[o].storage == c.backing[n].storage }
	if p == nil || !c.backing[n].whole() || slices.ContainsFunc(outputs, shown) {
		return nil
	}
	for _, x := range c.order {
		if x.Param() != p {
			continue
		}
		if last := c.backing[x].last; last > i || last == i && !slices.Contains(c.overlays(n), x) {
			return nil
		}
	}
	return p.Value()
}

// overlays are the operands that n may be computed over, element by element: of an
// elementwise call those of its own shape, unless another shape of the same memory is read
// in another order.
func (c *compiler) overlays(n *graph.Node) (over []*graph.Node) {
	g := c.groups[n]
	if g == nil || reduces(n) || g.first != nil { // a product reads its operands again and again
		return nil
	}
	for _, x := range g.in {
		once := sameShape(x, n)
		for _, y := range g.in {
			once = once && (y == x || c.backing[y].storage != c.backing[x].storage)
		}
		if once {
			over = append(over, x)
		}
	}
	return over
}

// memoryOf is the value's memory, once placed.
func (c *compiler) memoryOf(n *graph.Node) []float32 {
	v := c.backing[n]
	return v.fixed[v.at : v.at+v.n : v.at+v.n]
}

// arena hands out ranges of one array: the smallest free one that fits.
type arena struct {
	free []span // by offset, apart from each other
	top  int
}

type span struct{ off, size int }

const line = 16 // floats of a cache line

func (a *arena) alloc(size int) int {
	size = (max(size, 1) + line - 1) / line * line
	best := -1
	for i, f := range a.free {
		if f.size >= size && (best < 0 || f.size < a.free[best].size) {
			best = i
		}
	}
	if best >= 0 {
		off := a.free[best].off
		a.free[best].off += size
		if a.free[best].size -= size; a.free[best].size == 0 {
			a.free = slices.Delete(a.free, best, best+1)
		}
		return off
	}
	if k := len(a.free) - 1; k >= 0 && a.free[k].off+a.free[k].size == a.top { // grow the last hole
		off := a.free[k].off
		a.free = a.free[:k]
		a.top = off + size
		return off
	}
	off := a.top
	a.top += size
	return off
}

func (a *arena) release(off, size int) {
	size = (max(size, 1) + line - 1) / line * line
	i, _ := slices.BinarySearchFunc(a.free, off, func(f span, off int) int { return f.off - off })
	a.free = slices.Insert(a.free, i, span{off, size})
	if i+1 < len(a.free) && off+size == a.free[i+1].off {
		a.free[i].size += a.free[i+1].size
		a.free = slices.Delete(a.free, i+1, i+2)
	}
	if i > 0 && a.free[i-1].off+a.free[i-1].size == off {
		a.free[i-1].size += a.free[i].size
		a.free = slices.Delete(a.free, i, i+1)
	}
}
