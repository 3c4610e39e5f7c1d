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
