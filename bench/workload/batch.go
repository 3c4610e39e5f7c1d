package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// normal draws from N(0, 1).
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(shape, nil)
	for i := range t.F {
		t.F[i] = float32(r.NormFloat64())
	}
	return t
}

// labels draws classes below k.
func labels(r *rand.Rand, k int, shape ...int) *tensor.Tensor {
	t := tensor.NewInt(shape, nil)
	for i := range t.I {
		t.I[i] = int64(r.IntN(k))
	}
	return t
}

// classified is a batch of x with labels y out of k.
func classified(k int, shape ...int) func(*rand.Rand) Batch {
	return func(r *rand.Rand) Batch { return Batch{"x": normal(r, shape...), "y": labels(r, k, shape[0])} }
}

// feed fills inputs from the batch's tensors of the same names: labels as float32,
// images, which have four axes, from NCHW to NHWC.
func feed(p *vm.Program, b Batch, inputs ...*graph.Node) {
	for _, in := range inputs {
		t, v := b[in.Name()], p.Value(in)
		if len(t.Shape) == 4 {
			t = t.Transpose(0, 2, 3, 1)
		}
		copy(v, t.F)
		for i, label := range t.I {
			v[i] = float32(label)
		}
	}
}
