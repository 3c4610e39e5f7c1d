package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

func TestAttention(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(31, 32))
		for range 60 {
			g := &Attention{B: 1 + r.IntN(3), H: 1 + r.IntN(3), T: 1 + r.IntN(40), S: 1 + r.IntN(40), D: 1 + r.IntN(20), Causal: r.IntN(2) == 0}
			if r.IntN(4) == 0 {
				g.T, g.S = 60+r.IntN(100), 60+r.IntN(100)
			}
			if r.IntN(2) == 0 {
				g.Window = 1 + r.IntN(20)
			}
			g.Offset = r.IntN(5)
			g.Scale = float32(1 / math.Sqrt(float64(g.D)))
			g.QStep, g.KVStep = g.H*g.D*(1+r.IntN(2)), g.H*g.D*(2+r.IntN(2))
			g.DQStep, g.DKVStep = g.QStep, g.KVStep
			q, kv, dout := random(r, g.B*g.T*g.QStep), random(r, g.B*g.S*g.KVStep), random(r, g.B*g.T*g.H*g.D)
			k, v := kv, kv[g.H*g.D:]
			var mask []float32
			var exact []float64
			if r.IntN(2) == 0 {
				mask = Alloc(g.B * g.S)
				for i := range mask {
					mask[i] = 1
					if r.IntN(4) == 0 && i%g.S > 0 { // key 0 stays: a query without keys gives NaN
						mask[i] = 0
					}
				}
				if g.Window > 0 || g.Offset > 0 {
					mask = nil
				} else {
					exact = doubles(mask)
				}
			}
			what := fmt.Sprintf("%+v masked %v", *g, mask != nil)
			out, want := Alloc(len(dout)), make([]float64, len(dout))
			twin.AttentionForward(g, doubles(q), doubles(k), doubles(v), exact, want)
			AttentionForward(g, q, k, v, mask, out)()
			near(t, "forward "+what, out, want, 1, 3e-6)

			dq, dkv := random(r, len(q)), random(r, len(kv))
			wq, wkv := doubles(dq), doubles(dkv)
			twin.AttentionBackward(g, doubles(q), doubles(k), doubles(v), exact, doubles(dout), wq, wkv, wkv[g.H*g.D:])
			AttentionBackward(g, q, k, v, mask, dout, dq, dkv, dkv[g.H*g.D:])()
			near(t, "dq "+what, dq, wq, 5, 1e-5)
			near(t, "dkv "+what, dkv, wkv, 5, 1e-5)
		}
	})
}
