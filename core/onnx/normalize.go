package onnx

import (
	"fmt"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// normalize brings the nodes into the form that the rest of reading relies on:
//   - a Constant is no node but one of the model's constants;
//   - an Identity of an initialiser is an initialiser of its own, with the
//     Identity's name and a copy of the values. Exporters make one out of two
//     parameters that happen to be equal; were they kept as one, training would
//     tie them. An Identity of a constant becomes a constant likewise.
func (r *reader) normalize() error {
	parameters, constants := byName(r.out.Initializers), byName(r.out.Constants)
	var left []step
	for _, n := range r.steps {
		domain := domainOf(n.Domain)
		switch {
		case domain == "" && n.OpType == "Constant":
			w, err := r.constant(n)
			if err != nil {
				return r.about(n, err)
			}
			constants[w.Name] = w
			r.out.Constants = append(r.out.Constants, w)
		case domain == "" && n.OpType == "Identity" && len(n.Inputs) == 1 && len(n.Outputs) == 1 && n.Outputs[0] != "":
			from, list, names := n.Inputs[0], &r.out.Initializers, parameters
			w, ok := parameters[from]
			if !ok {
				list, names = &r.out.Constants, constants
				w, ok = constants[from]
			}
			if !ok {
				left = append(left, n)
				continue
			}
			if err := r.spendCopy(w.Value.Len()); err != nil {
				return r.about(n, err)
			}
			w = newWeight(n.Outputs[0], w.Value.Clone())
			names[w.Name] = w
			*list = append(*list, w)
		default:
			left = append(left, n)
		}
	}
	r.steps = left
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
func (r *reader) constant(n step) (Weight, error) {
	if len(n.Inputs) != 0 || len(n.Outputs) != 1 || n.Outputs[0] == "" {
		return Weight{}, fmt.Errorf("has %d inputs and %d outputs, want 0 and 1", len(n.Inputs), len(n.Outputs))
	}
	attrs, err := r.attrs(n)
	if err != nil {
		return Weight{}, err
	}
	if len(attrs) != 1 {
		return Weight{}, fmt.Errorf("has %d attributes, want 1", len(attrs))
	}
	a := attrs[0]
	want := map[string]pb.AttributeType{"value": pb.AttrTensor, "value_float": pb.AttrFloat, "value_floats": pb.AttrFloats,
		"value_int": pb.AttrInt, "value_ints": pb.AttrInts, "value_string": pb.AttrString, "value_strings": pb.AttrStrings}[a.Name]
	if want == pb.AttrUndefined || want != a.Type {
		return Weight{}, fmt.Errorf("attribute %q of type %v is not supported", a.Name, a.Type)
	}
	v := a.Tensor.Value
	switch a.Name {
	case "value_float":
		v = array.From(pb.Float, nil, []float32{a.Float})
	case "value_floats":
		v = array.From(pb.Float, tensor.Shape{len(a.Floats)}, a.Floats)
	case "value_int":
		v = array.From(pb.Int64, nil, []int64{a.Int})
	case "value_ints":
		v = array.From(pb.Int64, tensor.Shape{len(a.Ints)}, a.Ints)
	case "value_string":
		v = array.From(pb.String, nil, []string{a.String})
	case "value_strings":
		v = array.From(pb.String, tensor.Shape{len(a.Strings)}, a.Strings)
	}
	return newWeight(n.Outputs[0], v), nil
}
