package twin

import "math"

// LSTMForward runs an LSTM (Hochreiter & Schmidhuber 1997) over t steps of a batch of b
// rows with h units, gates in PyTorch's order i, f, g, o:
//
//	gates = xg[t] + h wh,  c = σ(f) c + σ(i) tanh(g),  h = σ(o) tanh(c)
//
// xg [t,b,4h] is the inputs' share of the gates, wh [h,4h]; out [t,b,6h] holds h, c and
// the four gates after their functions.
func LSTMForward[F Float](t, b, h int, xg, wh, h0, c0, out []F) {
	sigmoid := func(x F) F { return F(1 / (1 + math.Exp(-float64(x)))) }
	tanh := func(x F) F { return F(math.Tanh(float64(x))) }
	for s := range t {
		for r := range b {
			hp, cp := h0[r*h:(r+1)*h], c0[r*h:(r+1)*h]
			if s > 0 {
				before := out[((s-1)*b+r)*6*h:]
				hp, cp = before[:h], before[h:2*h]
			}
			gates := append([]F(nil), xg[(s*b+r)*4*h:(s*b+r+1)*4*h]...)
			Gemm(false, false, 1, 4*h, h, hp, h, wh, 4*h, gates, 4*h, true)
			o := out[(s*b+r)*6*h:]
			for k := range h {
				i, f, g, q := sigmoid(gates[k]), sigmoid(gates[h+k]), tanh(gates[2*h+k]), sigmoid(gates[3*h+k])
				c := f*cp[k] + i*g
				o[k], o[h+k], o[2*h+k], o[3*h+k], o[4*h+k], o[5*h+k] = q*tanh(c), c, i, f, g, q
			}
		}
	}
}

// LSTMBackward computes the gradients dx of xg [t,b,4h], dh0 and dc0 [b,h] from out and
// dout: that of out, or of its h alone, [t,b,h]. The gradient of wh is the sum over steps of
// hᵀ dx.
func LSTMBackward[F Float](t, b, h int, wh, c0, out, dout, dx, dh0, dc0 []F) {
	if len(dout) == t*b*h {
		all := make([]F, len(out))
		for i := range t * b {
			copy(all[i*6*h:], dout[i*h:(i+1)*h])
		}
		dout = all
	}
	for r := range b {
		dh, dc := make([]F, h), make([]F, h)
		for s := t - 1; s >= 0; s-- {
			o, do, d := out[(s*b+r)*6*h:], dout[(s*b+r)*6*h:], dx[(s*b+r)*4*h:(s*b+r+1)*4*h]
			cp := c0[r*h : (r+1)*h]
			if s > 0 {
				cp = out[((s-1)*b+r)*6*h+h:]
			}
			for k := range h {
				i, f, g, q := o[2*h+k], o[3*h+k], o[4*h+k], o[5*h+k]
				th := F(math.Tanh(float64(o[h+k])))
				a := dh[k] + do[k]
				e := dc[k] + do[h+k] + a*q*(1-th*th)
				d[k] = (do[2*h+k] + e*g) * i * (1 - i)
				d[h+k] = (do[3*h+k] + e*cp[k]) * f * (1 - f)
				d[2*h+k] = (do[4*h+k] + e*i) * (1 - g*g)
				d[3*h+k] = (do[5*h+k] + a*th) * q * (1 - q)
				dc[k] = e * f
			}
			Gemm(false, true, 1, h, 4*h, d, 4*h, wh, 4*h, dh, h, false)
		}
		copy(dh0[r*h:], dh)
		copy(dc0[r*h:], dc)
	}
}
