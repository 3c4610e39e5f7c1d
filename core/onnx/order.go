package onnx

import (
	"container/heap"
	"fmt"
	"sort"
	"unicode/utf8"

	"lab/core/onnx/pb"
)

// maxEdges bounds inputs times outputs, summed over the nodes: the edges that
// onnx-go draws, a few hundred bytes each. A node of a kilobyte could ask for a
// million of them; a model of ten thousand nodes needs some thirty thousand.
const maxEdges = 1 << 20

// order checks that every name is defined once and every used name is defined,
// and puts the nodes into an order in which they can be computed. Files should
// have them so already, and then nothing moves; among nodes that are ready the
// file's order decides.
func (r *reader) order() error {
	nodes, maker := r.steps, map[string]int{}
	r.steps, r.maker = nil, maker
	for _, v := range r.out.Inputs {
		maker[v.Name] = -1
	}
	for _, w := range r.out.Initializers {
		maker[w.Name] = -1
	}
	edges := 0
	for i, n := range nodes {
		if err := check(n); err != nil {
			return r.about(n, err)
		}
		if edges += len(n.Inputs) * len(n.Outputs); edges > maxEdges {
			return r.about(n, fmt.Errorf("the model has more than %d edges", maxEdges))
		}
		for _, name := range n.Outputs {
			if name == "" {
				continue
			}
			if _, twice := maker[name]; twice {
				return r.about(n, fmt.Errorf("its output %q is defined before", name))
			}
			maker[name] = i
		}
	}

	users := make([][]int, len(nodes)) // node → the nodes that wait for it
	waits := make([]int, len(nodes))   // node → how many results it waits for
	for i, n := range nodes {
		for _, name := range uses(n.Node) {
			m, ok := maker[name]
			if !ok && !r.take(name) {
				return r.about(n, fmt.Errorf("its input %q is not defined", name))
			}
			if !ok {
				m = -1
			}
			if m >= 0 {
				users[m] = append(users[m], i)
				waits[i]++
			}
		}
	}
	for _, v := range r.out.Outputs {
		if _, ok := maker[v.Name]; !ok && !r.take(v.Name) {
			return bad("the output %q is not defined", v.Name)
		}
	}

	var ready indices
	for i, n := range waits {
		if n == 0 {
			ready = append(ready, i) // ascending, so a heap
		}
	}
	for len(ready) > 0 {
		i := heap.Pop(&ready).(int)
		r.steps = append(r.steps, nodes[i])
		for _, u := range users[i] {
			if waits[u]--; waits[u] == 0 {
				heap.Push(&ready, u)
			}
		}
	}
	for i, n := range waits {
		if n > 0 {
			return r.about(nodes[i], fmt.Errorf("it depends on its own result"))
		}
	}
	return nil
}

// take notes that the graph uses a name of a graph around it, if that is so.
func (r *reader) take(name string) bool {
	if !r.defined(name) {
		return false
	}
	if !r.taken[name] {
		if r.taken == nil {
			r.taken = map[string]bool{}
		}
		r.taken[name] = true
	}
	return true
}

// check looks at a node by itself.
func check(n step) error {
	if n.OpType == "" {
		return fmt.Errorf("it names no operator")
	}
	if len(n.Outputs) == 0 {
		return fmt.Errorf("it has no outputs")
	}
	if n.opsets[domainOf(n.Domain)] == 0 {
		return fmt.Errorf("the model does not import its domain %q", domainOf(n.Domain))
	}
	for _, list := range [][]string{n.Inputs, n.Outputs, {n.Name, n.OpType}} {
		for _, s := range list {
			if !utf8.ValidString(s) {
				return fmt.Errorf("the name %q is not UTF-8", s)
			}
		}
	}
	return nil
}

// uses lists the values that a node needs: its inputs, and what its bodies take
// from around them.
func uses(n *pb.Node) []string {
	var names []string
	for _, name := range n.Inputs {
		if name != "" {
			names = append(names, name)
		}
	}
	free := map[string]bool{}
	for _, a := range n.Attributes {
		if a.G != nil {
			captures(a.G, free)
		}
		for _, g := range a.Graphs {
			captures(g, free)
		}
	}
	from := len(names)
	for name := range free {
		names = append(names, name)
	}
	sort.Strings(names[from:])
	return names
}

// captures adds to free the names that g uses and does not define.
func captures(g *pb.Graph, free map[string]bool) {
	used, own := map[string]bool{}, map[string]bool{}
	for _, v := range g.Inputs {
		own[v.Name] = true
	}
	for _, t := range g.Initializers {
		own[t.Name] = true
	}
	for _, t := range g.SparseInitializers {
		if t.Values != nil {
			own[t.Values.Name] = true
		}
	}
	for _, n := range g.Nodes {
		for _, name := range uses(n) {
			used[name] = true
		}
		for _, name := range n.Outputs {
			own[name] = true
		}
	}
	for _, v := range g.Outputs {
		used[v.Name] = true
	}
	for name := range used {
		if !own[name] && name != "" {
			free[name] = true
		}
	}
}

// indices is a heap of node numbers, least first.
type indices []int

func (h indices) Len() int           { return len(h) }
func (h indices) Less(i, j int) bool { return h[i] < h[j] }
func (h indices) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *indices) Push(x any)        { *h = append(*h, x.(int)) }
func (h *indices) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}
