package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

// A moving average and its parameter, stepped in place: on parts of the arrays, with
// constants that change between calls of one compiled program.
func TestUpdate(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		defer SetThreads(Threads())
		r := rand.New(rand.NewPCG(17, 18))
		const p, g, m, lr, beta, a = 0, 1, 2, 3, 4, 5
		code := []Instr{{Code: twin.Const, Dst: lr}, {Code: twin.Const, Dst: beta},
			{Code: twin.Sub, Dst: a, A: m, B: g}, {Code: twin.Mul, Dst: a, A: a, B: beta}, {Code: twin.Add, Dst: a, A: a, B: g},
			{Code: twin.Mul, Dst: a + 1, A: a, B: lr}, {Code: twin.Sub, Dst: a + 1, A: p, B: a + 1}}
		prog := &Program{Inputs: 3, Code: code}
		next := [MaxInputs]uint8{p: a + 1, g: g, m: a}
		for _, n := range []int{1, 15, 16, 511, 513, 1000, 16384, 50001} {
			first := [][]float32{random(r, n), random(r, n), random(r, n)}
			var bits [][]float32
			for threads := 1; threads <= 3; threads++ {
				SetThreads(threads)
				var got [][]float32
				var want [][]float64
				for _, x := range first {
					got, want = append(got, append([]float32{}, x...)), append(want, doubles(x))
				}
				call := Update(prog, next, got)
				for i, cut := range []int{0, n, n / 3} {
					code[0].Imm, code[1].Imm = float32(i+1)*0.1, 0.9/float32(i+1)
					call(cut, n)
					call(0, cut)
					twin.Update(prog, next, want)
				}
				if bits == nil {
					bits = got
				}
				for i := range got {
					near(t, fmt.Sprintf("array %d of %d", i, n), got[i], want[i], 1, 1e-6)
					near(t, fmt.Sprintf("array %d of %d, %d threads", i, n, threads), got[i], doubles(bits[i]), 0, 0)
				}
			}
		}
	})
}
