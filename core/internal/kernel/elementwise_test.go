package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"lab/core/internal/kernel/twin"
)

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
