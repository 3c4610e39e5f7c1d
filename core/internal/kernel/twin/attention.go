package twin

// Attention is the geometry of scaled dot-product attention (Vaswani et al. 2017, eq.
// 1): B batches, H heads of D values, T queries over S keys and values. Rows of q lie
// QStep apart, those of k and v KVStep, heads side by side in a row; the result is
// dense, [B,T,H,D].
type Attention struct {
	B, H, T, S, D   int
	QStep, KVStep   int
	DQStep, DKVStep int     // of the gradients
	Scale           float32 // of the products, 1/sqrt(D)
	Causal          bool    // query i sees keys up to i+Offset
	Window          int     // and those less than Window away from it; 0 for all
	Offset          int
}

// sees reports whether query i may see key c of batch b; mask [B,S] may be nil.
func sees[F Float](g *Attention, mask []F, b, i, c int) bool {
	at := i + g.Offset
	switch {
	case g.Causal && c > at:
		return false
	case g.Window > 0 && (c <= at-g.Window || c >= at+g.Window):
		return false
	}
	return mask == nil || mask[b*g.S+c] != 0
}

// heads calls f for every query of every head with the keys that it may see and their
// probabilities.
func heads[F Float](g *Attention, q, k, mask []F, f func(b, h, i int, keys []int, p []F)) {
	for b := range g.B {
		for h := range g.H {
			for i := range g.T {
				var keys []int
				var score []F
				for c := range g.S {
					if !sees(g, mask, b, i, c) {
						continue
					}
					var s F
					for x := range g.D {
						s += q[(b*g.T+i)*g.QStep+h*g.D+x] * k[(b*g.S+c)*g.KVStep+h*g.D+x]
					}
					keys, score = append(keys, c), append(score, s*F(g.Scale))
				}
				p := make([]F, len(score))
				Softmax(false, 1, len(score), score, p)
				f(b, h, i, keys, p)
			}
		}
	}
}

// AttentionForward computes out [B,T,H,D]: a query that sees no key gives 0.
func AttentionForward[F Float](g *Attention, q, k, v, mask, out []F) {
	clear(out)
	heads(g, q, k, mask, func(b, h, i int, keys []int, p []F) {
		o := out[((b*g.T+i)*g.H+h)*g.D:]
		for n, c := range keys {
			for x := range g.D {
				o[x] += p[n] * v[(b*g.S+c)*g.KVStep+h*g.D+x]
			}
		}
	})
}

// AttentionBackward computes the gradients; dq, or dk and dv, may be nil.
func AttentionBackward[F Float](g *Attention, q, k, v, mask, dout, dq, dk, dv []F) {
	zero := func(d []F, n, step int) {
		if d == nil {
			return
		}
		for r := range n {
			clear(d[r*step : r*step+g.H*g.D])
		}
	}
	zero(dq, g.B*g.T, g.DQStep)
	zero(dk, g.B*g.S, g.DKVStep)
	zero(dv, g.B*g.S, g.DKVStep)
	heads(g, q, k, mask, func(b, h, i int, keys []int, p []F) {
		do := dout[((b*g.T+i)*g.H+h)*g.D:]
		dp := make([]F, len(keys))
		var sum F
		for n, c := range keys {
			for x := range g.D {
				dp[n] += do[x] * v[(b*g.S+c)*g.KVStep+h*g.D+x]
			}
			sum += p[n] * dp[n]
		}
		for n, c := range keys {
			ds := p[n] * (dp[n] - sum) * F(g.Scale)
			for x := range g.D {
				if dq != nil {
					dq[(b*g.T+i)*g.DQStep+h*g.D+x] += ds * k[(b*g.S+c)*g.KVStep+h*g.D+x]
				}
				if dk != nil {
					dk[(b*g.S+c)*g.DKVStep+h*g.D+x] += ds * q[(b*g.T+i)*g.QStep+h*g.D+x]
					dv[(b*g.S+c)*g.DKVStep+h*g.D+x] += p[n] * do[x]
				}
			}
		}
	})
}
