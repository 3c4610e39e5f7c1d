package onnx

import (
	"fmt"
	"maps"
	"slices"

	onnxgo "github.com/owulveryck/onnx-go"

	"lab/core/onnx/pb"
)

// indexKey is the attribute of the skeleton that numbers the nodes; onnx-go
// hands it through, which it does not with names, domains and opsets.
const indexKey = "lab.node"

// record passes the nodes through onnx-go and keeps what it called our backend
// with. Any difference from the file is an error: nothing is computed from a
// graph that was not read as it was written.
func (r *reader) record() error {
	if len(r.steps) == 0 { // all outputs are weights or inputs; onnx-go refuses that
		return nil
	}
	skeleton, err := r.skeleton()
	if err != nil {
		return about(text("skeleton"), err)
	}
	rec := recorder{nodes: r.steps}
	walk := onnxgo.NewModel(&rec)
	if err := walk.UnmarshalBinary(skeleton); err != nil {
		return about(text("onnx-go"), err)
	}
	if err := rec.compare(r, walk); err != nil {
		return err
	}
	for i, c := range rec.calls {
		n := r.steps[i]
		domain := domainOf(n.Domain)
		attrs, err := r.attrs(n)
		if err != nil {
			return r.about(n, err)
		}
		r.out.Nodes = append(r.out.Nodes, &Node{Index: n.index, Name: n.Name, Domain: domain, Op: c.op,
			Opset: n.opsets[domain], Inputs: c.inputs, Outputs: c.outputs, attrs: attrs})
	}
	return nil
}

// skeleton is the model as onnx-go gets to see it: the operators, their wiring
// and one attribute that numbers them. No weights, types or attributes, which
// it would decode slowly or wrongly.
func (r *reader) skeleton() ([]byte, error) {
	g := &pb.Graph{Name: "skeleton"}
	for _, name := range r.inputs() {
		g.Inputs = append(g.Inputs, &pb.ValueInfo{Name: name})
	}
	for _, v := range r.out.Outputs {
		g.Outputs = append(g.Outputs, &pb.ValueInfo{Name: v.Name})
	}
	used := map[string]bool{}
	for _, n := range r.steps {
		for _, name := range n.Inputs {
			used[name] = true
		}
		for _, name := range n.Outputs {
			used[name] = true
		}
	}
	for i, n := range r.steps {
		// A node without inputs gets one from onnx-go, named after the node. It
		// must not be the name of a value.
		name := fmt.Sprint(i)
		for used[name+"/input"] {
			name += "/"
		}
		index := int64(i)
		g.Nodes = append(g.Nodes, &pb.Node{Inputs: n.Inputs, Outputs: n.Outputs, Name: name, OpType: n.OpType,
			Attributes: []*pb.Attribute{{Name: indexKey, Type: pb.AttrInt, I: &index}}})
	}
	return (&pb.Model{IRVersion: 8, Graph: g, OpsetImports: []*pb.OpsetID{{Version: 17}}}).Marshal()
}

// inputs are the graph's inputs to onnx-go: its own, and what it takes from around it.
func (r *reader) inputs() []string {
	var names []string
	for _, v := range r.out.Inputs {
		names = append(names, v.Name)
	}
	return append(names, slices.Sorted(maps.Keys(r.taken))...)
}

// compare checks the recorded graph against the file's.
func (r *recorder) compare(file *reader, walk *onnxgo.Model) error {
	if len(r.calls) != len(file.steps) {
		return bad("onnx-go read %d nodes of %d", len(r.calls), len(file.steps))
	}
	var outputs []string
	for _, v := range file.out.Outputs {
		outputs = append(outputs, v.Name)
	}
	for i, c := range r.calls {
		n := file.steps[i]
		if c.op != n.OpType || !slices.Equal(c.inputs, n.Inputs) || !slices.Equal(c.outputs, n.Outputs) {
			return file.about(n, fmt.Errorf("onnx-go read it as %s %q → %q, the file has %q → %q",
				c.op, c.inputs, c.outputs, n.Inputs, n.Outputs))
		}
	}
	for _, io := range []struct {
		what string
		ids  []int64
		want []string
	}{{"inputs", walk.Input, file.inputs()}, {"outputs", walk.Output, outputs}} {
		same := len(io.ids) == len(io.want)
		for i := 0; same && i < len(io.ids); i++ {
			id := io.ids[i]
			same = id >= 0 && id < int64(len(r.values)) && r.values[id].name == io.want[i]
		}
		if !same {
			return bad("onnx-go read other %s than the file has", io.what)
		}
	}
	return nil
}
