package vm

import (
	"slices"
	"strings"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// group is one call that computes several ops: a chain of elementwise ops of one
// shape, whose last member, the head, may be a sum or maximum over it.
type group struct {
	head    *graph.Node
	members []*graph.Node // elementwise, operands first; with the head unless it reduces
	in      []*graph.Node // operands from outside
	program *kernel.Program

	lead  *graph.Node // operand that has to be the first
	first *graph.Node // product or convolution that computes it in the same call
}

func elementwise(n *graph.Node) bool {
	if n.Op() == nil {
		return false
	}
	_, _, ok := n.Op().Elementwise()
	return ok
}

func reduces(n *graph.Node) bool {
	if n.Op() == nil {
		return false
	}
	_, _, _, _, ok := n.Op().Reduction()
	return ok
}

// fuse forms the groups, from the roots down: a node joins the group of its users
// when all of them are in it, so that its value is never stored.
func (c *compiler) fuse() {
	for i := len(c.order) - 1; i >= 0; i-- {
		n := c.order[i]
		if c.inside[n] != nil || c.folded[n] != nil || !elementwise(n) && !reduces(n) {
			continue
		}
		g := &group{head: n}
		if elementwise(n) {
			g.members = []*graph.Node{n}
		} else if x := c.inputs[n][0]; c.joins(g, x) && g.grow(c, x) {
			c.inside[x] = g
		}
		if !g.describe(c) {
			graph.Fail(n.Op().Def().Name, "no kernel for %v", n)
		}
		for {
			x := g.candidate(c)
			if x == nil {
				break
			}
			c.inside[x] = g
		}
		c.groups[n] = g
	}
}

// joins reports whether x may be computed within g.
func (c *compiler) joins(g *group, x *graph.Node) bool {
	if !elementwise(x) || c.roots[x] || c.folded[x] != nil {
		return false
	}
	for _, u := range c.users[x] {
		if u != g.head && c.inside[u] != g {
			return false
		}
	}
	if reduces(g.head) {
		return sameShape(x, c.inputs[g.head][0])
	}
	return sameShape(x, g.head)
}

// candidate takes the youngest operand that can join into the group and returns
// it, or nil.
func (g *group) candidate(c *compiler) *graph.Node {
	in := slices.Clone(g.in)
	slices.SortFunc(in, func(a, b *graph.Node) int { return b.ID() - a.ID() })
	for _, x := range in {
		if c.joins(g, x) && g.grow(c, x) {
			return x
		}
	}
	return nil
}

// grow adds x and reports whether the group still fits a kernel; if not it is as
// it was.
func (g *group) grow(c *compiler, x *graph.Node) bool {
	before := *g
	g.members = append(slices.Clone(g.members), x)
	slices.SortFunc(g.members, func(a, b *graph.Node) int { return a.ID() - b.ID() })
	if g.describe(c) {
		return true
	}
	*g = before
	return false
}

// describe writes the group's program and reports whether it fits.
func (g *group) describe(c *compiler) bool {
	g.in = nil
	operand := map[*graph.Node]uint8{}
	var constants []*graph.Node
	external := func(x *graph.Node) {
		if _, known := operand[x]; known || slices.Contains(g.members, x) {
			return
		}
		if v := c.folded[x]; len(v) == 1 {
			if !slices.Contains(constants, x) {
				constants = append(constants, x)
			}
			return
		}
		operand[x] = uint8(len(g.in))
		g.in = append(g.in, x)
	}
	if g.lead != nil {
		external(g.lead)
	}
	for _, m := range g.members {
		for _, x := range c.inputs[m] {
			external(x)
		}
	}
	if len(g.members) == 0 { // a reduction of something that is stored
		external(c.inputs[g.head][0])
		if len(g.in) == 0 { // of a constant of one element
			g.in, constants = []*graph.Node{c.inputs[g.head][0]}, nil
		}
	}
	if len(g.in) > kernel.MaxInputs {
		return false
	}
	p := &kernel.Program{Inputs: len(g.in)}
	for _, x := range constants {
		operand[x] = uint8(len(g.in) + len(p.Code))
		p.Code = append(p.Code, kernel.Instr{Code: twin.Const, Dst: operand[x], Imm: c.folded[x][0]})
	}
	for _, m := range g.members {
		code, imm, _ := m.Op().Elementwise()
		ins := kernel.Instr{Code: code, Imm: imm, Dst: uint8(len(g.in) + len(p.Code))}
		for i, x := range c.inputs[m] {
			*[]*uint8{&ins.A, &ins.B, &ins.C}[i] = operand[x]
		}
		operand[m] = ins.Dst
		p.Code = append(p.Code, ins)
	}
	if len(g.members) == 0 {
		p.Code = []kernel.Instr{{Code: twin.Copy, Dst: 1}}
	}
	if !allocate(p, len(constants)) {
		return false
	}
	shapes := make([]tensor.Shape, len(g.in))
	for i, x := range g.in {
		shapes[i] = x.Shape()
	}
	g.program = p
	if reduces(g.head) {
		return reduceSpace(p, g.head, shapes)
	}
	return graph.Space(p, g.head.Shape(), shapes) == nil
}

// allocate gives the results of the program's instructions, each its own so far, as few
// temporaries as they need, and reports whether the kernel has so many. Constants keep
// theirs.
func allocate(p *kernel.Program, constants int) bool {
	last := map[uint8]int{} // result → the instruction that reads it last
	for k, ins := range p.Code {
		for _, x := range operands(&ins) {
			last[*x] = k
		}
	}
	register := map[uint8]uint8{}
	var free []uint8
	next := p.Inputs
	for k := range p.Code {
		ins := &p.Code[k]
		for _, x := range operands(ins) {
			old := *x
			if int(old) < p.Inputs {
				continue
			}
			*x = register[old]
			if last[old] == k && int(old) >= p.Inputs+constants && !slices.Contains(free, *x) {
				free = append(free, *x)
			}
		}
		old := ins.Dst
		if n := len(free); n > 0 && k >= constants {
			ins.Dst, free = free[n-1], free[:n-1]
		} else {
			ins.Dst = uint8(next)
			next++
		}
		register[old] = ins.Dst
	}
	return next-p.Inputs <= kernel.MaxTemps
}

// operands are the places of the operands that an instruction reads.
func operands(ins *kernel.Instr) []*uint8 {
	return []*uint8{&ins.A, &ins.B, &ins.C}[:ins.Code.Arity()]
}

// reduceSpace lays the program over the head's [a, r, b] and reports whether every
// operand walks each of the three evenly.
func reduceSpace(p *kernel.Program, head *graph.Node, in []tensor.Shape) bool {
	_, a, r, b, _ := head.Op().Reduction()
	at := head.Op().Attr().(graph.ReduceAttr)
	shape := head.Inputs()[0].Shape()
	p.Dim = [kernel.MaxDims]int{1, 1, a, r, b}
	for i, s := range in {
		strides := s.Strides()
		for seg, span := range [][2]int{{0, at.First}, {at.First, at.Last}, {at.Last, len(shape)}} {
			stride, step, set := 0, 0, false
			for ax := span[1] - 1; ax >= span[0]; ax-- { // innermost first
				if shape[ax] == 1 {
					continue
				}
				st := 0
				if k := ax - (len(shape) - len(s)); k >= 0 && s[k] != 1 {
					st = strides[k]
				}
				if !set {
					stride, step, set = st, st*shape[ax], true
					continue
				}
				if st != step {
					return false
				}
				step *= shape[ax]
			}
			p.Stride[i][2+seg] = stride
		}
		inner := p.Stride[i][4]
		if b == 1 {
			inner = p.Stride[i][3]
		}
		if inner > 1 {
			return false
		}
	}
	return true
}

func (g *group) lower(out []float32, in [][]float32) func() {
	if kind, _, _, _, ok := g.head.Op().Reduction(); ok {
		return kernel.Reduce(kind, g.program, out, in)
	}
	return kernel.Elementwise(g.program, out, in)
}

// lowerThen is lower for a group that follows a product: in holds the product's operands,
// then the group's from the second on.
func (g *group) lowerThen(out []float32, in [][]float32) func() {
	n := len(g.first.Inputs())
	more := append([][]float32{nil}, in[n:]...)
	return g.first.Op().Def().LowerThen(g.first.Op(), out, in[:n], g.program, more)
}

// String names the ops of the group, "Mul+Add+Tanh".
func (g *group) String() string {
	var names []string
	if g.first != nil {
		names = append(names, g.first.Op().String())
	}
	for _, m := range g.members {
		names = append(names, m.Op().Def().Name)
	}
	if reduces(g.head) {
		names = append(names, g.head.Op().Def().Name)
	}
	return strings.Join(names, "+")
}
