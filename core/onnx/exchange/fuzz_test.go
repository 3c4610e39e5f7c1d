package exchange_test

import (
	"testing"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

// FuzzApply builds graphs of mutated models: whatever the bytes, an error or a graph,
// never a panic.
func FuzzApply(f *testing.F) {
	for name, m := range sizedModels() {
		b, err := exchange.Export(name, 17, m.free, m.build)
		if err != nil {
			f.Fatal(err)
		}
		file, err := b.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(file)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		m, err := onnx.Decode(file, "")
		if err != nil {
			return
		}
		net, err := exchange.Load(m)
		if err != nil {
			return
		}
		g := graph.New()
		var in []exchange.Port
		for i, v := range m.Inputs {
			shape := make([]int, len(v.Dims))
			size := 1
			for a, d := range v.Dims {
				if shape[a] = d.Size; d.Size < 0 {
					shape[a] = 4 + a
				}
				if size *= shape[a]; size > 1<<16 {
					return
				}
			}
			in = append(in, exchange.Port{Name: v.Name, Node: g.Input(string(rune('a'+i%26))+string(rune('0'+i/26%10)), shape...)})
		}
		if len(in) == 0 || len(in) > 200 {
			return
		}
		if _, err := net.Apply(in...); err != nil && err.Error() == "" {
			t.Error("an error that says nothing")
		}
	})
}
