package array

import (
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/onnx/pb"
)

// TestHalf checks all halves against the formula of IEEE 754.
func TestHalf(t *testing.T) {
	value := formats[pb.Float16].values()
	for h := range 1 << 16 {
		sign, exp, frac := 1-2*float64(h>>15), h>>10&31, float64(h&1023)
		var want float64
		switch exp {
		case 0:
			want = sign * frac / 1024 * math.Pow(2, -14)
		case 31:
			want = sign * math.Inf(1)
			if frac != 0 {
				want = math.NaN()
			}
		default:
			want = sign * (1 + frac/1024) * math.Pow(2, float64(exp-15))
		}
		got := float64(value(uint64(h)))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#04x: got %v, want %v", h, got, want)
		}
	}
}

// Every value of every format is its own code's, and is rounded to itself; what lies
// between two values is rounded to the nearer, halfway to the one with the even code.
func TestFormats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for typ, f := range formats {
		n := 1 << (1 + f.exponent + f.fraction)
		if f.special == powers {
			n = 256
		}
		var finite []float32 // from 0 up
		for code := range n {
			v := f.decode(uint64(code))
			back := f.encode(v)
			if v == v && back != uint64(code) || v != v && f.decode(back) == f.decode(back) {
				t.Fatalf("%v: code %#x is %v, which is code %#x", typ, code, v, back)
			}
			if f.special == powers || v != v {
				continue
			}
			if got := f.round(v); got != v {
				t.Fatalf("%v: %v is rounded to %v", typ, v, got)
			}
			if !math.Signbit(float64(v)) && !math.IsInf(float64(v), 0) {
				finite = append(finite, v)
			}
		}
		if f.special == powers {
			continue
		}
		if most := finite[len(finite)-1]; float64(most) != f.largest() {
			t.Errorf("%v: the greatest value is %v, not %v", typ, f.largest(), most)
		}
		for range 2000 {
			i := r.IntN(len(finite) - 1)
			lo, hi := float64(finite[i]), float64(finite[i+1])
			for _, part := range []float64{r.Float64(), 0.5} {
				x := float32(lo + part*(hi-lo))
				if d := float64(x); d <= lo || d >= hi {
					continue
				}
				want := finite[i]
				if down, up := float64(x)-lo, hi-float64(x); up < down || up == down && i%2 == 1 {
					want = finite[i+1]
				}
				if got := f.round(x); got != want {
					t.Fatalf("%v: %v between %v and %v is rounded to %v", typ, x, lo, hi, got)
				}
				if got := f.round(-x); got != -want {
					t.Fatalf("%v: %v is rounded to %v", typ, -x, got)
				}
			}
		}
	}
}

// The tables of the operator Cast for what is too large.
func TestSaturation(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, c := range []struct {
		to              pb.DataType
		x, most, beyond float64 // with and without saturate
	}{
		{pb.Float8E4M3FN, 1e6, 448, nan}, {pb.Float8E4M3FN, inf, 448, nan}, {pb.Float8E4M3FN, -460, -448, -448},
		{pb.Float8E4M3FNUZ, -1e6, -240, nan}, {pb.Float8E5M2, 1e6, 57344, inf}, {pb.Float8E5M2, -inf, -57344, -inf},
		{pb.Float8E5M2FNUZ, inf, 57344, nan}, {pb.Float16, 1e6, inf, inf}, {pb.BFloat16, 1e39, inf, inf},
		{pb.Float4E2M1, 9, 6, 6}, {pb.Float4E2M1, -inf, -6, -6}, {pb.Float6E3M2, 1e3, 28, 28},
	} {
		for saturate, want := range map[bool]float64{true: c.most, false: c.beyond} {
			got := CastAs(From(pb.Double, nil, []float64{c.x}), c.to, saturate, "up").At(0)
			if got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%v as %v, saturate %v: got %v, want %v", c.x, c.to, saturate, got, want)
			}
		}
	}
	for mode, want := range map[string][2]float64{"up": {2, 4}, "down": {1, 2}, "nearest": {1, 4}} {
		got := CastAs(From(pb.Double, []int{2}, []float64{1.25, 3}), pb.Float8E8M0, true, mode)
		if got.At(0) != want[0] || got.At(1) != want[1] {
			t.Errorf("e8m0 %s: %v, %v", mode, got.At(0), got.At(1))
		}
	}
	// a double is rounded once: not to float32 first, which is halfway between two halves
	if got := Cast(From(pb.Double, nil, []float64{1 + 0x1p-11 + 0x1p-40}), pb.Float16).At(0); got != 1+0x1p-10 {
		t.Errorf("rounded twice: %v", got)
	}
}
