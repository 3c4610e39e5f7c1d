//go:build !cgo || purego

package kernel

import "lab/core/internal/kernel/twin"

// Softmax: see [twin.Softmax].
func Softmax(log bool, rows, n int, x, y []float32) {
	twin.Softmax(log, rows, n, x, y)
}

// SoftmaxGrad: see [twin.SoftmaxGrad].
func SoftmaxGrad(log bool, rows, n int, y, dy, dx []float32) {
	twin.SoftmaxGrad(log, rows, n, y, dy, dx)
}

// Norm: see [twin.Norm].
func Norm(rms bool, rows, n int, eps float32, x, w, b, y []float32) {
	twin.Norm(rms, rows, n, eps, x, w, b, y)
}

// NormDX: see [twin.NormDX].
func NormDX(rms bool, rows, n int, eps float32, x, w, dy, dx []float32) {
	twin.NormDX(rms, rows, n, eps, x, w, dy, dx)
}

// NormDWB: see [twin.NormDWB].
func NormDWB(rms bool, rows, n int, eps float32, x, dy, out []float32) {
	twin.NormDWB(rms, rows, n, eps, x, dy, out)
}

// CrossEntropy: see [twin.CrossEntropy].
func CrossEntropy(rows, n int, smoothing float32, x, labels, loss []float32) {
	twin.CrossEntropy(rows, n, smoothing, x, labels, loss)
}

// CrossEntropyGrad: see [twin.CrossEntropyGrad].
func CrossEntropyGrad(rows, n int, smoothing float32, x, labels, dy, dx []float32) {
	twin.CrossEntropyGrad(rows, n, smoothing, x, labels, dy, dx)
}

// Gather: see [twin.Gather].
func Gather(v, rows, n int, x, index, y []float32) {
	twin.Gather(v, rows, n, x, index, y)
}

// ScatterAdd: see [twin.ScatterAdd].
func ScatterAdd(v, rows, n int, index, dy, dx []float32) {
	twin.ScatterAdd(v, rows, n, index, dy, dx)
}
