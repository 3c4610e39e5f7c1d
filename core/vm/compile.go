package vm

import (
	"slices"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// maxFolded is the largest constant, in elements, that compiling computes.
const maxFolded = 4096

// compiler holds what is known of each node while a program is made.
type compiler struct {
	order   []*graph.Node // needed nodes, operands first
	users   map[*graph.Node][]*graph.Node
	roots   map[*graph.Node]bool
	folded  map[*graph.Node][]float32     // constants, given and computed
	inputs  map[*graph.Node][]*graph.Node // operands, without labels
	groups  map[*graph.Node]*group        // by head
	inside  map[*graph.Node]*group        // nodes computed within another's call
	updates map[*graph.Node]*graph.Param  // buffers that are to receive a value
	backing map[*graph.Node]view
	program *Program
}

// Compile makes a program that computes the outputs, writes gradients to their
// parameters' memory, and stores the graph's buffer updates at the end of a run.
// All nodes are of one graph.
func Compile(outputs []*graph.Node, gradients ...graph.Gradients) (p *Program, err error) {
	defer profile.Begin(profile.Compiling, "Compile", 0).End()
	if err := graph.Build(func() { p = compile(outputs, gradients) }); err != nil {
		return nil, err
	}
	p.timed()
	return p, nil
}

func compile(outputs []*graph.Node, gradients []graph.Gradients) *Program {
	c := &compiler{inputs: map[*graph.Node][]*graph.Node{}, users: map[*graph.Node][]*graph.Node{}, roots: map[*graph.Node]bool{}, folded: map[*graph.Node][]float32{},
		groups: map[*graph.Node]*group{}, inside: map[*graph.Node]*group{}, backing: map[*graph.Node]view{}, updates: map[*graph.Node]*graph.Param{},
		program: &Program{memory: map[*graph.Node][]float32{}, runs: new(int64)}}
	var updated []*graph.Param
	roots := slices.Clone(outputs)
	for _, g := range gradients {
		roots = append(roots, g.Nodes...)
	}
	if len(roots) == 0 {
		graph.Fail("Compile", "there is nothing to compute")
	}
	g := roots[0].Graph()
	for _, n := range roots {
		if n.Graph() != g {
			graph.Fail("Compile", "%v is of another graph", n)
		}
	}
	updated, updates := g.Updates()
	roots = append(roots, updates...)
	for i, p := range updated {
		c.updates[updates[i]] = p
	}

	c.visit(roots)
	c.fold()
	c.fuse()
	c.finish()
	c.place(outputs, gradients)
	c.emit()

	// A gradient that is not where the parameter wants it (shared by two, or a leaf),
	// and the buffers, once everything has read their old values.
	for _, g := range gradients {
		for i, p := range g.Params {
			if src := c.memoryOf(g.Nodes[i]); len(src) > 0 && &src[0] != &p.Grad()[0] {
				c.copyStep("gradient "+p.Name, p.Grad(), src)
			}
		}
	}
	sources := make([][]float32, len(updated))
	for i, p := range updated {
		sources[i] = c.memoryOf(updates[i])
		for _, x := range c.order { // what another buffer held, which is about to change
			if q := x.Param(); q != nil && q != p && slices.Contains(updated, q) && c.backing[x].storage == c.backing[updates[i]].storage {
				old := kernel.Alloc(len(sources[i]))
				c.copyStep("keep "+q.Name, old, sources[i])
				sources[i] = old
			}
		}
	}
	for i, p := range updated {
		if src := sources[i]; len(src) > 0 && &src[0] != &p.Value()[0] {
			c.copyStep("update "+p.Name, p.Value(), src)
		}
	}
	for _, n := range outputs {
		c.program.memory[n] = c.memoryOf(n)
	}
	for _, n := range g.Nodes() {
		if n.IsInput() {
			if c.backing[n].storage == nil { // not needed; feeding it is no mistake
				c.program.memory[n] = kernel.Alloc(n.Shape().Size())
				continue
			}
			c.program.memory[n] = c.memoryOf(n)
		}
	}
	for _, n := range g.Nodes() {
		if n.IsInput() && n.Name() == graph.StepName {
			c.program.step = c.program.memory[n]
		}
	}
	return c.program
}

// visit orders the nodes that the roots need and records who uses them.
func (c *compiler) visit(roots []*graph.Node) {
	seen := map[*graph.Node]bool{}
	for _, n := range roots {
		c.roots[n] = true
		if !seen[n] {
			seen[n] = true
			c.order = append(c.order, n)
		}
	}
	for i := 0; i < len(c.order); i++ {
		n := c.order[i]
		for _, x := range n.Inputs() {
			if !n.Op().Def().Alias { // a label's own operand may be a label as well
				x = x.Unlabelled()
			}
			c.inputs[n] = append(c.inputs[n], x)
		}
		for _, x := range c.inputs[n] {
			if !seen[x] {
				seen[x] = true
				c.order = append(c.order, x)
			}
		}
	}
	slices.SortFunc(c.order, func(a, b *graph.Node) int { return a.ID() - b.ID() })
	for _, n := range c.order {
		for _, x := range c.inputs[n] {
			if u := c.users[x]; len(u) == 0 || u[len(u)-1] != n {
				c.users[x] = append(u, n)
			}
		}
	}
}

// fold computes small values that depend on constants only.
func (c *compiler) fold() {
	for _, n := range c.order {
		if v := n.Const(); v != nil {
			c.folded[n] = v
			continue
		}
		if n.Op() == nil || n.Shape().Size() > maxFolded {
			continue
		}
		in := make([][]float32, len(c.inputs[n]))
		constant := true
		for i, x := range c.inputs[n] {
			in[i] = c.folded[x]
			constant = constant && in[i] != nil
		}
		if !constant {
			continue
		}
		out := kernel.Alloc(n.Shape().Size())
		if n.Op().Def().Alias {
			copy(out, in[0])
		} else {
			n.Op().Def().Lower(n.Op(), out, in)()
		}
		c.folded[n] = out
	}
}

// emit turns every node that has a call of its own into a step.
func (c *compiler) emit() {
	for _, n := range c.order {
		if !c.computed(n) {
			continue
		}
		out := c.memoryOf(n)
		if len(out) == 0 {
			continue
		}
		in := c.memories(c.operands(n))
		var call step
		switch g := c.groups[n]; {
		case g == nil:
			call = step{name: n.Op().String(), run: n.Op().Def().Lower(n.Op(), out, in)}
		case g.first != nil:
			call = step{name: g.String(), run: g.lowerThen(out, in)}
		default:
			call = step{name: g.String(), run: g.lower(out, in)}
		}
		call.shape, call.flops, call.bytes = n.Shape(), c.flops(n), float64(4*len(out))
		for _, x := range in {
			call.bytes += float64(4 * len(x))
		}
		c.program.steps = append(c.program.steps, call)
	}
}

// flops counts the operations of n's call.
func (c *compiler) flops(n *graph.Node) float64 {
	g := c.groups[n]
	if g == nil {
		return n.Op().Flops()
	}
	sum := 0.0
	for _, m := range g.members {
		sum += m.Op().Flops()
	}
	if reduces(n) {
		sum += n.Op().Flops()
	}
	if g.first != nil {
		sum += g.first.Op().Flops()
	}
	return sum
}

// computed reports whether the node has a call of its own: it is an op's result,
// not a constant, not a part of its operand's memory, and not inside a group.
func (c *compiler) computed(n *graph.Node) bool {
	if n.Op() == nil || c.folded[n] != nil || c.inside[n] != nil {
		return false
	}
	_, _, viewed := c.viewed(n)
	return !viewed
}

func (c *compiler) memories(ns []*graph.Node) [][]float32 {
	m := make([][]float32, len(ns))
	for i, n := range ns {
		m[i] = c.memoryOf(n)
	}
	return m
}

func (c *compiler) copyStep(name string, dst, src []float32) {
	if len(dst) == 0 {
		return
	}
	dim := [kernel.MaxDims]int{1, 1, 1, 1, len(dst)}
	dense := kernel.Layout{Stride: [kernel.MaxDims]int{kernel.MaxDims - 1: 1}}
	c.program.steps = append(c.program.steps, step{name: name, shape: tensor.Shape{len(dst)},
		run: kernel.CopyStrided(dim, dense, dst, dense, src), bytes: float64(8 * len(dst))})
}

func sameShape(a, b *graph.Node) bool { return tensor.Shape.Equal(a.Shape(), b.Shape()) }
