package gan

import (
	"math"
	"math/rand/v2"
)

// normal fills v from N(0, 1).
func normal(r *rand.Rand, v []float32) {
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
}

// uniform fills v from U(0, 1).
func uniform(r *rand.Rand, v []float32) {
	for i := range v {
		v[i] = r.Float32()
	}
}

// lerp is the linear interpolation between two vectors. In many dimensions its middle
// is shorter than noise ever is.
func lerp(a, b []float32, t float64) []float32 { return blend(a, b, 1-t, t) }

// slerp is the spherical interpolation between two vectors (Shoemake 1985): noise in
// between is as likely as at the ends, which on a straight line it is not.
func slerp(a, b []float32, t float64) []float32 {
	var aa, bb, ab float64
	for i := range a {
		aa, bb, ab = aa+float64(a[i]*a[i]), bb+float64(b[i]*b[i]), ab+float64(a[i]*b[i])
	}
	angle := math.Acos(max(-1, min(1, ab/math.Sqrt(aa*bb))))
	if angle <= 1e-4 {
		return lerp(a, b, t)
	}
	return blend(a, b, math.Sin((1-t)*angle)/math.Sin(angle), math.Sin(t*angle)/math.Sin(angle))
}

// blend is u·a + v·b.
func blend(a, b []float32, u, v float64) []float32 {
	out := make([]float32, len(a))
	for i := range out {
		out[i] = float32(u*float64(a[i]) + v*float64(b[i]))
	}
	return out
}

// share is the share of the numbers that are so.
func share(v []float32, is func(float32) bool) float64 {
	n := 0
	for _, x := range v {
		if is(x) {
			n++
		}
	}
	return float64(n) / float64(len(v))
}
