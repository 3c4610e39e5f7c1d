package exchange

import (
	"fmt"
	"math"
	"strings"

	"lab/core/graph"
)

// A graph has sizes, a file has names for those that are free. What depends on a free
// size is found by building the model at two sizes of each: an attribute or an axis that
// differs depends on it, and how it differs says how.

// Free is an axis whose size is free in the file, and two sizes at which the model can
// be built to see where it occurs. They are best primes that occur nowhere else.
type Free struct {
	Name  string
	Sizes [2]int
}

// Batch is the free axis of most models: the batch alone.
var Batch = []Free{{"batch", [2]int{2, 3}}}

// Sizes are the sizes of the free axes, by name, at which a model is to be built.
type Sizes map[string]int

// Model builds a model at the given sizes, into a new graph at each call.
type Model func(n Sizes) (inputs, outputs []Port)

// trace is a model's graph beside those of other sizes.
type trace struct {
	free  []Free
	twins map[*graph.Node][]*graph.Node // with each free axis in turn at its second size
}

// build builds the model at all sizes.
func (t *trace) build(m Model) (inputs, outputs []Port, err error) {
	at := func(changed int) (in, out []Port, err error) {
		n := Sizes{}
		for i, f := range t.free {
			if n[f.Name] = f.Sizes[0]; i == changed {
				n[f.Name] = f.Sizes[1]
			}
		}
		err = graph.Build(func() { in, out = m(n) })
		return in, out, err
	}
	if inputs, outputs, err = at(-1); err != nil {
		return nil, nil, err
	}
	t.twins = map[*graph.Node][]*graph.Node{}
	others := make([][]*graph.Node, len(inputs)+len(outputs))
	for i := range t.free {
		in, out, err := at(i)
		if err != nil {
			return nil, nil, err
		}
		if len(in) != len(inputs) || len(out) != len(outputs) {
			return nil, nil, fmt.Errorf("the model has other ports at another size of %s", t.free[i].Name)
		}
		for k, p := range append(in, out...) {
			others[k] = append(others[k], p.Node)
		}
	}
	for k, p := range append(append([]Port{}, inputs...), outputs...) {
		if err := t.pair(p.Node, others[k]); err != nil {
			return nil, nil, err
		}
	}
	return inputs, outputs, nil
}

// pair records the node's twins and those of all it depends on.
func (t *trace) pair(n *graph.Node, others []*graph.Node) error {
	if known, ok := t.twins[n]; ok {
		for i := range known {
			if known[i] != others[i] {
				return t.differ(i, n, others[i])
			}
		}
		return nil
	}
	t.twins[n] = others
	operands, label := n.Inputs(), labelArgs(n)
	if l, ok := n.Label(); ok && l.Name == graph.LabelRecurrent {
		operands = nil // steps, more of them for a longer sequence
	}
	for i, o := range others {
		same := len(o.Shape()) == len(n.Shape()) && o.Param() == n.Param() && o.IsInput() == n.IsInput() &&
			len(o.Inputs()) == len(n.Inputs()) && len(labelArgs(o)) == len(label) && (o.Op() == nil) == (n.Op() == nil)
		if !same || n.Op() != nil && o.Op().Def() != n.Op().Def() {
			return t.differ(i, n, o)
		}
	}
	follow := func(xs []*graph.Node, of func(*graph.Node) []*graph.Node) error {
		for k, x := range xs {
			twins := make([]*graph.Node, len(others))
			for i, o := range others {
				twins[i] = of(o)[k]
			}
			if err := t.pair(x, twins); err != nil {
				return err
			}
		}
		return nil
	}
	if err := follow(operands, (*graph.Node).Inputs); err != nil {
		return err
	}
	return follow(label, labelArgs)
}

func labelArgs(n *graph.Node) []*graph.Node {
	l, _ := n.Label()
	return l.Args
}

func (t *trace) differ(i int, n, o *graph.Node) error {
	return fmt.Errorf("the model is another one at another size of %s: %v and %v", t.free[i].Name, n, o)
}

// extent is a size, first as it is and then at the second size of each free axis.
type extent []int

// measure is a number that f takes of the node and of its twins.
func (t *trace) measure(n *graph.Node, f func(*graph.Node) int) extent {
	e := extent{f(n)}
	for _, o := range t.twins[n] {
		e = append(e, f(o))
	}
	return e
}

// extents are the sizes of the node's axes.
func (t *trace) extents(n *graph.Node) []extent {
	out := make([]extent, len(n.Shape()))
	for i := range out {
		out[i] = t.measure(n, func(n *graph.Node) int { return n.Shape()[i] })
	}
	return out
}

func (e extent) fixed() bool {
	for _, x := range e {
		if x != e[0] {
			return false
		}
	}
	return true
}

// less is e minus other, at every size.
func (e extent) less(other extent) extent {
	d := make(extent, len(e))
	for i := range e {
		d[i] = e[i] - other[i]
	}
	return d
}

func (e extent) equal(other extent) bool {
	d := e.less(other)
	return d.fixed() && d[0] == 0
}

// product writes the number as a coefficient times some of the free sizes: their places
// in t.free.
func (t *trace) product(e extent) (coefficient int, factors []int, ok bool) {
	coefficient = e[0]
	for i, f := range t.free {
		switch {
		case e[i+1] == e[0]:
		case e[i+1]*f.Sizes[0] == e[0]*f.Sizes[1] && coefficient%f.Sizes[0] == 0:
			coefficient /= f.Sizes[0]
			factors = append(factors, i)
		default:
			return 0, nil, false
		}
	}
	return coefficient, factors, true
}

// quotient writes a scalar as a coefficient times or divided by some of the free sizes.
func (t *trace) quotient(values []float32) (coefficient float64, times, by []int, ok bool) {
	coefficient = float64(values[0])
	for i, f := range t.free {
		ratio, a, b := float64(values[i+1])/float64(values[0]), float64(f.Sizes[0]), float64(f.Sizes[1])
		switch {
		case values[i+1] == values[0]:
		case math.Abs(ratio*a/b-1) < 1e-6:
			coefficient /= a
			times = append(times, i)
		case math.Abs(ratio*b/a-1) < 1e-6:
			coefficient *= a
			by = append(by, i)
		default:
			return 0, nil, nil, false
		}
	}
	return coefficient, times, by, true
}

// dependence names the free axes that the sizes depend on.
func (t *trace) dependence(es ...extent) string {
	var names []string
	for i, f := range t.free {
		for _, e := range es {
			if e[i+1] != e[0] {
				names = append(names, f.Name)
				break
			}
		}
	}
	return strings.Join(names, " and ")
}
