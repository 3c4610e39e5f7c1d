package array_test

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Raw is the inverse of FromRaw: whatever numbers the bytes stand for, they come back.
func TestRaw(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	tried := 0
	for typ := pb.DataType(1); typ < 40; typ++ {
		bits := array.Bits(typ)
		if bits == 0 || typ == pb.String {
			continue
		}
		tried++
		for _, n := range []int{0, 1, 7, 24} {
			raw := make([]byte, array.RawSize(typ, n))
			for i := range raw {
				raw[i] = byte(r.Uint32())
			}
			if typ == pb.Bool {
				for i := range raw {
					raw[i] &= 1
				}
			}
			if over := n * bits % 8; over > 0 {
				raw[len(raw)-1] &= 1<<over - 1 // what no element uses is zero
			}
			a, err := array.FromRaw(typ, tensor.Shape{n}, raw)
			if err != nil {
				t.Fatal(err)
			}
			// A NaN has many forms in some types; what is decoded again is the same array.
			again, err := array.FromRaw(typ, tensor.Shape{n}, a.Raw())
			if err != nil || !array.Same(again, a) {
				t.Errorf("%v: %v became %v (%v)", typ, a, again, err)
			}
			if whole := !array.IsFloat(typ); whole && !bytes.Equal(a.Raw(), raw) {
				t.Errorf("%v: % x became % x", typ, raw, a.Raw())
			}
		}
	}
	if tried < 20 {
		t.Errorf("%d types", tried)
	}
}
