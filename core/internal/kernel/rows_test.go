package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

func TestRows(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(21, 22))
		for range 60 {
			rows, n := 1+r.IntN(70), 1+r.IntN(70)
			if r.IntN(6) == 0 {
				n = 1 + r.IntN(3000)
			}
			x, w, b, dy := random(r, rows*n), random(r, n), random(r, n), random(r, rows*n)
			labels := Alloc(rows)
			for i := range labels {
				labels[i] = float32(r.IntN(n + 1)) // now and then one that is none
				if r.IntN(5) == 0 {
					labels[i] = -100
				}
			}
			what := fmt.Sprintf("%dx%d", rows, n)
			X, W, B, DY, L := doubles(x), doubles(w), doubles(b), doubles(dy), doubles(labels)
			y, want := Alloc(rows*n), make([]float64, rows*n)
			for _, flag := range []bool{false, true} {
				twin.Softmax(flag, rows, n, X, want)
				Softmax(flag, rows, n, x, y)
				near(t, "softmax "+what, y, want, 0.1, 2e-6)
				sx := append([]float32{}, y...)
				twin.SoftmaxGrad(flag, rows, n, doubles(sx), DY, want)
				SoftmaxGrad(flag, rows, n, sx, dy, y)
				near(t, "softmax gradient "+what, y, want, 5, 2e-6)

				const eps = 1e-5
				for k := range 3 {
					wk, bk, WK, BK := w, b, W, B
					if k > 0 {
						bk, BK = nil, nil
					}
					if k > 1 {
						wk, WK = nil, nil
					}
					twin.Norm(flag, rows, n, eps, X, WK, BK, want)
					Norm(flag, rows, n, eps, x, wk, bk, y)
					tolerance := 1e-5
					if n < 3 { // one or two values have hardly a variance
						tolerance = 1e-3
					}
					near(t, "norm "+what, y, want, 1, tolerance)
					twin.NormDX(flag, rows, n, eps, X, WK, DY, want)
					NormDX(flag, rows, n, eps, x, wk, dy, y)
					if n >= 3 {
						near(t, "norm dx "+what, y, want, 3, 2e-5)
					}
				}
				out, sums := Alloc(2*n), make([]float64, 2*n)
				twin.NormDWB(flag, rows, n, eps, X, DY, sums)
				NormDWB(flag, rows, n, eps, x, dy, out)
				near(t, "norm dwb "+what, out, sums, math.Sqrt(float64(rows)), 1e-4)
			}
			for _, s := range []float32{0, 0.1} {
				loss, exact := Alloc(rows), make([]float64, rows)
				twin.CrossEntropy(rows, n, s, X, L, exact)
				CrossEntropy(rows, n, s, x, labels, loss)
				near(t, "cross entropy "+what, loss, exact, 1, 3e-6)
				g := random(r, rows)
				twin.CrossEntropyGrad(rows, n, s, X, L, doubles(g), want)
				CrossEntropyGrad(rows, n, s, x, labels, g, y)
				near(t, "cross entropy gradient "+what, y, want, 1, 2e-6)
			}
			v := 1 + r.IntN(20)
			index := Alloc(rows)
			for i := range index {
				index[i] = float32(r.IntN(v+2) - 1)
			}
			e := random(r, v*n)
			twin.Gather(v, rows, n, doubles(e), doubles(index), want)
			Gather(v, rows, n, e, index, y)
			near(t, "gather "+what, y, want, 0, 0)
			sum, exact := Alloc(v*n), make([]float64, v*n)
			twin.ScatterAdd(v, rows, n, doubles(index), DY, exact)
			ScatterAdd(v, rows, n, index, dy, sum)
			near(t, "scatter "+what, sum, exact, 3, 1e-6)
		}
	})
}

func TestRowsSpecial(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	everyISA(t, func(t *testing.T) {
		for _, x := range [][]float32{{-inf, 0, 1}, {-inf, -inf, -inf}, {nan, 1, 2}, {1, 2, nan}, {1000, -1000, 999}, {-inf}} {
			y, want := Alloc(len(x)), make([]float64, len(x))
			for _, log := range []bool{false, true} {
				twin.Softmax(log, 1, len(x), doubles(x), want)
				Softmax(log, 1, len(x), x, y)
				near(t, fmt.Sprint("softmax ", log, x), y, want, 1, 1e-6)
			}
		}
	})
}
