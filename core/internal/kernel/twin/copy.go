package twin

import "math"

// Layout is how a block lies in memory: the place of its first element, and the
// strides of its axes, which may be negative.
type Layout struct {
	Offset int
	Stride [MaxDims]int
}

// CopyStrided copies a block of dim elements from one layout to another.
func CopyStrided[F Float](dim [MaxDims]int, to Layout, out []F, from Layout, in []F) {
	var rec func(a, o, i int)
	rec = func(a, o, i int) {
		if a == MaxDims {
			out[o] = in[i]
			return
		}
		for x := 0; x < dim[a]; x++ {
			rec(a+1, o+x*to.Stride[a], i+x*from.Stride[a])
		}
	}
	rec(0, to.Offset, from.Offset)
}

// AdamConfig holds Adam's settings at one step; see [Adam].
type AdamConfig struct {
	LR, Beta1, Beta2, Eps float64
	WeightDecay           float64
	Decoupled             bool    // AdamW: decay the weights, not through the gradient
	Bias1, Bias2          float64 // 1 - beta^t
}

// Coefficients are the factors of one step in the order the kernel reads them:
// beta1, 1-beta1, beta2, 1-beta2, lr/bias1, 1/sqrt(bias2), eps, decay through the
// gradient, what decoupled decay leaves. They are rounded last: 1-0.999 taken in
// float32 is 5e-5 off.
func (c AdamConfig) Coefficients() [9]float32 {
	l2, keep := c.WeightDecay, 1.0
	if c.Decoupled {
		l2, keep = 0, 1-c.LR*c.WeightDecay
	}
	return [9]float32{float32(c.Beta1), float32(1 - c.Beta1), float32(c.Beta2), float32(1 - c.Beta2), float32(c.LR / c.Bias1),
		float32(1 / math.Sqrt(c.Bias2)), float32(c.Eps), float32(l2), float32(keep)}
}

// Adam is one step of Kingma & Ba (2015), algorithm 1, with eps outside the
// root's bias correction as in PyTorch: p -= lr/bias1 * m / (sqrt(v/bias2) + eps).
func Adam(p, m, v, g []float32, c AdamConfig) {
	k := c.Coefficients()
	for i := range p {
		d := g[i] + k[7]*p[i]
		m[i] = k[0]*m[i] + k[1]*d
		v[i] = k[2]*v[i] + k[3]*d*d
		p[i] = k[8]*p[i] - k[4]*m[i]/(float32(math.Sqrt(float64(v[i])))*k[5]+k[6])
	}
}
