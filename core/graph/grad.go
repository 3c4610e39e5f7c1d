package graph

import "slices"

// Grad returns the gradients of y with respect to each node of wrt: reverse-mode
// differentiation, as nodes that can be differentiated again. y is summed over its
// elements when it is not a scalar. A node that y does not depend on has a gradient
// of zeros. Any node may stand in wrt; a gradient flows through it as well.
func Grad(y *Node, wrt ...*Node) []*Node {
	return GradWith(y, y.g.Full(1, y.shape...), wrt...)
}

// GradWith is the vector-Jacobian product: Grad of the sum of y*dy, dy held fixed.
func GradWith(y, dy *Node, wrt ...*Node) []*Node {
	if !dy.shape.Equal(y.shape) {
		fail("Grad", "dy has shape %v, y %v", dy.shape, y.shape)
	}
	out := reverse(y, dy, wrt, false)
	for i, n := range wrt {
		if out[i] == nil {
			out[i] = y.g.Full(0, n.shape...)
		}
	}
	return out
}

// reverse accumulates gradients from y down to wrt, nil for a node that y does not
// depend on. With partial, the nodes of wrt are taken as independent of each other:
// no gradient flows through one to another.
func reverse(y, dy *Node, wrt []*Node, partial bool) []*Node {
	path := between(y, wrt, partial)
	grads := map[*Node]*Node{y: dy}
	// Operands are older than the nodes that use them: newest first is a reverse
	// topological order.
	for i := len(path) - 1; i >= 0; i-- {
		n := path[i]
		dn := grads[n]
		if dn == nil || n.op == nil || n.op.def.Grad == nil || partial && slices.Contains(wrt, n) {
			continue
		}
		for k, d := range n.op.def.Grad(n, dn) {
			x := n.in[k]
			if d == nil {
				continue
			}
			if _, wanted := slices.BinarySearchFunc(path, x, byID); !wanted {
				continue
			}
			if sum := grads[x]; sum != nil {
				d = Add(sum, d)
			}
			grads[x] = d
		}
	}
	out := make([]*Node, len(wrt))
	for i, n := range wrt {
		out[i] = grads[n]
	}
	return out
}

func byID(a, b *Node) int { return a.id - b.id }

// between lists the nodes on paths from wrt to y, both included, oldest first; with
// partial, on paths through no other node of wrt.
func between(y *Node, wrt []*Node, partial bool) []*Node {
	seen := map[*Node]bool{y: true}
	below := []*Node{y}
	for i := 0; i < len(below); i++ {
		if partial && slices.Contains(wrt, below[i]) {
			continue
		}
		for _, x := range below[i].in {
			if !seen[x] {
				seen[x] = true
				below = append(below, x)
			}
		}
	}
	slices.SortFunc(below, byID)
	on := map[*Node]bool{}
	for _, n := range wrt {
		on[n] = true
	}
	var path []*Node
	for _, n := range below {
		for _, x := range n.in {
			on[n] = on[n] || on[x]
		}
		if on[n] {
			path = append(path, n)
		}
	}
	return path
}

// Gradients pairs the trained parameters of a set with the nodes of their
// gradients.
type Gradients struct {
	Params []*Param
	Nodes  []*Node
}

// Backward returns the gradients of loss for every trained parameter of the sets.
func Backward(loss *Node, sets ...*Params) Gradients {
	var g Gradients
	var leaves []*Node
	for _, s := range sets {
		for _, p := range s.Trained() {
			g.Params = append(g.Params, p)
			leaves = append(leaves, loss.g.Param(p))
		}
	}
	g.Nodes = Grad(loss, leaves...)
	return g
}
