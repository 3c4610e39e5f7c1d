package onnx

import (
	"fmt"
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
func (d *decoder) record() error {
	if len(d.nodes) == 0 { // all outputs are weights or inputs; onnx-go refuses that
		return nil
	}
	skeleton, err := d.skeleton()
	if err != nil {
		return about(text("skeleton"), err)
	}
	r := recorder{nodes: d.nodes}
	walk := onnxgo.NewModel(&r)
	if err := walk.UnmarshalBinary(skeleton); err != nil {
		return about(text("onnx-go"), err)
	}
	if err := r.compare(d, walk); err != nil {
		return err
	}
	for i, c := range r.calls {
		n := d.nodes[i]
		domain := domainOf(n.Domain)
		attrs, err := d.attrs(n.Node)
		if err != nil {
			return d.about(n, err)
		}
		d.model.Nodes = append(d.model.Nodes, &Node{Index: n.index, Name: n.Name, Domain: domain, Op: c.op,
			Opset: d.model.Opsets[domain], Inputs: c.inputs, Outputs: c.outputs, attrs: attrs})
	}
	return nil
}

// skeleton is the model as onnx-go gets to see it: the operators, their wiring
// and one attribute that numbers them. No weights, types or attributes, which
// it would decode slowly or wrongly.
func (d *decoder) skeleton() ([]byte, error) {
	g := &pb.Graph{Name: "skeleton"}
	for _, v := range d.model.Inputs {
		g.Inputs = append(g.Inputs, &pb.ValueInfo{Name: v.Name})
	}
	for _, v := range d.model.Outputs {
		g.Outputs = append(g.Outputs, &pb.ValueInfo{Name: v.Name})
	}
	used := map[string]bool{}
	for _, n := range d.nodes {
		for _, name := range n.Inputs {
			used[name] = true
		}
		for _, name := range n.Outputs {
			used[name] = true
		}
	}
	for i, n := range d.nodes {
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

// compare checks the recorded graph against the file's.
func (r *recorder) compare(d *decoder, walk *onnxgo.Model) error {
	if len(r.calls) != len(d.nodes) {
		return bad("onnx-go read %d nodes of %d", len(r.calls), len(d.nodes))
	}
	for i, c := range r.calls {
		n := d.nodes[i]
		if c.op != n.OpType || !slices.Equal(c.inputs, n.Inputs) || !slices.Equal(c.outputs, n.Outputs) {
			return d.about(n, fmt.Errorf("onnx-go read it as %s %q → %q, the file has %q → %q",
				c.op, c.inputs, c.outputs, n.Inputs, n.Outputs))
		}
	}
	for _, io := range []struct {
		what string
		ids  []int64
		want []Value
	}{{"inputs", walk.Input, d.model.Inputs}, {"outputs", walk.Output, d.model.Outputs}} {
		same := len(io.ids) == len(io.want)
		for i := 0; same && i < len(io.ids); i++ {
			id := io.ids[i]
			same = id >= 0 && id < int64(len(r.values)) && r.values[id].name == io.want[i].Name
		}
		if !same {
			return bad("onnx-go read other %s than the file has", io.what)
		}
	}
	return nil
}
