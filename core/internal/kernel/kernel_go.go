//go:build !cgo || purego

package kernel

import (
	"unsafe"

	"lab/core/internal/kernel/twin"
)

// UseISA reports whether name is "go", the only set of this build.
func UseISA(name string) bool { return name == "go" || name == "" }

// ISA is "go": plain loops.
func ISA() string { return "go" }

// SetThreads does nothing: this build computes on the calling goroutine.
func SetThreads(int) {}

// Threads is 1.
func Threads() int { return 1 }

func address(s []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }

// Gemm: see [twin.Gemm].
func Gemm(ta, tb bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	twin.Gemm(ta, tb, m, n, k, a, lda, b, ldb, c, ldc, accumulate)
}

// GemmBatch: see [twin.GemmBatch].
func GemmBatch(ta, tb bool, batch, m, n, k int, a, b, c []float32) {
	twin.GemmBatch(ta, tb, batch, m, n, k, a, b, c)
}

// Elementwise returns a call; see [twin.Elementwise].
func Elementwise(p *Program, out []float32, in [][]float32) func() {
	return func() { twin.Elementwise(p, out, in) }
}

// Update returns a call that steps the elements lo to hi; see [twin.Update].
func Update(p *Program, next [MaxInputs]uint8, arrays [][]float32) func(lo, hi int) {
	return func(lo, hi int) {
		var part [MaxInputs][]float32
		for i, a := range arrays {
			part[i] = a[lo:hi]
		}
		twin.Update(p, next, part[:len(arrays)])
	}
}

// Reduce returns a call; see [twin.Reduce].
func Reduce(kind ReduceKind, p *Program, out []float32, in [][]float32) func() {
	return func() { twin.Reduce(kind, p, out, in) }
}

// GemmThen returns a call; see [twin.GemmThen].
func GemmThen(ta, tb bool, m, n, k int, a []float32, lda int, b []float32, ldb int, out []float32, then *Program, in [][]float32) func() {
	return func() { twin.GemmThen(ta, tb, m, n, k, a, lda, b, ldb, out, then, in) }
}

// ConvThen returns a call; see [twin.GemmThen].
func ConvThen(input bool, g *Conv, x, w, out []float32, then *Program, in [][]float32) func() {
	return func() {
		if input {
			twin.ConvInput(g, x, w, out)
		} else {
			twin.ConvForward(g, x, w, out)
		}
		twin.Then(then, out, in)
	}
}

// ConvForward returns a call; see [twin.ConvForward].
func ConvForward(g *Conv, x, w, y []float32) func() {
	return func() { twin.ConvForward(g, x, w, y) }
}

// ConvInput returns a call; see [twin.ConvInput].
func ConvInput(g *Conv, dy, w, dx []float32) func() {
	return func() { twin.ConvInput(g, dy, w, dx) }
}

// ConvWeight returns a call; see [twin.ConvWeight].
func ConvWeight(g *Conv, x, dy, dw []float32) func() {
	return func() { twin.ConvWeight(g, x, dy, dw) }
}

// MaxPool returns a call; see [twin.MaxPool].
func MaxPool(g *Conv, x, y []float32) func() { return func() { twin.MaxPool(g, x, y) } }

// MaxUnpool returns a call; see [twin.MaxUnpool].
func MaxUnpool(g *Conv, x, dy, dx []float32) func() { return func() { twin.MaxUnpool(g, x, dy, dx) } }

// MaxPoolTake returns a call; see [twin.MaxPoolTake].
func MaxPoolTake(g *Conv, x, u, y []float32) func() { return func() { twin.MaxPoolTake(g, x, u, y) } }

// MeanPool returns a call; see [twin.MeanPool].
func MeanPool(g *Conv, whole bool, x, y []float32) func() {
	return func() { twin.MeanPool(g, whole, x, y) }
}

// MeanUnpool returns a call; see [twin.MeanUnpool].
func MeanUnpool(g *Conv, whole bool, dy, dx []float32) func() {
	return func() { twin.MeanUnpool(g, whole, dy, dx) }
}

// Uniform: see [twin.Uniform].
func Uniform(seed uint64, step float32, out []float32) { twin.Uniform(seed, step, out) }

// CopyStrided returns a call; see [twin.CopyStrided].
func CopyStrided(dim [MaxDims]int, to Layout, out []float32, from Layout, in []float32) func() {
	return func() { twin.CopyStrided(dim, to, out, from, in) }
}

// Adam: see [twin.Adam].
func Adam(p, m, v, g []float32, c AdamConfig) { twin.Adam(p, m, v, g, c) }
