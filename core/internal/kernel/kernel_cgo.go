//go:build cgo && !purego

package kernel

/*
#cgo CFLAGS: -O3 -Wno-psabi
#cgo LDFLAGS: -lm -lpthread
#include <stdlib.h>
#include "kernel.h"
#cgo noescape lab_gemm
#cgo nocallback lab_gemm
#cgo noescape lab_gemm_batch
#cgo nocallback lab_gemm_batch
#cgo noescape lab_gemm_then
#cgo nocallback lab_gemm_then
#cgo noescape lab_conv_then
#cgo nocallback lab_conv_then
#cgo noescape lab_elementwise
#cgo nocallback lab_elementwise
#cgo noescape lab_update
#cgo nocallback lab_update
#cgo noescape lab_reduce
#cgo nocallback lab_reduce
#cgo noescape lab_copy
#cgo nocallback lab_copy
#cgo noescape lab_conv_forward
#cgo nocallback lab_conv_forward
#cgo noescape lab_conv_input
#cgo nocallback lab_conv_input
#cgo noescape lab_conv_weight
#cgo nocallback lab_conv_weight
#cgo noescape lab_max_pool
#cgo nocallback lab_max_pool
#cgo noescape lab_mean_pool
#cgo nocallback lab_mean_pool
#cgo noescape lab_uniform
#cgo nocallback lab_uniform
#cgo noescape lab_adam
#cgo nocallback lab_adam
*/
import "C"

import (
	"os"
	"unsafe"
)

func init() {
	name := C.CString(os.Getenv("LAB_ISA")) // "avx512", "avx2", "sse2", "neon"; the best there is when unset
	defer C.free(unsafe.Pointer(name))
	if C.lab_use_isa(name) == 0 {
		empty := C.CString("")
		defer C.free(unsafe.Pointer(empty))
		C.lab_use_isa(empty)
	}
}

// UseISA switches to the named instruction set and reports whether the CPU has
// it. Not while kernels run.
func UseISA(name string) bool {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.lab_use_isa(s) != 0
}

// ISA is the instruction set in use: "avx512", "avx2", "sse2" or "neon"; "go"
// under -tags purego. The environment variable LAB_ISA chooses another at start.
func ISA() string { return C.GoString(C.lab_isa_name()) }

// SetThreads sets how many threads the kernels use, 1 to 64.
func SetThreads(n int) { C.lab_set_threads(C.int(n)) }

// Threads is the number of threads in use.
func Threads() int { return int(C.lab_threads()) }

func address(s []float32) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(s))) }

func ptr(s []float32) *C.float { return (*C.float)(unsafe.SliceData(s)) }

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// Gemm: see [twin.Gemm].
func Gemm(ta, tb bool, m, n, k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int, accumulate bool) {
	C.lab_gemm(flag(ta), flag(tb), C.long(m), C.long(n), C.long(k), ptr(a), C.long(lda), ptr(b), C.long(ldb),
		ptr(c), C.long(ldc), flag(accumulate))
}

// GemmBatch: see [twin.GemmBatch].
func GemmBatch(ta, tb bool, batch, m, n, k int, a, b, c []float32) {
	C.lab_gemm_batch(flag(ta), flag(tb), C.long(batch), C.long(m), C.long(n), C.long(k), ptr(a), ptr(b), ptr(c))
}

// cProgram is a program as C reads it.
type cProgram struct {
	p    C.lab_program
	code []Instr
}

func compile(p *Program) *cProgram {
	c := &cProgram{code: p.Code}
	c.p.inputs, c.p.len = C.int(p.Inputs), C.int(len(p.Code))
	for d := range p.Dim {
		c.p.dim[d] = C.long(p.Dim[d])
		for i := range p.Stride {
			c.p.stride[i][d] = C.long(p.Stride[i][d])
		}
	}
	return c
}

func (c *cProgram) instr() *C.lab_instr {
	return (*C.lab_instr)(unsafe.Pointer(unsafe.SliceData(c.code)))
}

// Elementwise returns a call that computes the program from in to out; see
// [twin.Elementwise]. out may be one of the inputs that is read densely.
func Elementwise(p *Program, out []float32, in [][]float32) func() {
	c, i := compile(p), inputs(in)
	return func() {
		C.lab_elementwise(&c.p, c.instr(), ptr(out), ptr(i[0]), ptr(i[1]), ptr(i[2]), ptr(i[3]), ptr(i[4]), ptr(i[5]), ptr(i[6]), ptr(i[7]))
	}
}

// Update returns a call that steps the elements lo to hi of the arrays; see
// [twin.Update]. The code's constants are read at every call: they may be changed
// in between.
func Update(p *Program, next [MaxInputs]uint8, arrays [][]float32) func(lo, hi int) {
	c, a := compile(p), inputs(arrays)
	return func(lo, hi int) {
		var at [MaxInputs]*C.float
		for i := range arrays {
			at[i] = ptr(a[i][lo:hi])
		}
		C.lab_update(&c.p, c.instr(), (*C.uint8_t)(&next[0]), C.long(hi-lo), at[0], at[1], at[2], at[3], at[4], at[5], at[6], at[7])
	}
}

