package exchange

import (
	"fmt"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
)

// sizes that open axes are tried at: primes, so that products of them are told apart.
var primes = [][2]int{{2, 3}, {5, 7}, {11, 13}, {17, 19}, {23, 29}}

// Reexport writes the model anew, as [Export] would a model of lab's own, for an opset of
// the caller's choice: what the graph of it computes, with the same names of inputs,
// outputs, open axes and weights, and the same metadata. Inputs are of float or int64,
// outputs of float. See [Net.Encode] for the file as it was read.
func (net *Net) Reexport(opset int) (*onnx.Builder, error) {
	m := net.Model
	for _, v := range m.Outputs {
		if v.Type != pb.Float && v.Type != pb.Undefined {
			return nil, fmt.Errorf("model %s: output %s, %v, cannot be written anew: only floats can", m.Name, v.Name, v)
		}
	}
	var free []Free
	known := map[string]bool{}
	for i, v := range m.Inputs {
		if v.Type != pb.Float && v.Type != pb.Int64 {
			return nil, fmt.Errorf("model %s: input %s, %v, cannot be written anew: only float and int64 can", m.Name, v.Name, v)
		}
		for a, d := range v.Dims {
			name := axisName(m, i, a)
			if d.Size >= 0 || known[name] {
				continue
			}
			if len(free) == len(primes) {
				return nil, fmt.Errorf("model %s has more than %d open axes", m.Name, len(primes))
			}
			known[name] = true
			free = append(free, Free{name, primes[len(free)]})
		}
	}
	build := func(n Sizes) (in, out []Port) {
		in, out, err := net.ports(func(name string) int { return n[name] })
		if err != nil {
			graph.Fail("Apply", "%v", err)
		}
		for i := range in {
			in[i].Whole = m.Inputs[i].Type == pb.Int64
		}
		return in, out
	}
	b, err := Export(m.Name, opset, free, build)
	if err != nil {
		return nil, err
	}
	for k, v := range m.Metadata {
		b.SetMetadata(k, v)
	}
	return b, nil
}
