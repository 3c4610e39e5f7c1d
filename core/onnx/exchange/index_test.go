package exchange_test

import (
	"testing"

	"lab/core/graph"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/vm"
)

// Indices that are inputs of a graph pick what they should, from both ends, and NaN where
// they are none.
func TestIndicesOfTheInput(t *testing.T) {
	for _, c := range []struct {
		op    string
		x, i  []int64 // shapes
		at    []float32
		want  []float32
		attrs []*pb.Attribute
	}{
		{"Gather", []int64{3, 2}, []int64{3}, []float32{-1, 0, 3}, []float32{4, 5, 0, 1, nan, nan}, nil},
		{"GatherElements", []int64{3, 2}, []int64{2, 2}, []float32{2, -1, 0, 5}, []float32{4, 5, 0, nan}, nil},
		{"GatherElements", []int64{3, 2}, []int64{1, 2}, []float32{-2, 3}, []float32{2, nan}, nil},
		{"GatherND", []int64{3, 2}, []int64{3, 2}, []float32{1, 1, -1, -2, 0, 2}, []float32{3, 4, nan}, nil},
	} {
		net := decode(t, &pb.Model{Graph: &pb.Graph{
			Inputs:  []*pb.ValueInfo{info("x", pb.Float, c.x...), info("i", pb.Int64, c.i...)},
			Outputs: []*pb.ValueInfo{{Name: "y"}},
			Nodes:   []*pb.Node{node(c.op, names("x", "i"), names("y"), c.attrs...)},
		}})
		g := graph.New()
		x, i := g.Input("x", sizes(c.x)...), g.Input("i", sizes(c.i)...)
		y, err := net.Apply(exchange.Port{Name: "x", Node: x}, exchange.Port{Name: "i", Node: i})
		if err != nil {
			t.Errorf("%s: %v", c.op, err)
			continue
		}
		p, err := vm.Compile(y)
		if err != nil {
			t.Fatal(err)
		}
		for k := range p.Value(x) {
			p.Value(x)[k] = float32(k)
		}
		copy(p.Value(i), c.at)
		p.Run()
		for k, w := range c.want {
			if got := p.Value(y[0])[k]; got != w && !(got != got && w != w) {
				t.Errorf("%s at %v: element %d is %v, want %v", c.op, c.at, k, got, w)
			}
		}
	}
}

func sizes(v []int64) []int {
	s := make([]int, len(v))
	for i, d := range v {
		s[i] = int(d)
	}
	return s
}
