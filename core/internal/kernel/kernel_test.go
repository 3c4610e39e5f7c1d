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

// single is the program of one instruction over n elements, all inputs dense.
func single(code Code, imm float32, n int) *Program {
	p := &Program{Inputs: code.Arity(), Dim: [MaxDims]int{1, 1, 1, 1, n}}
	for i := range p.Inputs {
		p.Stride[i][MaxDims-1] = 1
	}
	p.Code = []Instr{{Code: code, Dst: uint8(p.Inputs), A: 0, B: 1, C: 2, Imm: imm}}
	return p
}

func TestEveryCode(t *testing.T) {
	special := []float32{0, float32(math.Copysign(0, -1)), 1, -1, 0.5, -0.5, 1e-30, -1e-30, 1e-37, 3.4e38, -3.4e38, 88.7, -87, 89, -104, 20, -20, 0.62, 0.63, 2.5, -2.5,
		float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()), 1 << 24, 8388609, -7.25}
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for code := twin.Copy; code < twin.CodeCount; code++ {
			for _, n := range []int{1, 7, 16, 100, 511, 512, 513, 1500, 40000} {
				in := make([][]float32, code.Arity())
				ref := make([][]float64, code.Arity())
				for i := range in {
					in[i] = random(r, n)
					for j := range in[i] {
						switch {
						case n == 1500:
							in[i][j] = special[r.IntN(len(special))]
						case code == twin.Log || code == twin.Sqrt || code == twin.Rsqrt || code == twin.Pow && i == 0,
							code == twin.AddScaled: // no cancellation
							in[i][j] = float32(math.Abs(float64(in[i][j]))) + 1e-3
						case n == 40000:
							in[i][j] *= 20
						}
					}
					ref[i] = doubles(in[i])
				}
				if n == 40000 && code == twin.Pow {
					continue // overflows on purpose elsewhere
				}
				p, out, want := single(code, 0.3, n), Alloc(n), make([]float32, n)
				exact := make([]float64, n)
				twin.Elementwise(p, exact, ref)
				twin.Elementwise(p, want, in)
				Elementwise(p, out, in)()
				for j := range want {
					e, g := exact[j], float64(out[j])
					if math.Abs(e) > math.MaxFloat32 || math.Abs(e) < 1.2e-38 && e != 0 { // not normal in float32: the twin in float32 decides
						e = float64(want[j])
					}
					if math.IsNaN(e) && math.IsNaN(g) || e == g || math.Abs(e-g) <= 1e-6*math.Abs(e)+2e-38 {
						continue
					}
					switch code { // sums of terms near 1, as in PyTorch: a far tail has no digits of its own
					case twin.Gelu, twin.GeluTanh:
						if math.Abs(e-g) <= 2e-7*math.Abs(float64(in[0][j])) {
							continue
						}
					case twin.GeluGate, twin.GeluTanhGate:
						if math.Abs(e-g) <= 2e-7*math.Abs(float64(in[1][j])) {
							continue
						}
					}
					var args []float32
					for i := range in {
						args = append(args, in[i][j])
					}
					t.Fatalf("%v%v = %v, want %v (n=%d, element %d)", code, args, out[j], e, n, j)
				}
			}
		}
	})
}

// randomProgram builds a chain over a random space with every kind of stride.
func randomProgram(r *rand.Rand) (*Program, [][]float32) {
	p := &Program{Inputs: 1 + r.IntN(4), Dim: [MaxDims]int{1, 1, 1, 1, 1}}
	dims := 1 + r.IntN(4)
	for d := MaxDims - dims; d < MaxDims; d++ {
		p.Dim[d] = 1 + r.IntN(12)
		if r.IntN(8) == 0 {
			p.Dim[d] = 1 + r.IntN(700)
		}
	}
	in := make([][]float32, p.Inputs)
	for i := range in {
		n := 1
		for d := MaxDims - 1; d >= 0; d-- {
			if i == 0 || r.IntN(3) > 0 {
				p.Stride[i][d] = n
				n *= p.Dim[d]
			}
			if d == MaxDims-1 && p.Stride[i][d] == 0 {
				n = 1
			}
		}
		in[i] = random(r, n)
	}
	codes := []Code{twin.Add, twin.Sub, twin.Mul, twin.Tanh, twin.Relu, twin.Gate, twin.Where, twin.Sigmoid, twin.Max}
	next := p.Inputs
	if r.IntN(2) == 0 {
		p.Code = append(p.Code, Instr{Code: twin.Const, Dst: uint8(next), Imm: 0.7})
		next++
	}
	for range 1 + r.IntN(6) {
		op := func() uint8 { return uint8(r.IntN(next)) }
		p.Code = append(p.Code, Instr{Code: codes[r.IntN(len(codes))], Dst: uint8(next), A: op(), B: op(), C: op()})
		next++
	}
	return p, in
}

