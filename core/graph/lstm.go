package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// lstmDef: xg [T,B,4H], wh [H,4H], h0 [B,H], c0 [B,H] give [T,B,6H]: h, c and the gates
// i, f, g, o after their functions. lstmGradDef: wh, c0, out, dout give the gradients of
// xg, h0 and c0 in one array, [T·B·4H + 2·B·H]; dout is out's, or h's alone, [T,B,H].
var lstmDef, lstmGradDef *Def

func init() {
	size := func(xg tensor.Shape) (t, b, h int) { return xg[0], xg[1], xg[2] / 4 }
	lstmDef = register(&Def{
		Name: "LSTM",
		Flops: func(op *Op) float64 {
			t, b, h := size(op.in[0])
			return float64(t*b) * float64(8*h*h+25*h)
		},
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			xg := in[0]
			if len(xg) != 3 || xg[2]%4 != 0 {
				return nil, fmt.Errorf("gates %v: need [T,B,4H]", xg)
			}
			t, b, h := size(xg)
			if !in[1].Equal(tensor.Shape{h, 4 * h}) || !in[2].Equal(tensor.Shape{b, h}) || !in[3].Equal(in[2]) {
				return nil, fmt.Errorf("gates, weights and states %s do not fit", tensor.Shapes(in))
			}
			return tensor.Shape{t, b, 6 * h}, nil
		},
		Define: func(_ any, in []*Node) *Node {
			xg, wh, h, c := in[0], in[1], in[2], in[3]
			steps, b, n := size(xg.shape)
			outs := make([]*Node, steps)
			for t := range steps {
				gates := Add(Reshape(Slice(xg, 0, t, t+1, 1), b, 4*n), matmul(h, wh, false, false))
				p := Split(gates, 1, n, n, n, n)
				i, f, g, o := Sigmoid(p[0]), Sigmoid(p[1]), Tanh(p[2]), Sigmoid(p[3])
				c = Add(Mul(f, c), Mul(i, g))
				h = Mul(o, Tanh(c))
				outs[t] = Concat(1, h, c, i, f, g, o)
			}
			return Stack(0, outs...)
		},
		Grad: func(n, dy *Node) []*Node {
			wh, h0, c0 := n.in[1], n.in[2], n.in[3]
			t, b, h := size(n.in[0].shape)
			if d := dy.op; d != nil && d.def == placeDef && d.attr == (Placement{Range{2, 0, h, 1}, 6 * h}) {
				dy = dy.in[0] // h alone is used
			}
			all := apply(lstmGradDef, nil, wh, c0, n, dy)
			at := t * b * 4 * h
			dx := Reshape(Slice(all, 0, 0, at, 1), t, b, 4*h)
			before := Reshape(h0, 1, b, h) // the hidden states that met the weights
			if t > 1 {
				before = Concat(0, before, Slice(Slice(n, 2, 0, h, 1), 0, 0, t-1, 1))
			}
			dwh := matmul(Reshape(before, t*b, h), Reshape(dx, t*b, 4*h), true, false)
			return []*Node{dx, dwh, Reshape(Slice(all, 0, at, at+b*h, 1), b, h), Reshape(Slice(all, 0, at+b*h, at+2*b*h, 1), b, h)}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			t, b, h := size(op.in[0])
			return func() { kernel.LSTMForward(t, b, h, in[0], in[1], in[2], in[3], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			t, b, h := size(op.in[0])
			twin.LSTMForward(t, b, h, in[0], in[1], in[2], in[3], out)
		},
	})
	gradSize := func(in []tensor.Shape) (t, b, h int) { return in[2][0], in[2][1], in[0][0] }
	lstmGradDef = register(&Def{
		Name: "LSTMGrad",
		Flops: func(op *Op) float64 {
			t, b, h := gradSize(op.in)
			return float64(t*b) * float64(8*h*h+30*h)
		},
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			t, b, h := gradSize(in)
			if !in[2].Equal(tensor.Shape{t, b, 6 * h}) || !in[3].Equal(in[2]) && !in[3].Equal(tensor.Shape{t, b, h}) {
				return nil, fmt.Errorf("weights, states and gradients %s do not fit", tensor.Shapes(in))
			}
			return tensor.Shape{t*b*4*h + 2*b*h}, nil
		},
		Define: func(_ any, in []*Node) *Node {
			dout, h := in[3], in[0].shape[0]
			if dout.shape[2] == h {
				dout = Pad(dout, 2, 0, 5*h)
			}
			return lstmGradByDefinition(in[0], in[1], in[2], dout)
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			t, b, h := gradSize(op.in)
			at := t * b * 4 * h
			return func() {
				kernel.LSTMBackward(t, b, h, in[0], in[1], in[2], in[3], out[:at], out[at:at+b*h], out[at+b*h:])
			}
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			t, b, h := gradSize(op.in)
			at := t * b * 4 * h
			twin.LSTMBackward(t, b, h, in[0], in[1], in[2], in[3], out[:at], out[at:at+b*h], out[at+b*h:])
		},
	})
}

// lstmGradByDefinition is back-propagation through time in primitive ops.
func lstmGradByDefinition(wh, c0, out, dout *Node) *Node {
	steps, b, h := out.shape[0], out.shape[1], wh.shape[0]
	at := func(x *Node, t int) []*Node { // h, c, i, f, g, o of a step
		return Split(Reshape(Slice(x, 0, t, t+1, 1), b, 6*h), 1, h, h, h, h, h, h)
	}
	one := wh.g.Scalar(1)
	var dh, dc *Node
	dxs := make([]*Node, steps)
	for t := steps - 1; t >= 0; t-- {
		o, d := at(out, t), at(dout, t)
		c := c0
		if t > 0 {
			c = at(out, t-1)[1]
		}
		i, f, g, q := o[2], o[3], o[4], o[5]
		a, e := d[0], d[1]
		if dh != nil {
			a, e = Add(a, dh), Add(e, dc)
		}
		th := Tanh(o[1])
		e = Add(e, Mul(Mul(a, q), Sub(one, Square(th))))
		dxs[t] = Concat(1,
			Mul(Add(d[2], Mul(e, g)), Sub(i, Square(i))),
			Mul(Add(d[3], Mul(e, c)), Sub(f, Square(f))),
			Mul(Add(d[4], Mul(e, i)), Sub(one, Square(g))),
			Mul(Add(d[5], Mul(a, th)), Sub(q, Square(q))))
		dc = Mul(e, f)
		dh = matmul(dxs[t], wh, false, true)
	}
	return Concat(0, Reshape(Stack(0, dxs...), -1), Reshape(dh, -1), Reshape(dc, -1))
}

// LSTM runs an LSTM (Hochreiter & Schmidhuber 1997) over a sequence, gates in PyTorch's
// order i, f, g, o: gates = xg[t] + h wh, c = σ(f) c + σ(i) tanh(g), h = σ(o) tanh(c). xg
// [T,B,4H] is what the inputs contribute to the gates, biases included; wh is [H,4H], h0
// and c0 are [B,H]. It returns h and c of every step, [T,B,H].
func LSTM(xg, wh, h0, c0 *Node) (h, c *Node) {
	out := apply(lstmDef, nil, xg, wh, h0, c0)
	n := wh.shape[0]
	return Slice(out, 2, 0, n, 1), Slice(out, 2, n, 2*n, 1)
}
