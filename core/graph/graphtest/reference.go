package graphtest

import "lab/core/graph"

// Reference evaluates the outputs in float64, each op by its Eval. Inputs and
// parameters are taken from values; nodes missing there are read from their own
// memory (constants, parameters).
func Reference(values map[*graph.Node][]float64, outputs ...*graph.Node) [][]float64 {
	done := map[*graph.Node][]float64{}
	for n, v := range values {
		done[n] = v
	}
	needed := map[*graph.Node]bool{}
	stack := append([]*graph.Node{}, outputs...)
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if !needed[n] {
			needed[n] = true
			stack = append(stack, n.Inputs()...)
		}
	}
	for _, n := range outputs[0].Graph().Nodes() {
		switch {
		case !needed[n] || done[n] != nil:
		case n.Const() != nil:
			done[n] = doubles(n.Const())
		case n.Param() != nil:
			done[n] = doubles(n.Param().Value())
		case n.Op() == nil:
			panic("graphtest: no value for " + n.String())
		default:
			in := make([][]float64, len(n.Inputs()))
			for i, x := range n.Inputs() {
				in[i] = done[x]
			}
			done[n] = make([]float64, n.Shape().Size())
			n.Op().Def().Eval(n.Op(), done[n], in)
		}
	}
	out := make([][]float64, len(outputs))
	for i, n := range outputs {
		out[i] = done[n]
	}
	return out
}

func doubles(v []float32) []float64 {
	d := make([]float64, len(v))
	for i := range v {
		d[i] = float64(v[i])
	}
	return d
}
