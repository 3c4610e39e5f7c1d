package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// exportAttention writes attention by its definition, whatever the sizes of batch and
// sequences: softmax(q kᵀ/√D) v. A query that sees no key gives 0, as here: with a mask
// scores are finite and what must not be seen is taken out of the softmax once more.
func exportAttention(e *exporter, n *graph.Node) (value, error) {
	a, self, masked, _ := n.Op().Attention()
	var q, k, v string
	names, err := e.all(n.Inputs())
	if err != nil {
		return value{}, err
	}
	part := func(x string, i int64, perm ...int) string { // [B,T,parts,H,D] to a part of four axes
		index := e.Constant(tensor.NewInt(nil, []int64{i}))
		return e.transpose(e.Op("Gather", []string{x, index}, onnx.AttrInt("axis", 2)), perm...)
	}
	kv, first := names[0], int64(1)
	if !self {
		kv, first = names[1], 0
	}
	q = part(names[0], 0, 0, 2, 1, 3) // [B,H,T,D]
	k = part(kv, first, 0, 2, 3, 1)   // [B,H,D,S]
	v = part(kv, first+1, 0, 2, 1, 3) // [B,H,S,D]
	d := n.Shape()[len(n.Shape())-1]
	scale := e.Constant(tensor.New(nil, []float32{float32(1 / math.Sqrt(float64(d)))}))
	scores := e.Op("Mul", []string{e.Op("MatMul", []string{q, k}), scale}) // [B,H,T,S]

	var seen []string // what a query may see, as bool
	if a.Causal || a.Window > 0 {
		length := func(x string, axis int64) string {
			return e.Op("Gather", []string{e.Op("Shape", []string{x}), e.ints(axis)})
		}
		row, column := e.count(length(q, 2)), e.count(length(k, 3))
		if a.Offset > 0 {
			row = e.Op("Add", []string{row, e.ints(int64(a.Offset))})
		}
		row = e.Op("Unsqueeze", []string{row, e.ints(1)})
		if a.Causal {
			seen = append(seen, e.Op("LessOrEqual", []string{column, row}))
		}
		if a.Window > 0 {
			away := e.Op("Abs", []string{e.Op("Sub", []string{column, row})})
			seen = append(seen, e.Op("Less", []string{away, e.ints(int64(a.Window))}))
		}
	}
	if masked {
		mask := e.Op("Unsqueeze", []string{names[len(names)-1], e.ints(1, 2)}) // [B,1,1,S]
		seen = append(seen, e.cast(mask, pb.Bool))
	}
	all := ""
	if len(seen) > 0 {
		all = seen[0]
		for _, s := range seen[1:] {
			all = e.Op("And", []string{all, s})
		}
		never := float32(math.Inf(-1))
		if masked {
			never = -1e30
		}
		scores = e.Op("Where", []string{all, scores, e.Constant(tensor.New(nil, []float32{never}))})
	}
	p := e.Op("Softmax", []string{scores}, onnx.AttrInt("axis", -1))
	if masked {
		p = e.Op("Where", []string{all, p, e.Constant(tensor.New(nil, []float32{0}))})
	}
	return value{e.transpose(e.Op("MatMul", []string{p, v}), 0, 2, 1, 3), nil}, nil // [B,T,H,D]
}
