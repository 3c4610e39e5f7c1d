package kernel

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkGemm(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range [][3]int{{64, 512, 784}, {256, 256, 256}, {1024, 512, 128}, {1024, 1024, 1024}, {64, 10, 128}, {1, 64, 64}} {
		m, n, k := s[0], s[1], s[2]
		x, y, z := random(r, m*k), random(r, k*n), Alloc(m*n)
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%dx%dx%d/t%d", m, n, k, threads), func(b *testing.B) {
				SetThreads(threads)
				for b.Loop() {
					Gemm(false, false, m, n, k, x, k, y, n, z, n, false)
				}
				b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}

func BenchmarkConv(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, g := range []*Conv{
		{N: 32, H: 28, W: 28, C: 1, OH: 14, OW: 14, K: 32, KH: 4, KW: 4, SH: 2, SW: 2, PH: 1, PW: 1, DH: 1, DW: 1, Groups: 1},
		{N: 32, H: 14, W: 14, C: 32, OH: 7, OW: 7, K: 64, KH: 4, KW: 4, SH: 2, SW: 2, PH: 1, PW: 1, DH: 1, DW: 1, Groups: 1},
		{N: 64, H: 28, W: 28, C: 32, OH: 28, OW: 28, K: 64, KH: 3, KW: 3, SH: 1, SW: 1, PH: 1, PW: 1, DH: 1, DW: 1, Groups: 1},
	} {
		x, w, y := random(r, g.N*g.H*g.W*g.C), random(r, g.KH*g.KW*g.C*g.K), Alloc(g.N*g.OH*g.OW*g.K)
		for _, pass := range []struct {
			name string
			run  func()
		}{{"forward", ConvForward(g, x, w, y)}, {"input", ConvInput(g, y, w, x)}, {"weight", ConvWeight(g, x, y, w)}} {
			b.Run(fmt.Sprintf("%dx%dx%d_%d/%s", g.H, g.W, g.C, g.K, pass.name), func(b *testing.B) {
				SetThreads(2)
				for b.Loop() {
					pass.run()
				}
				b.ReportMetric(2*float64(g.N*g.OH*g.OW*g.K*g.KH*g.KW*g.C)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOPS")
			})
		}
	}
}
