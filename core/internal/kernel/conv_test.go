package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

func randomConv(r *rand.Rand) *Conv {
	for {
		groups := 1
		if r.IntN(3) == 0 {
			groups = 1 + r.IntN(3)
		}
		g := &Conv{N: 1 + r.IntN(4), H: 1 + r.IntN(14), W: 1 + r.IntN(14), C: groups * (1 + r.IntN(9)), K: groups * (1 + r.IntN(40)),
			KH: 1 + r.IntN(5), KW: 1 + r.IntN(5), SH: 1 + r.IntN(3), SW: 1 + r.IntN(3), PH: r.IntN(4), PW: r.IntN(4),
			DH: 1 + r.IntN(2), DW: 1 + r.IntN(2), Groups: groups}
		switch r.IntN(8) { // the shapes that the kernels take in another way
		case 0: // depthwise
			g.Groups = 2 + r.IntN(40)
			g.C, g.K = g.Groups, g.Groups
		case 1: // few outputs of many channels
			g.C, g.K = g.Groups*(8+r.IntN(40)), g.Groups*(1+r.IntN(4))
		case 2: // one pixel
			g.KH, g.KW, g.SH, g.SW, g.PH, g.PW = 1, 1, 1, 1, 0, 0
		case 3: // the whole image
			g.KH, g.KW, g.PH, g.PW = g.H, g.W, 0, 0
		case 4: // a sequence
			g.H, g.KH, g.PH, g.W, g.N = 1, 1, 0, 150+r.IntN(400), 1+r.IntN(2)
		case 5: // many small images
			g.N, g.H, g.W = 1+r.IntN(30), 1+r.IntN(7), 1+r.IntN(7)
		}
		g.OH = (g.H+2*g.PH-g.DH*(g.KH-1)-1)/g.SH + 1
		g.OW = (g.W+2*g.PW-g.DW*(g.KW-1)-1)/g.SW + 1
		if g.H+2*g.PH > g.DH*(g.KH-1) && g.W+2*g.PW > g.DW*(g.KW-1) {
			return g
		}
	}
}

func TestConv(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for i := range 250 {
			g := randomConv(r)
			if i == 0 { // the discriminator's second layer
				g = &Conv{N: 8, H: 14, W: 14, C: 32, OH: 7, OW: 7, K: 64, KH: 4, KW: 4, SH: 2, SW: 2, PH: 1, PW: 1, DH: 1, DW: 1, Groups: 1}
			}
			x, w, y := random(r, g.N*g.H*g.W*g.C), random(r, g.KH*g.KW*g.C/g.Groups*g.K), random(r, g.N*g.OH*g.OW*g.K)
			dy := random(r, len(y))
			scale := math.Sqrt(float64(g.KH * g.KW * g.C))
			want := make([]float64, len(y))
			twin.ConvForward(g, doubles(x), doubles(w), want)
			ConvForward(g, x, w, y)()
			near(t, fmt.Sprintf("forward %+v", *g), y, want, scale, 2e-6)

			dx := random(r, len(x))
			want = make([]float64, len(x))
			twin.ConvInput(g, doubles(dy), doubles(w), want)
			ConvInput(g, dy, w, dx)()
			near(t, fmt.Sprintf("input %+v", *g), dx, want, scale, 3e-6)

			dw := random(r, len(w))
			want = make([]float64, len(w))
			twin.ConvWeight(g, doubles(x), doubles(dy), want)
			ConvWeight(g, x, dy, dw)()
			near(t, fmt.Sprintf("weight %+v", *g), dw, want, math.Sqrt(float64(g.N*g.OH*g.OW)), 3e-6)
		}
	})
}

func TestMaxPool(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(17, 18))
		for range 60 {
			g := randomConv(r)
			x, y, dx := random(r, g.N*g.H*g.W*g.C), Alloc(g.N*g.OH*g.OW*g.C), Alloc(g.N*g.H*g.W*g.C)
			for i := range x { // ties, and now and then a NaN
				x[i] = float32(math.Round(float64(x[i]) * 2))
				if r.IntN(200) == 0 {
					x[i] = float32(math.NaN())
				}
			}
			dy, u := random(r, len(y)), random(r, len(x))
			want := make([]float64, len(y))
			twin.MaxPool(g, doubles(x), want)
			MaxPool(g, x, y)()
			near(t, fmt.Sprintf("pool %+v", *g), y, want, 0, 0)
			twin.MaxPoolTake(g, doubles(x), doubles(u), want)
			MaxPoolTake(g, x, u, y)()
			near(t, fmt.Sprintf("take %+v", *g), y, want, 0, 0)
			want = make([]float64, len(x))
			twin.MaxUnpool(g, doubles(x), doubles(dy), want)
			MaxUnpool(g, x, dy, dx)()
			near(t, fmt.Sprintf("unpool %+v", *g), dx, want, 1, 1e-6)

			g.DH, g.DW = 1, 1
			g.OH, g.OW = max(0, (g.H+2*g.PH-g.KH)/g.SH+1), max(0, (g.W+2*g.PW-g.KW)/g.SW+1)
			for _, whole := range []bool{false, true} {
				x, dy := random(r, len(x)), random(r, g.N*g.OH*g.OW*g.C)
				y := Alloc(len(dy))
				want = make([]float64, len(y))
				twin.MeanPool(g, whole, doubles(x), want)
				MeanPool(g, whole, x, y)()
				near(t, fmt.Sprintf("mean %+v", *g), y, want, 1, 1e-6)
				want = make([]float64, len(x))
				twin.MeanUnpool(g, whole, doubles(dy), want)
				MeanUnpool(g, whole, dy, dx)()
				near(t, fmt.Sprintf("mean unpool %+v", *g), dx, want, 1, 1e-6)
			}
		}
	})
}
