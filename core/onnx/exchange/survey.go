package exchange

import (
	"fmt"

	"lab/core/graph"
	"lab/core/onnx"
)

// Use is an operator as a model uses it.
type Use struct {
	Domain, Op string
	Count      int   // nodes, those of bodies too
	Host       bool  // computed on the host, and in a graph only of values that are known
	Err        error // why its first node that would not run does not; nil
}

// Survey lists the operators of a model in the order in which they first come, bodies of
// control flow included, and says which would not run, without computing anything.
func Survey(m *onnx.Model) []Use {
	var uses []Use
	at := map[[2]string]int{}
	var walk func(g *onnx.Graph)
	walk = func(g *onnx.Graph) {
		for _, n := range g.Nodes {
			key := [2]string{n.Domain, n.Op}
			i, seen := at[key]
			if !seen {
				i = len(uses)
				at[key] = i
				uses = append(uses, Use{Domain: n.Domain, Op: n.Op})
			}
			u := &uses[i]
			u.Count++
			r, _, err := find(n)
			if err == nil && (len(n.Inputs) < r.least || len(n.Inputs) > r.most) {
				err = n.Errorf("it has %d inputs, not %s", len(n.Inputs), between(r.least, r.most))
			}
			if u.Err == nil {
				u.Err = err
			}
			u.Host = u.Host || err == nil && r.host
			for _, body := range n.Bodies() {
				walk(body)
			}
		}
	}
	walk(&m.Graph)
	return uses
}

// Differentiable builds the model into a graph, sizes that the file leaves open being
// free, and reports what stands in the way of training it: nil for nothing. Nothing is
// computed.
func (net *Net) Differentiable(free int) error {
	return graph.Build(func() {
		if _, _, err := net.ports(func(string) int { return free }); err != nil {
			graph.Fail("Apply", "%v", err)
		}
	})
}

// ports builds the model into a new graph, at the size that a name stands for.
func (net *Net) ports(size func(name string) int) (in, out []Port, err error) {
	g := graph.New()
	for i, v := range net.Model.Inputs {
		if !v.Ranked {
			return nil, nil, fmt.Errorf("the file does not say how many axes its input %s has", v.Name)
		}
		shape := make([]int, len(v.Dims))
		for a, d := range v.Dims {
			if shape[a] = d.Size; d.Size < 0 {
				shape[a] = size(axisName(net.Model, i, a))
			}
		}
		in = append(in, Port{Name: v.Name, Node: g.Input("input "+v.Name, shape...)})
	}
	nodes, err := net.Apply(in...)
	if err != nil {
		return nil, nil, err
	}
	for i, v := range net.Model.Outputs {
		out = append(out, Port{Name: v.Name, Node: nodes[i]})
	}
	return in, out, nil
}

// axisName is the name of an input's open axis: the file's, or one made up.
func axisName(m *onnx.Model, input, axis int) string {
	if p := m.Inputs[input].Dims[axis].Param; p != "" {
		return p
	}
	return fmt.Sprintf("%s_axis%d", m.Inputs[input].Name, axis)
}