func size(p *Program) int {
	n := 1
	for _, d := range p.Dim {
		n *= d
	}
	return n
}

func TestPrograms(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for range 400 {
			p, in := randomProgram(r)
			if size(p) > 1<<18 {
				continue
			}
			ref := make([][]float64, len(in))
			for i := range in {
				ref[i] = doubles(in[i])
			}
			out, want := Alloc(size(p)), make([]float64, size(p))
			twin.Elementwise(p, want, ref)
			Elementwise(p, out, in)()
			near(t, fmt.Sprintf("%+v", p), out, want, 1, 1e-5)
			if p.Stride[0][MaxDims-1] == 1 || p.Dim[MaxDims-1] == 1 { // over its own dense input
				Elementwise(p, in[0], in)()
				near(t, fmt.Sprintf("in place %+v", p), in[0], want, 1, 1e-5)
			}
		}
	})
}

func TestReduce(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		for n := range 120 {
			p, in := randomProgram(r)
			a, rr, b := 1+r.IntN(20), 1+r.IntN(200), 1+r.IntN(70)
			switch n % 4 {
			case 0:
				b = 1
			case 1:
				a, b, rr = 1, 1, 1+r.IntN(60000)
			case 2:
				a, b, rr = 1, 1+r.IntN(64), 1+r.IntN(1500)
			}
			p.Dim = [MaxDims]int{1, 1, a, rr, b}
			for i := range in {
				mask := r.IntN(8)
				p.Stride[i] = [MaxDims]int{}
				n := 1
				for d := MaxDims - 1; d >= 2; d-- {
					if mask>>(d-2)&1 == 1 || i == 0 {
						p.Stride[i][d] = n
						n *= p.Dim[d]
					}
				}
				in[i] = random(r, n)
			}
			ref := make([][]float64, len(in))
			for i := range in {
				ref[i] = doubles(in[i])
			}
			for kind := range twin.Maximum + 1 {
				out, want := Alloc(a*b), make([]float64, a*b)
				twin.Reduce(kind, p, want, ref)
				Reduce(kind, p, out, in)()
				near(t, fmt.Sprintf("kind %d %+v", kind, p), out, want, math.Sqrt(float64(rr)), 1e-5)
			}
		}
	})
}

func TestReduceSpecial(t *testing.T) {
	everyISA(t, func(t *testing.T) {
		nan, inf := float32(math.NaN()), float32(math.Inf(1))
		for _, n := range []int{1, 5, 40, 1000} {
			for pos := range min(n, 40) {
				x := Alloc(n)
				for _, v := range []float32{nan, inf, -inf} {
					clear(x)
					x[pos] = v
					p := single(twin.Copy, 0, n)
					p.Dim = [MaxDims]int{1, 1, 1, n, 1}
					p.Stride[0] = [MaxDims]int{0, 0, 0, 1, 0}
					out := Alloc(1)
					for kind := range twin.Maximum + 1 {
						want := make([]float64, 1)
						twin.Reduce(kind, p, want, [][]float64{doubles(x)})
						Reduce(kind, p, out, [][]float32{x})()
						near(t, fmt.Sprint("special ", kind, n, pos, v), out, want, 1, 1e-6)
					}
				}
			}
		}
	})
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