// Reduce returns a call that reduces the program's values; see [twin.Reduce].
func Reduce(kind ReduceKind, p *Program, out []float32, in [][]float32) func() {
	c, i := compile(p), inputs(in)
	return func() {
		C.lab_reduce(C.int(kind), &c.p, c.instr(), ptr(out), ptr(i[0]), ptr(i[1]), ptr(i[2]), ptr(i[3]), ptr(i[4]), ptr(i[5]), ptr(i[6]), ptr(i[7]))
	}
}

func inputs(in [][]float32) (a [MaxInputs][]float32) {
	copy(a[:], in)
	return a
}

// GemmThen returns a call that computes a product into c, which is dense, and applies
// the program to it while it is in cache; see [twin.GemmThen].
func GemmThen(ta, tb bool, m, n, k int, a []float32, lda int, b []float32, ldb int, out []float32, then *Program, in [][]float32) func() {
	p, i := compile(then), inputs(in)
	return func() {
		C.lab_gemm_then(flag(ta), flag(tb), C.long(m), C.long(n), C.long(k), ptr(a), C.long(lda), ptr(b), C.long(ldb), ptr(out),
			&p.p, p.instr(), ptr(i[1]), ptr(i[2]), ptr(i[3]), ptr(i[4]), ptr(i[5]), ptr(i[6]), ptr(i[7]))
	}
}

// ConvThen is GemmThen for a convolution forward or to the input.
func ConvThen(input bool, g *Conv, x, w, out []float32, then *Program, in [][]float32) func() {
	c, p, i := conv(g), compile(then), inputs(in)
	return func() {
		C.lab_conv_then(flag(input), c, ptr(x), ptr(w), ptr(out), &p.p, p.instr(), ptr(i[1]), ptr(i[2]), ptr(i[3]), ptr(i[4]), ptr(i[5]), ptr(i[6]), ptr(i[7]))
	}
}

func conv(g *Conv) *C.lab_conv {
	return &C.lab_conv{n: C.long(g.N), h: C.long(g.H), w: C.long(g.W), c: C.long(g.C), oh: C.long(g.OH), ow: C.long(g.OW), k: C.long(g.K),
		kh: C.long(g.KH), kw: C.long(g.KW), sh: C.long(g.SH), sw: C.long(g.SW), ph: C.long(g.PH), pw: C.long(g.PW),
		dh: C.long(g.DH), dw: C.long(g.DW), groups: C.long(g.Groups)}
}

// ConvForward returns a call; see [twin.ConvForward].
func ConvForward(g *Conv, x, w, y []float32) func() {
	c := conv(g)
	return func() { C.lab_conv_forward(c, ptr(x), ptr(w), ptr(y)) }
}

// ConvInput returns a call; see [twin.ConvInput].
func ConvInput(g *Conv, dy, w, dx []float32) func() {
	c := conv(g)
	return func() { C.lab_conv_input(c, ptr(dy), ptr(w), ptr(dx)) }
}

// ConvWeight returns a call; see [twin.ConvWeight].
func ConvWeight(g *Conv, x, dy, dw []float32) func() {
	c := conv(g)
	return func() { C.lab_conv_weight(c, ptr(x), ptr(dy), ptr(dw)) }
}

// MaxPool returns a call; see [twin.MaxPool].
func MaxPool(g *Conv, x, y []float32) func() {
	c := conv(g)
	return func() { C.lab_max_pool(C.LAB_POOL, c, ptr(x), nil, ptr(y)) }
}

// MaxUnpool returns a call; see [twin.MaxUnpool].
func MaxUnpool(g *Conv, x, dy, dx []float32) func() {
	c := conv(g)
	return func() { C.lab_max_pool(C.LAB_UNPOOL, c, ptr(x), ptr(dy), ptr(dx)) }
}

// MaxPoolTake returns a call; see [twin.MaxPoolTake].
func MaxPoolTake(g *Conv, x, u, y []float32) func() {
	c := conv(g)
	return func() { C.lab_max_pool(C.LAB_POOL_TAKE, c, ptr(x), ptr(u), ptr(y)) }
}

// MeanPool returns a call; see [twin.MeanPool].
func MeanPool(g *Conv, whole bool, x, y []float32) func() {
	c := conv(g)
	return func() { C.lab_mean_pool(0, flag(whole), c, ptr(x), ptr(y)) }
}

// MeanUnpool returns a call; see [twin.MeanUnpool].
func MeanUnpool(g *Conv, whole bool, dy, dx []float32) func() {
	c := conv(g)
	return func() { C.lab_mean_pool(1, flag(whole), c, ptr(dy), ptr(dx)) }
}

// Uniform: see [twin.Uniform].
func Uniform(seed uint64, step float32, out []float32) {
	C.lab_uniform(C.uint64_t(seed), C.float(step), C.long(len(out)), ptr(out))
}

// CopyStrided returns a call; see [twin.CopyStrided].
func CopyStrided(dim [MaxDims]int, to Layout, out []float32, from Layout, in []float32) func() {
	var d, o, i [MaxDims]C.long
	for a := range dim {
		d[a], o[a], i[a] = C.long(dim[a]), C.long(to.Stride[a]), C.long(from.Stride[a])
	}
	out, in = out[to.Offset:], in[from.Offset:]
	return func() { C.lab_copy(&d[0], &o[0], &i[0], ptr(out), ptr(in)) }
}

// Adam: see [twin.Adam].
func Adam(p, m, v, g []float32, c AdamConfig) {
	k := c.Coefficients()
	C.lab_adam(C.long(len(p)), ptr(p), ptr(m), ptr(v), ptr(g), ptr(k[:]))
}
