//go:build !cgo || purego

package kernel

import "lab/core/internal/kernel/twin"

// AttentionForward returns a call; see [twin.AttentionForward].
func AttentionForward(g *Attention, q, k, v, mask, out []float32) func() {
	return func() { twin.AttentionForward(g, q, k, v, mask, out) }
}

// AttentionBackward returns a call; see [twin.AttentionBackward].
func AttentionBackward(g *Attention, q, k, v, mask, dout, dq, dk, dv []float32) func() {
	return func() { twin.AttentionBackward(g, q, k, v, mask, dout, dq, dk, dv) }
}

// LSTMForward: see [twin.LSTMForward].
func LSTMForward(t, b, h int, xg, wh, h0, c0, out []float32) {
	twin.LSTMForward(t, b, h, xg, wh, h0, c0, out)
}

// LSTMBackward: see [twin.LSTMBackward].
func LSTMBackward(t, b, h int, wh, c0, out, dout, dx, dh0, dc0 []float32) {
	twin.LSTMBackward(t, b, h, wh, c0, out, dout, dx, dh0, dc0)
}
