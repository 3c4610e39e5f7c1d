package onnx

import (
	"fmt"
	"slices"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// normalize brings the nodes into the form that the rest of reading relies on:
//   - a Constant is no node but one of the model's constants;
//   - an Identity of an initialiser is an initialiser of its own, with the
//     Identity's name and a copy of the values. Exporters make one out of two
//     parameters that happen to be equal; were they kept as one, training would
//     tie them. An Identity of a constant becomes a constant likewise;
//   - a call of a function that the model defines is refused. Inlining it would
//     have its place here, and so would an If whose condition is a constant and
//     what older opsets write differently.
func (d *decoder) normalize() error {
	functions := map[[2]string]bool{}
	for _, f := range d.file.Functions {
		functions[[2]string{domainOf(f.Domain), f.Name}] = true
	}
	parameters, constants := byName(d.model.Initializers), byName(d.model.Constants)
	var left []step
	for _, n := range d.nodes {
		domain := domainOf(n.Domain)
		switch {
		case functions[[2]string{domain, n.OpType}]:
			return d.about(n, fmt.Errorf("calls a function that the model defines, which is not supported"))
		case domain == "" && n.OpType == "Constant":
			w, err := d.constant(n.Node)
			if err != nil {
				return d.about(n, err)
			}
			constants[w.Name] = w
			d.model.Constants = append(d.model.Constants, w)
		case domain == "" && n.OpType == "Identity" && len(n.Inputs) == 1 && len(n.Outputs) == 1 && n.Outputs[0] != "":
			from, list, names := n.Inputs[0], &d.model.Initializers, parameters
			w, ok := parameters[from]
			if !ok {
				list, names = &d.model.Constants, constants
				w, ok = constants[from]
			}
			if !ok {
				left = append(left, n)
				continue
			}
			if err := d.spendCopy(w.Tensor.Shape.Size()); err != nil {
				return d.about(n, err)
			}
			w.Name = n.Outputs[0]
			w.Tensor = &tensor.Tensor{Shape: w.Tensor.Shape.Clone(), F: slices.Clone(w.Tensor.F), I: slices.Clone(w.Tensor.I)}
			names[w.Name] = w
			*list = append(*list, w)
		default:
			left = append(left, n)
		}
	}
	d.nodes = left
	return nil
}

func byName(ws []Weight) map[string]Weight {
	m := make(map[string]Weight, len(ws))
	for _, w := range ws {
		m[w.Name] = w
	}
	return m
}

// constant is the value of a Constant node (ONNX operators, Constant): that of
// its one attribute.
func (d *decoder) constant(n *pb.Node) (Weight, error) {
	if len(n.Inputs) != 0 || len(n.Outputs) != 1 || n.Outputs[0] == "" {
		return Weight{}, fmt.Errorf("has %d inputs and %d outputs, want 0 and 1", len(n.Inputs), len(n.Outputs))
	}
	attrs, err := d.attrs(n)
	if err != nil {
		return Weight{}, err
	}
	if len(attrs) != 1 {
		return Weight{}, fmt.Errorf("has %d attributes, want 1", len(attrs))
	}
	a, w := attrs[0], Weight{}
	want := map[string]pb.AttributeType{"value": pb.AttrTensor, "value_float": pb.AttrFloat, "value_floats": pb.AttrFloats,
		"value_int": pb.AttrInt, "value_ints": pb.AttrInts}[a.Name]
	if want == pb.AttrUndefined || want != a.Type {
		return Weight{}, fmt.Errorf("attribute %q of type %v is not supported", a.Name, a.Type)
	}
	switch a.Name {
	case "value":
		w = a.Tensor
	case "value_float":
		w = Weight{Type: pb.Float, Tensor: tensor.New(nil, []float32{a.Float})}
	case "value_floats":
		w = Weight{Type: pb.Float, Tensor: tensor.New(tensor.Shape{len(a.Floats)}, a.Floats)}
	case "value_int":
		w = Weight{Type: pb.Int64, Tensor: tensor.NewInt(nil, []int64{a.Int})}
	case "value_ints":
		w = Weight{Type: pb.Int64, Tensor: tensor.NewInt(tensor.Shape{len(a.Ints)}, a.Ints)}
	}
	w.Name = n.Outputs[0]
	return w, nil
}
