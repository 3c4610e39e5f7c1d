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
			switch r.IntN(4) {
			case 0:
				g.T, g.S = 60+r.IntN(100), 60+r.IntN(100)
			case 1:
				g.T = 1
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
					if r.IntN(4) == 0 || i/g.S == 1 { // nothing is seen of the second sequence
						mask[i] = 0
					}
				}
				exact = doubles(mask)
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

func TestLSTM(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(41, 42))
		for range 25 {
			steps, b, h := 1+r.IntN(7), 1+r.IntN(20), 1+r.IntN(40)
			xg, wh, h0, c0 := random(r, steps*b*4*h), random(r, h*4*h), random(r, b*h), random(r, b*h)
			for i := range wh {
				wh[i] *= 0.3
			}
			out, want := Alloc(steps*b*6*h), make([]float64, steps*b*6*h)
			twin.LSTMForward(steps, b, h, doubles(xg), doubles(wh), doubles(h0), doubles(c0), want)
			LSTMForward(steps, b, h, xg, wh, h0, c0, out)
			what := fmt.Sprintf("t=%d b=%d h=%d", steps, b, h)
			near(t, "forward "+what, out, want, 1, 1e-5)
			dout := random(r, len(out))
			if r.IntN(2) == 0 {
				dout = dout[:steps*b*h]
			}
			dx, dh0, dc0 := Alloc(len(xg)), Alloc(b*h), Alloc(b*h)
			wx, wh0, wc0 := make([]float64, len(xg)), make([]float64, b*h), make([]float64, b*h)
			twin.LSTMBackward(steps, b, h, doubles(wh), doubles(c0), doubles(out), doubles(dout), wx, wh0, wc0)
			LSTMBackward(steps, b, h, wh, c0, out, dout, dx, dh0, dc0)
			near(t, "dx "+what, dx, wx, 5, 1e-5)
			near(t, "dh0 "+what, dh0, wh0, 5, 1e-5)
			near(t, "dc0 "+what, dc0, wc0, 5, 1e-5)
		}
	})
}
