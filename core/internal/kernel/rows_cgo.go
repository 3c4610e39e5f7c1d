//go:build cgo && !purego

package kernel

/*
#include "kernel.h"
#cgo noescape lab_softmax
#cgo nocallback lab_softmax
#cgo noescape lab_softmax_grad
#cgo nocallback lab_softmax_grad
#cgo noescape lab_norm
#cgo nocallback lab_norm
#cgo noescape lab_norm_dx
#cgo nocallback lab_norm_dx
#cgo noescape lab_norm_dwb
#cgo nocallback lab_norm_dwb
#cgo noescape lab_cross_entropy
#cgo nocallback lab_cross_entropy
#cgo noescape lab_cross_entropy_grad
#cgo nocallback lab_cross_entropy_grad
#cgo noescape lab_gather
#cgo nocallback lab_gather
#cgo noescape lab_scatter_add
#cgo nocallback lab_scatter_add
*/
import "C"

// Softmax: see [twin.Softmax].
func Softmax(log bool, rows, n int, x, y []float32) {
	C.lab_softmax(flag(log), C.long(rows), C.long(n), ptr(x), ptr(y))
}

// SoftmaxGrad: see [twin.SoftmaxGrad].
func SoftmaxGrad(log bool, rows, n int, y, dy, dx []float32) {
	C.lab_softmax_grad(flag(log), C.long(rows), C.long(n), ptr(y), ptr(dy), ptr(dx))
}

// Norm: see [twin.Norm].
func Norm(rms bool, rows, n int, eps float32, x, w, b, y []float32) {
	C.lab_norm(flag(rms), C.long(rows), C.long(n), C.float(eps), ptr(x), ptr(w), ptr(b), ptr(y))
}

// NormDX: see [twin.NormDX].
func NormDX(rms bool, rows, n int, eps float32, x, w, dy, dx []float32) {
	C.lab_norm_dx(flag(rms), C.long(rows), C.long(n), C.float(eps), ptr(x), ptr(w), ptr(dy), ptr(dx))
}

// NormDWB: see [twin.NormDWB].
func NormDWB(rms bool, rows, n int, eps float32, x, dy, out []float32) {
	C.lab_norm_dwb(flag(rms), C.long(rows), C.long(n), C.float(eps), ptr(x), ptr(dy), ptr(out))
}

// CrossEntropy: see [twin.CrossEntropy].
func CrossEntropy(rows, n int, smoothing float32, x, labels, loss []float32) {
	C.lab_cross_entropy(C.long(rows), C.long(n), C.float(smoothing), ptr(x), ptr(labels), ptr(loss))
}

// CrossEntropyGrad: see [twin.CrossEntropyGrad].
func CrossEntropyGrad(rows, n int, smoothing float32, x, labels, dy, dx []float32) {
	C.lab_cross_entropy_grad(C.long(rows), C.long(n), C.float(smoothing), ptr(x), ptr(labels), ptr(dy), ptr(dx))
}

// Gather: see [twin.Gather].
func Gather(v, rows, n int, x, index, y []float32) {
	C.lab_gather(C.long(v), C.long(rows), C.long(n), ptr(x), ptr(index), ptr(y))
}

// ScatterAdd: see [twin.ScatterAdd].
func ScatterAdd(v, rows, n int, index, dy, dx []float32) {
	C.lab_scatter_add(C.long(v), C.long(rows), C.long(n), ptr(index), ptr(dy), ptr(dx))
}
