package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

func random(r *rand.Rand, n int) []float32 {
	v := Alloc(n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func doubles(v []float32) []float64 {
	d := make([]float64, len(v))
	for i := range v {
		d[i] = float64(v[i])
	}
	return d
}

// near fails unless got is want within rel of the largest magnitude involved.
func near(t *testing.T, what string, got []float32, want []float64, scale, rel float64) {
	t.Helper()
	for i := range want {
		g, w := float64(got[i]), want[i]
		if math.IsNaN(g) && math.IsNaN(w) || g == w {
			continue
		}
		if !(math.Abs(g-w) <= rel*(scale+math.Abs(w))) {
			t.Fatalf("%s: element %d is %v, want %v", what, i, g, w)
		}
	}
}

// everyISA runs f once for each instruction set of this machine.
func everyISA(t *testing.T, f func(t *testing.T)) {
	start := ISA()
	defer UseISA(start)
	ran := 0
	for _, name := range []string{"avx512", "avx2", "sse2", "neon", "go"} {
		if UseISA(name) {
			ran++
			t.Run(name, f)
		}
	}
	if ran == 0 {
		t.Fatal("no instruction set")
	}
}

func TestCopyStrided(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for range 100 {
		dim := [MaxDims]int{1, 1 + r.IntN(3), 1 + r.IntN(4), 1 + r.IntN(30), 1 + r.IntN(30)}
		var to, from Layout
		for i, layout := range []*Layout{&to, &from} {
			n := 1
			order := r.Perm(MaxDims)
			if i == 0 {
				order = []int{4, 3, 2, 1, 0}
			}
			for _, d := range order {
				layout.Stride[d] = n
				if i == 1 && d%2 == 0 { // backwards
					layout.Stride[d] = -n
					layout.Offset += n * (dim[d] - 1)
				}
				n *= dim[d]
			}
		}
		n := dim[0] * dim[1] * dim[2] * dim[3] * dim[4]
		in, out, want := random(r, n), Alloc(n), make([]float64, n)
		twin.CopyStrided(dim, to, want, from, doubles(in))
		CopyStrided(dim, to, out, from, in)()
		near(t, fmt.Sprint(dim, to, from), out, want, 0, 0)
	}
}

func TestUniform(t *testing.T) {
	// Known answers of Philox 4x32-10 from Random123: counter and key 0, and the digits of pi.
	out := make([]float64, 4)
	twin.Uniform(0, 0.0, out)
	for i, want := range []uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8} {
		if out[i] != float64(want>>8)/(1<<24) {
			t.Errorf("number %d is %v", i, out[i])
		}
	}
	for _, n := range []int{1, 5, 1000, 70001} {
		got, want := Alloc(n), make([]float64, n)
		Uniform(1<<40+7, 12, got)
		twin.Uniform(1<<40+7, 12.0, want)
		near(t, "uniform", got, want, 0, 0)
	}
}

func TestAdam(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(13, 14))
		for _, n := range []int{1, 15, 16, 1000, 50000} {
			for _, decoupled := range []bool{false, true} {
				p, m, v, g := random(r, n), random(r, n), random(r, n), random(r, n)
				for i := range v {
					v[i] *= v[i]
				}
				p2, m2, v2 := append([]float32{}, p...), append([]float32{}, m...), append([]float32{}, v...)
				c := AdamConfig{LR: 1e-3, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1, Decoupled: decoupled, Bias1: 0.1, Bias2: 0.001}
				Adam(p, m, v, g, c)
				twin.Adam(p2, m2, v2, g, c)
				near(t, "p", p, doubles(p2), 1, 1e-6)
				near(t, "m", m, doubles(m2), 1, 1e-6)
				near(t, "v", v, doubles(v2), 1, 1e-6)
			}
		}
	})
}

// TestThreads: the same bits on one, two and three threads.
func TestThreads(t *testing.T) {
	defer SetThreads(Threads())
	r := rand.New(rand.NewPCG(15, 16))
	g := &Conv{N: 9, H: 15, W: 13, C: 17, OH: 8, OW: 7, K: 40, KH: 3, KW: 3, SH: 2, SW: 2, PH: 1, PW: 1, DH: 1, DW: 1, Groups: 1}
	x, w, y := random(r, g.N*g.H*g.W*g.C), random(r, 9*g.C*g.K), Alloc(g.N*g.OH*g.OW*g.K)
	a, b, c := random(r, 130*700), random(r, 700*210), Alloc(130*210)
	sums := single(twin.Tanh, 0, 100000)
	sums.Dim, sums.Stride[0] = [MaxDims]int{1, 1, 1, 100000, 1}, [MaxDims]int{0, 0, 0, 1, 0}
	long, total := random(r, 100000), Alloc(1)
	var want []float32
	for threads := 1; threads <= 3; threads++ {
		SetThreads(threads)
		for range 5 {
			dx, dw := Alloc(len(x)), Alloc(len(w))
			ConvForward(g, x, w, y)()
			ConvInput(g, y, w, dx)()
			ConvWeight(g, x, y, dw)()
			Gemm(false, false, 130, 210, 700, a, 700, b, 210, c, 210, false)
			Reduce(twin.Sum, sums, total, [][]float32{long})()
			got := append(append(append(append(append([]float32{}, y...), dx...), dw...), c...), total...)
			if want == nil {
				want = got
			}
			for i := range got {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("%d threads: value %d is %v, with one thread %v", threads, i, got[i], want[i])
				}
			}
		}
	}
}

// Denormal numbers are zero in kernels, on every thread; outside they are what they are.
func TestDenormals(t *testing.T) {
	defer SetThreads(Threads())
	everyISA(t, func(t *testing.T) {
		if ISA() == "go" {
			t.Skip("plain Go computes with them")
		}
		SetThreads(3)
		const n = 100000
		tiny, out := Alloc(n), Alloc(n)
		for i := range tiny {
			tiny[i] = 1e-40
		}
		p := single(twin.Mul, 0, n)
		one := Alloc(n)
		for i := range one {
			one[i] = 1
		}
		Elementwise(p, out, [][]float32{tiny, one})()
		for i, v := range out {
			if v != 0 {
				t.Fatalf("element %d is %v", i, v)
			}
		}
		if x := tiny[0] * one[0]; x == 0 {
			t.Error("denormals are gone from Go")
		}
	})
}
