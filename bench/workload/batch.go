package workload

import (
	"math/rand/v2"

	"lab/core/tensor"
)

// normal draws from N(0, 1).
func normal(r *rand.Rand, shape ...int) *tensor.Tensor {
	t := tensor.New(shape, nil)
	for i := range t.F {
		t.F[i] = float32(r.NormFloat64())
	}
	return t
}

// labels draws n classes below k.
func labels(r *rand.Rand, n, k int) *tensor.Tensor {
	t := tensor.NewInt(tensor.Shape{n}, nil)
	for i := range t.I {
		t.I[i] = int64(r.IntN(k))
	}
	return t
}

// classified is a batch of x with labels y out of k.
func classified(k int, shape ...int) func(*rand.Rand) Batch {
	return func(r *rand.Rand) Batch { return Batch{"x": normal(r, shape...), "y": labels(r, shape[0], k)} }
}

// oneHot fills dst [N,K] from N labels.
func oneHot(dst []float32, y *tensor.Tensor) {
	clear(dst)
	k := len(dst) / len(y.I)
	for i, c := range y.I {
		dst[i*k+int(c)] = 1
	}
}

// images fills dst, NHWC, from a tensor NCHW.
func images(dst []float32, x *tensor.Tensor) { copy(dst, x.Transpose(0, 2, 3, 1).F) }
