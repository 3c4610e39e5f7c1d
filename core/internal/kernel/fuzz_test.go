package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

// The targets draw operands from a seed, some of them NaN or infinite, and compare every
// instruction set with the twins: go test -fuzz FuzzGemm ./core/internal/kernel

// special puts a few values into x that are no finite numbers, and zeros of both signs.
func special(r *rand.Rand, x []float32) []float32 {
	values := []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), 0, float32(math.Copysign(0, -1))}
	for range r.IntN(4) {
		x[r.IntN(len(x))] = values[r.IntN(len(values))]
	}
	return x
}

// eachISA is everyISA without subtests, which a fuzzing worker has no names for.
func eachISA(f func()) {
	start := ISA()
	defer UseISA(start)
	for _, name := range []string{"avx512", "avx2", "sse2", "neon", "go"} {
		if UseISA(name) {
			f()
		}
	}
}

func within(x uint16, most int) int { return 1 + int(x)%most }

func FuzzGemm(f *testing.F) {
	f.Add(uint64(1), uint16(63), uint16(511), uint16(783), uint8(0))
	f.Add(uint64(2), uint16(0), uint16(100), uint16(70), uint8(5))
	f.Add(uint64(3), uint16(511), uint16(19), uint16(40), uint8(1))
	f.Add(uint64(4), uint16(200), uint16(0), uint16(33), uint8(2))
	f.Fuzz(func(t *testing.T, seed uint64, rows, cols, depth uint16, flags uint8) {
		m, n, k := within(rows, 700), within(cols, 700), within(depth, 900)
		k = min(k, 8<<20/(m*n)) // more takes the twin too long
		r := rand.New(rand.NewPCG(seed, 1))
		ta, tb, accumulate, pad := flags&1 != 0, flags&2 != 0, flags&4 != 0, int(flags>>3)%5
		ra, lda, rb, ldb, ldc := m, k+pad, k, n+pad, n+pad
		if ta {
			ra, lda = k, m+pad
		}
		if tb {
			rb, ldb = n, k+pad
		}
		a, b, c := special(r, random(r, ra*lda)), special(r, random(r, rb*ldb)), random(r, m*ldc)
		want := doubles(c)
		twin.Gemm(ta, tb, m, n, k, doubles(a), lda, doubles(b), ldb, want, ldc, accumulate)
		eachISA(func() {
			got := append([]float32{}, c...)
			Gemm(ta, tb, m, n, k, a, lda, b, ldb, got, ldc, accumulate)
			near(t, fmt.Sprintf("%s %dx%dx%d flags %b", ISA(), m, n, k, flags), got, want, math.Sqrt(float64(k)), 4e-6)
		})
	})
}

// FuzzConv keeps finite what padding is multiplied with: whether zero times infinity counts
// where a window leaves the image is nobody's promise.
func FuzzConv(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 2))
		g := randomConv(r)
		x, w, dy := special(r, random(r, g.N*g.H*g.W*g.C)), random(r, g.KH*g.KW*g.C/g.Groups*g.K), random(r, g.N*g.OH*g.OW*g.K)
		y, dx, dw := make([]float64, len(dy)), make([]float64, len(x)), make([]float64, len(w))
		twin.ConvForward(g, doubles(x), doubles(w), y)
		twin.ConvWeight(g, doubles(x), doubles(dy), dw)
		infinite := special(r, append(Alloc(0), dy...))
		twin.ConvInput(g, doubles(infinite), doubles(w), dx)
		eachISA(func() {
			what := fmt.Sprintf("%s %+v", ISA(), *g)
			gotY, gotX, gotW := Alloc(len(y)), Alloc(len(x)), Alloc(len(w))
			ConvForward(g, x, w, gotY)()
			near(t, "forward "+what, gotY, y, math.Sqrt(float64(g.KH*g.KW*g.C)), 2e-6)
			ConvInput(g, infinite, w, gotX)()
			near(t, "input "+what, gotX, dx, math.Sqrt(float64(g.KH*g.KW*g.K)), 3e-6)
			ConvWeight(g, x, dy, gotW)()
			near(t, "weight "+what, gotW, dw, math.Sqrt(float64(g.N*g.OH*g.OW)), 3e-6)
		})
	})
}

func FuzzPrograms(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint8(seed))
	}
	f.Fuzz(func(t *testing.T, seed uint64, kind uint8) {
		r := rand.New(rand.NewPCG(seed, 3))
		p, in := randomProgram(r)
		if size(p) > 1<<16 {
			t.Skip("too slow for the twin")
		}
		ref := make([][]float64, len(in))
		for i := range in {
			ref[i] = doubles(special(r, in[i]))
		}
		want := make([]float64, size(p))
		twin.Elementwise(p, want, ref)
		reduction := twin.ReduceKind(kind) % (twin.Maximum + 1)
		sums := make([]float64, p.Dim[2]*p.Dim[4])
		whole := p.Dim[0]*p.Dim[1] == 1
		if whole {
			twin.Reduce(reduction, p, sums, ref)
		}
		eachISA(func() {
			what := fmt.Sprintf("%s %+v", ISA(), p)
			got := Alloc(len(want))
			Elementwise(p, got, in)()
			near(t, what, got, want, 1, 1e-5)
			if whole {
				got := Alloc(len(sums))
				Reduce(reduction, p, got, in)()
				near(t, "reduced "+what, got, sums, math.Sqrt(float64(p.Dim[3])), 2e-5)
			}
		})
	})
}

func FuzzPool(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) {
		r := rand.New(rand.NewPCG(seed, 4))
		g := randomConv(r)
		g.Groups, g.K = 1, g.C
		x, dy := special(r, random(r, g.N*g.H*g.W*g.C)), special(r, random(r, g.N*g.OH*g.OW*g.C))
		y, dx := make([]float64, len(dy)), make([]float64, len(x))
		twin.MaxPool(g, doubles(x), y)
		twin.MaxUnpool(g, doubles(x), doubles(dy), dx)
		eachISA(func() {
			gotY, gotX := Alloc(len(y)), Alloc(len(x))
			MaxPool(g, x, gotY)()
			near(t, fmt.Sprintf("%s %+v", ISA(), *g), gotY, y, 1, 0)
			MaxUnpool(g, x, dy, gotX)()
			near(t, fmt.Sprintf("back %s %+v", ISA(), *g), gotX, dx, 1, 1e-6)
		})
	})
}
