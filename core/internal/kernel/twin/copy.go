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
	LR, Beta1, Beta2, Eps float32
	WeightDecay           float32
	Decoupled             bool    // AdamW: decay the weights, not through the gradient
	Bias1, Bias2          float32 // 1 - beta^t
}

// Adam is one step of Kingma & Ba (2015), algorithm 1, with eps outside the
// root's bias correction as in PyTorch: p -= lr/bias1 * m / (sqrt(v/bias2) + eps).
func Adam(p, m, v, g []float32, c AdamConfig) {
	for i := range p {
		d, w := g[i], p[i]
		if c.Decoupled {
			w *= 1 - c.LR*c.WeightDecay
		} else {
			d += c.WeightDecay * w
		}
		m[i] = c.Beta1*m[i] + (1-c.Beta1)*d
		v[i] = c.Beta2*v[i] + (1-c.Beta2)*d*d
		p[i] = w - c.LR/c.Bias1*m[i]/(float32(math.Sqrt(float64(v[i]/c.Bias2)))+c.Eps)
	}
}
