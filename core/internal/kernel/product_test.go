package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

func TestGemm(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		sizes := [][3]int{{1, 1, 1}, {1, 64, 64}, {3, 5, 7}, {6, 16, 300}, {13, 33, 65}, {64, 10, 128}, {100, 1, 50}, {65, 129, 331}, {5, 4100, 3}, {128, 96, 1024}, {200, 40, 0},
			{512, 48, 40}, {20, 512, 64}, {1, 700, 130}, {300, 300, 330}}
		for range 12 {
			sizes = append(sizes, [3]int{1 + r.IntN(90), 1 + r.IntN(90), 1 + r.IntN(400)})
		}
		for _, s := range sizes {
			m, n, k := s[0], s[1], s[2]
			for flags := range 8 {
				ta, tb, acc := flags&1 != 0, flags&2 != 0, flags&4 != 0
				pad := r.IntN(3)
				lda, ldb, ldc := k+pad, n+pad, n+pad
				ra, rb := m, k
				if ta {
					lda, ra = m+pad, k
				}
				if tb {
					ldb, rb = k+pad, n
				}
				a, b, c := random(r, ra*lda), random(r, rb*ldb), random(r, m*ldc)
				want := doubles(c)
				twin.Gemm(ta, tb, m, n, k, doubles(a), lda, doubles(b), ldb, want, ldc, acc)
				Gemm(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, acc)
				near(t, fmt.Sprintf("%dx%dx%d ta=%v tb=%v acc=%v", m, n, k, ta, tb, acc), c, want, math.Sqrt(float64(k)), 4e-6)
			}
		}
	})
}

// A batch is its products one by one, on any number of threads.
func TestGemmBatch(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, s := range [][4]int{{1, 20, 30, 40}, {16, 10, 40, 40}, {16, 10, 1, 40}, {300, 1, 8, 3}, {3, 150, 90, 70}, {7, 64, 64, 64}, {5, 4, 4, 0}, {0, 4, 4, 4}} {
			batch, m, n, k := s[0], s[1], s[2], s[3]
			a, b := random(r, batch*m*k), random(r, batch*k*n)
			for flags := range 4 {
				ta, tb := flags&1 != 0, flags&2 != 0
				want := make([]float64, batch*m*n)
				twin.GemmBatch(ta, tb, batch, m, n, k, doubles(a), doubles(b), want)
				for _, threads := range []int{1, 3} {
					SetThreads(threads)
					c := random(r, batch*m*n)
					GemmBatch(ta, tb, batch, m, n, k, a, b, c)
					near(t, fmt.Sprintf("%v ta=%v tb=%v, %d threads", s, ta, tb, threads), c, want, math.Sqrt(float64(k)), 4e-6)
				}
			}
		}
		SetThreads(1)
	})
}

// randomEpilogue is a program over [rows, cols] with a bias, and a residual if full.
func randomEpilogue(r *rand.Rand, rows, cols int, full bool) (*Program, [][]float32) {
	p := &Program{Inputs: 2, Dim: [MaxDims]int{1, 1, 1, rows, cols}}
	p.Stride[0] = [MaxDims]int{0, 0, 0, cols, 1}
	p.Stride[1] = [MaxDims]int{0, 0, 0, 0, 1}
	in := [][]float32{nil, random(r, cols)}
	p.Code = []Instr{{Code: twin.Const, Dst: 2, Imm: 0.5}, {Code: twin.Add, Dst: 3, A: 0, B: 1}, {Code: twin.Tanh, Dst: 4, A: 3}, {Code: twin.Mul, Dst: 5, A: 4, B: 2}}
	if full {
		p.Inputs, p.Stride[2] = 3, p.Stride[0]
		in = append(in, random(r, rows*cols))
		p.Code = []Instr{{Code: twin.Add, Dst: 3, A: 0, B: 1}, {Code: twin.Relu, Dst: 4, A: 3}, {Code: twin.Add, Dst: 5, A: 4, B: 2}}
	}
	return p, in
}

func TestEpilogue(t *testing.T) {
	defer SetThreads(Threads())
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(51, 52))
		for i := range 60 {
			SetThreads(1 + i%3)
			m, n, k := 1+r.IntN(300), 1+r.IntN(100), r.IntN(400)
			a, b, c := random(r, m*k), random(r, k*n), Alloc(m*n)
			then, in := randomEpilogue(r, m, n, i%2 == 0)
			ref, want := make([][]float64, len(in)), make([]float64, m*n)
			for j := range in {
				ref[j] = doubles(in[j])
			}
			twin.GemmThen(false, false, m, n, k, doubles(a), k, doubles(b), n, want, then, ref)
			GemmThen(false, false, m, n, k, a, k, b, n, c, then, in)()
			near(t, fmt.Sprintf("%dx%dx%d", m, n, k), c, want, math.Sqrt(float64(k+1)), 4e-6)

			g := randomConv(r)
			x, w, y := random(r, g.N*g.H*g.W*g.C), random(r, g.KH*g.KW*g.C/g.Groups*g.K), Alloc(g.N*g.OH*g.OW*g.K)
			then, in = randomEpilogue(r, g.N*g.OH*g.OW, g.K, i%2 == 0)
			ref, want = make([][]float64, len(in)), make([]float64, len(y))
			for j := range in {
				ref[j] = doubles(in[j])
			}
			twin.ConvForward(g, doubles(x), doubles(w), want)
			twin.Then(then, want, ref)
			ConvThen(false, g, x, w, y, then, in)()
			near(t, fmt.Sprintf("conv %+v", *g), y, want, math.Sqrt(float64(g.KH*g.KW*g.C)), 3e-6)

			then, in = randomEpilogue(r, g.N*g.H*g.W, g.C, i%2 == 1)
			ref, want = make([][]float64, len(in)), make([]float64, len(x))
			for j := range in {
				ref[j] = doubles(in[j])
			}
			twin.ConvInput(g, doubles(y), doubles(w), want)
			twin.Then(then, want, ref)
			dx := Alloc(len(x))
			ConvThen(true, g, y, w, dx, then, in)()
			near(t, fmt.Sprintf("conv input %+v", *g), dx, want, math.Sqrt(float64(g.KH*g.KW*g.K)), 1e-5)
		}
	})
}
