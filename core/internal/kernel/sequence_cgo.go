//go:build cgo && !purego

package kernel

/*
#include "kernel.h"
#cgo noescape lab_attention_forward
#cgo nocallback lab_attention_forward
#cgo noescape lab_attention_backward
#cgo nocallback lab_attention_backward
#cgo noescape lab_lstm_forward
#cgo nocallback lab_lstm_forward
#cgo noescape lab_lstm_backward
#cgo nocallback lab_lstm_backward
*/
import "C"

func attention(g *Attention) *C.lab_attention {
	return &C.lab_attention{b: C.long(g.B), h: C.long(g.H), t: C.long(g.T), s: C.long(g.S), d: C.long(g.D), qstep: C.long(g.QStep), kvstep: C.long(g.KVStep),
		dqstep: C.long(g.DQStep), dkvstep: C.long(g.DKVStep), causal: C.long(flag(g.Causal)), window: C.long(g.Window), offset: C.long(g.Offset), scale: C.float(g.Scale)}
}

// AttentionForward returns a call; see [twin.AttentionForward].
func AttentionForward(g *Attention, q, k, v, mask, out []float32) func() {
	c := attention(g)
	return func() { C.lab_attention_forward(c, ptr(q), ptr(k), ptr(v), ptr(mask), ptr(out)) }
}

// AttentionBackward returns a call; see [twin.AttentionBackward].
func AttentionBackward(g *Attention, q, k, v, mask, dout, dq, dk, dv []float32) func() {
	c := attention(g)
	return func() {
		C.lab_attention_backward(c, ptr(q), ptr(k), ptr(v), ptr(mask), ptr(dout), ptr(dq), ptr(dk), ptr(dv))
	}
}

// LSTMForward: see [twin.LSTMForward].
func LSTMForward(t, b, h int, xg, wh, h0, c0, out []float32) {
	C.lab_lstm_forward(C.long(t), C.long(b), C.long(h), ptr(xg), ptr(wh), ptr(h0), ptr(c0), ptr(out))
}

// LSTMBackward: see [twin.LSTMBackward].
func LSTMBackward(t, b, h int, wh, c0, out, dout, dx, dh0, dc0 []float32) {
	all := len(dout) > t*b*h
	C.lab_lstm_backward(C.long(t), C.long(b), C.long(h), ptr(wh), ptr(c0), ptr(out), flag(all), ptr(dout), ptr(dx), ptr(dh0), ptr(dc0))
}
