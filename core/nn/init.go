package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core/tensor"
)

// Init draws the initial values of a parameter of that shape, in the layout of files:
// torch.nn.init. Axis 0 counts outputs, axis 1 inputs, the others are a kernel.
type Init func(r *rand.Rand, shape tensor.Shape, v []float32)

// Constant sets every element to x.
func Constant(x float64) Init {
	return func(_ *rand.Rand, _ tensor.Shape, v []float32) {
		for i := range v {
			v[i] = float32(x)
		}
	}
}

// Uniform draws from [lo, hi).
func Uniform(lo, hi float64) Init {
	return func(r *rand.Rand, _ tensor.Shape, v []float32) {
		for i := range v {
			v[i] = float32((lo+hi)/2 + (2*r.Float64()-1)*((hi-lo)/2))
		}
	}
}

// Normal draws from N(mean, std²).
func Normal(mean, std float64) Init {
	return func(r *rand.Rand, _ tensor.Shape, v []float32) {
		for i := range v {
			v[i] = float32(mean + std*r.NormFloat64())
		}
	}
}

// TruncNormal draws from N(mean, std²), again until it falls into [lo, hi]:
// torch.nn.init.trunc_normal_. It panics when that would take for ever, with bounds
// more than four deviations to one side of the mean.
func TruncNormal(mean, std, lo, hi float64) Init {
	if !(lo < hi) || lo > mean+4*std || hi < mean-4*std {
		panic(fmt.Sprintf("nn: the bounds %v and %v leave nothing of N(%v, %v²)", lo, hi, mean, std))
	}
	return func(r *rand.Rand, _ tensor.Shape, v []float32) {
		for i := range v {
			x := mean + std*r.NormFloat64()
			for x < lo || x > hi {
				x = mean + std*r.NormFloat64()
			}
			v[i] = float32(x)
		}
	}
}

// fans are the number of inputs of an output, and of outputs of an input.
func fans(shape tensor.Shape) (in, out float64) {
	if len(shape) < 2 {
		panic(fmt.Sprintf("nn: a parameter of shape %v has no inputs and outputs to count", shape))
	}
	kernel := shape[2:].Size()
	return float64(shape[1] * kernel), float64(shape[0] * kernel)
}

// XavierUniform draws from U(±gain sqrt(6/(fan_in+fan_out))) (Glorot & Bengio 2010,
// eq. 16).
func XavierUniform(gain float64) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		in, out := fans(shape)
		bound := gain * math.Sqrt(6/(in+out))
		Uniform(-bound, bound)(r, shape, v)
	}
}

// XavierNormal draws from N(0, gain² 2/(fan_in+fan_out)).
func XavierNormal(gain float64) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		in, out := fans(shape)
		Normal(0, gain*math.Sqrt(2/(in+out)))(r, shape, v)
	}
}

// Fan is what Kaiming's initialisation keeps the variance of: activations (FanIn) or
// gradients (FanOut).
type Fan int

// The fans.
const (
	FanIn Fan = iota
	FanOut
)

func (f Fan) of(shape tensor.Shape) float64 {
	in, out := fans(shape)
	if f == FanOut {
		return out
	}
	return in
}

// KaimingUniform draws from U(±gain sqrt(3/fan)) (He et al. 2015, eq. 10). The gain of
// a ReLU is √2: see [LeakyGain].
func KaimingUniform(fan Fan, gain float64) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		bound := gain * math.Sqrt(3/fan.of(shape))
		Uniform(-bound, bound)(r, shape, v)
	}
}

// KaimingNormal draws from N(0, gain²/fan).
func KaimingNormal(fan Fan, gain float64) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		Normal(0, gain/math.Sqrt(fan.of(shape)))(r, shape, v)
	}
}

// The gains of torch.nn.init.calculate_gain: what a layer before the nonlinearity is
// scaled by. That of identity, convolution and sigmoid is 1.
const (
	ReluGain = math.Sqrt2
	TanhGain = 5.0 / 3
	SeluGain = 0.75
)

// LeakyGain is the gain of a leaky ReLU: sqrt(2/(1+slope²)).
func LeakyGain(slope float64) float64 { return math.Sqrt(2 / (1 + slope*slope)) }

// Orthogonal draws a matrix [shape[0], the rest] with orthonormal rows, or columns if
// there are fewer of them, times gain (Saxe, McClelland & Ganguli 2014).
func Orthogonal(gain float64) Init {
	return func(r *rand.Rand, shape tensor.Shape, v []float32) {
		if len(shape) < 2 {
			panic(fmt.Sprintf("nn: shape %v has no rows to be orthogonal", shape))
		}
		rows, columns := shape[0], shape[1:].Size()
		n, length := min(rows, columns), max(rows, columns)
		basis := make([][]float64, n)
		for i := range basis {
			basis[i] = make([]float64, length)
			for norm := 0.0; norm < 1e-6; { // a draw within the span of the others is drawn again
				for j := range basis[i] {
					basis[i][j] = r.NormFloat64()
				}
				for range 2 { // the second time for what rounding left (Kahan)
					for _, b := range basis[:i] {
						d := dot(b, basis[i])
						for j := range b {
							basis[i][j] -= d * b[j]
						}
					}
				}
				norm = math.Sqrt(dot(basis[i], basis[i]))
				for j := range basis[i] {
					basis[i][j] /= norm
				}
			}
		}
		for i := range rows {
			for j := range columns {
				if rows <= columns {
					v[i*columns+j] = float32(gain * basis[i][j])
				} else {
					v[i*columns+j] = float32(gain * basis[j][i])
				}
			}
		}
	}
}

func dot(a, b []float64) float64 {
	s := 0.0
	for i := range a {
		s += a[i] * b[i]
	}
	return s
}
