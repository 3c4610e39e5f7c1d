package vm

import (
	"lab/core/graph"
	"lab/core/internal/kernel"
)

// finish lets products and convolutions apply the elementwise group that follows them to
// their result while it is in cache: a bias, an activation, a residual.
func (c *compiler) finish() {
	for _, n := range c.order {
		g := c.groups[n]
		if g == nil || reduces(n) || len(n.Shape()) == 0 {
			continue
		}
		for _, x := range g.in {
			if chain := c.producer(g, x); chain != nil && g.follow(c, x, chain[len(chain)-1]) {
				for _, y := range chain {
					c.inside[y] = g
				}
				break
			}
		}
	}
}

// producer returns the nodes from operand x of the group down to the op that computes it,
// if nobody but the group sees any of them and the op can take an epilogue.
func (c *compiler) producer(g *group, x *graph.Node) []*graph.Node {
	if x.Shape().Size() != g.head.Shape().Size() || c.folded[x] != nil || c.roots[x] {
		return nil
	}
	for _, u := range c.users[x] {
		if u != g.head && c.inside[u] != g {
			return nil
		}
	}
	chain := []*graph.Node{x}
	for {
		y, at, ok := c.viewed(x)
		if !ok {
			break
		}
		if at != 0 || y.Shape().Size() != x.Shape().Size() || c.roots[y] || len(c.users[y]) != 1 || c.folded[y] != nil {
			return nil
		}
		x = y
		chain = append(chain, x)
	}
	if x.Op() == nil || x.Op().Def().LowerThen == nil || c.inside[x] != nil {
		return nil
	}
	return chain
}

// follow rewrites the group's program as an epilogue of p, whose result is operand x, and
// reports whether it could.
func (g *group) follow(c *compiler, x, p *graph.Node) bool {
	shape := p.Shape()
	cols := shape[len(shape)-1]
	head := g.head.Shape()
	if cols == 0 || head[len(head)-1] != cols {
		return false
	}
	rows := shape.Size() / cols
	after := *g
	after.lead = x
	after.describe(c)
	then := after.program
	then.Dim = [kernel.MaxDims]int{1, 1, 1, rows, cols}
	then.Stride = [kernel.MaxInputs][kernel.MaxDims]int{}
	for i, y := range after.in {
		s := &then.Stride[i]
		switch ys := y.Shape(); {
		case ys.Size() == head.Size():
			s[3], s[4] = cols, 1
		case ys.Size() == 1:
		case ys.Size() == cols && ys[len(ys)-1] == cols:
			s[4] = 1
		default:
			return false
		}
	}
	probe := make([]float32, 1)
	if p.Op().Def().LowerThen(p.Op(), probe, [][]float32{probe, probe}, then, [][]float32{nil}) == nil {
		return false
	}
	after.first = p
	*g = after
	return true
}
