package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// Ops over rows: the last axis is normalised, the others only count rows. Each has a
// kernel for speed and a definition in primitive ops, which second derivatives use.

func rows(s tensor.Shape) (rows, n int) {
	n = s[len(s)-1]
	return s[:len(s)-1].Size(), n
}

func needsAxis(s tensor.Shape) error {
	if len(s) == 0 || s[len(s)-1] == 0 {
		return fmt.Errorf("shape %v has no last axis to work along", s)
	}
	return nil
}

func sameAsFirst(_ any, in []tensor.Shape) (tensor.Shape, error) {
	for _, s := range in[1:] {
		if !s.Equal(in[0]) {
			return nil, fmt.Errorf("shapes %s differ", tensor.Shapes(in))
		}
	}
	return in[0], needsAxis(in[0])
}

// NormAttr says how Norm normalises: by mean and variance, or by the mean square alone.
type NormAttr struct {
	RMS bool
	Eps float32
}

var softmaxDef, softmaxGradDef, normDef, normDXDef, normDWBDef, xentDef, xentGradDef *Def

func init() {
	softmaxDef = register(&Def{ // attr: whether it is the logarithm
		Name:  "Softmax",
		Shape: sameAsFirst,
		Define: func(log any, in []*Node) *Node {
			d := Sub(in[0], StopGradient(AmaxKeep(in[0], -1)))
			e := Exp(d)
			sum := SumKeep(e, -1)
			if log.(bool) {
				return Sub(d, Log(sum))
			}
			return Div(e, sum)
		},
		Grad: func(n, dy *Node) []*Node { return []*Node{apply(softmaxGradDef, n.op.attr, n, dy)} },
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			r, n := rows(op.out)
			return func() { kernel.Softmax(op.attr.(bool), r, n, in[0], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			r, n := rows(op.out)
			twin.Softmax(op.attr.(bool), r, n, in[0], out)
		},
	})
	softmaxGradDef = register(&Def{
		Name:  "SoftmaxGrad",
		Shape: sameAsFirst,
		Define: func(log any, in []*Node) *Node {
			y, dy := in[0], in[1]
			if log.(bool) {
				return Sub(dy, Mul(Exp(y), SumKeep(dy, -1)))
			}
			return Mul(y, Sub(dy, SumKeep(Mul(y, dy), -1)))
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			r, n := rows(op.out)
			return func() { kernel.SoftmaxGrad(op.attr.(bool), r, n, in[0], in[1], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			r, n := rows(op.out)
			twin.SoftmaxGrad(op.attr.(bool), r, n, in[0], in[1], out)
		},
	})

	normDef = register(&Def{ // x, weight [n], bias [n]
		Name: "Norm",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			if err := needsAxis(in[0]); err != nil {
				return nil, err
			}
			for _, p := range in[1:] {
				if !p.Equal(in[0][len(in[0])-1:]) {
					return nil, fmt.Errorf("shape %v is not normalised by weights of shape %v", in[0], p)
				}
			}
			return in[0], nil
		},
		Define: func(attr any, in []*Node) *Node {
			return Add(Mul(normalised(attr.(NormAttr), in[0]), in[1]), in[2])
		},
		Grad: func(n, dy *Node) []*Node {
			x, w := n.in[0], n.in[1]
			features := w.shape[0]
			wb := apply(normDWBDef, n.op.attr, x, dy) // [2,n]
			return []*Node{apply(normDXDef, n.op.attr, x, w, dy),
				Reshape(Slice(wb, 0, 0, 1, 1), features), Reshape(Slice(wb, 0, 1, 2, 1), features)}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(NormAttr)
			r, n := rows(op.out)
			return func() { kernel.Norm(a.RMS, r, n, a.Eps, in[0], in[1], in[2], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(NormAttr)
			r, n := rows(op.out)
			twin.Norm(a.RMS, r, n, a.Eps, in[0], in[1], in[2], out)
		},
	})
	normDXDef = register(&Def{ // x, weight, dy
		Name: "NormDX",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			if !in[2].Equal(in[0]) {
				return nil, fmt.Errorf("shapes %s differ", tensor.Shapes(in))
			}
			return in[0], needsAxis(in[0])
		},
		Define: func(attr any, in []*Node) *Node {
			x, w, dy := in[0], in[1], in[2]
			return reverse(normalised(attr.(NormAttr), x), Mul(dy, w), []*Node{x}, true)[0]
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(NormAttr)
			r, n := rows(op.out)
			return func() { kernel.NormDX(a.RMS, r, n, a.Eps, in[0], in[1], in[2], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(NormAttr)
			r, n := rows(op.out)
			twin.NormDX(a.RMS, r, n, a.Eps, in[0], in[1], in[2], out)
		},
	})
	normDWBDef = register(&Def{ // x, dy; [2,n]
		Name: "NormDWB",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			if !in[1].Equal(in[0]) {
				return nil, fmt.Errorf("shapes %s differ", tensor.Shapes(in))
			}
			_, n := rows(in[0])
			return tensor.Shape{2, n}, nil
		},
		Define: func(attr any, in []*Node) *Node {
			x, dy := in[0], in[1]
			_, n := rows(x.shape)
			w := Reshape(SumTo(Mul(normalised(attr.(NormAttr), x), dy), n), 1, n)
			return Concat(0, w, Reshape(SumTo(dy, n), 1, n))
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(NormAttr)
			r, n := rows(op.in[0])
			return func() { kernel.NormDWB(a.RMS, r, n, a.Eps, in[0], in[1], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(NormAttr)
			r, n := rows(op.in[0])
			twin.NormDWB(a.RMS, r, n, a.Eps, in[0], in[1], out)
		},
	})

	labelled := func(x, labels tensor.Shape) error {
		if len(x) == 0 || x[len(x)-1] == 0 || !labels.Equal(x[:len(x)-1]) {
			return fmt.Errorf("logits %v and labels %v do not fit", x, labels)
		}
		return nil
	}
	xentDef = register(&Def{ // logits [...,n], labels [...]; attr: smoothing
		Name: "CrossEntropy",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			return in[1], labelled(in[0], in[1])
		},
		Define: func(smoothing any, in []*Node) *Node {
			target := smoothed(in[0], in[1], smoothing.(float32))
			return Neg(Sum(Mul(target, softmaxDef.Define(true, in[:1])), -1))
		},
		Grad: func(n, dy *Node) []*Node {
			return []*Node{apply(xentGradDef, n.op.attr, n.in[0], n.in[1], dy), nil}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			r, n := rows(op.in[0])
			return func() { kernel.CrossEntropy(r, n, op.attr.(float32), in[0], in[1], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			r, n := rows(op.in[0])
			twin.CrossEntropy(r, n, op.attr.(float32), in[0], in[1], out)
		},
	})
	xentGradDef = register(&Def{ // logits, labels, dy
		Name: "CrossEntropyGrad",
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) {
			if !in[1].Equal(in[2]) {
				return nil, fmt.Errorf("shapes %s do not fit", tensor.Shapes(in))
			}
			return in[0], labelled(in[0], in[1])
		},
		Define: func(smoothing any, in []*Node) *Node {
			x, labels, dy := in[0], in[1], in[2]
			one := append(dy.shape.Clone(), 1)
			target := smoothed(x, labels, smoothing.(float32))
			return Mul(Sub(Mul(softmaxDef.Define(false, []*Node{x}), SumKeep(target, -1)), target), Reshape(dy, one...))
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			r, n := rows(op.out)
			return func() { kernel.CrossEntropyGrad(r, n, op.attr.(float32), in[0], in[1], in[2], out) }
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			r, n := rows(op.out)
			twin.CrossEntropyGrad(r, n, op.attr.(float32), in[0], in[1], in[2], out)
		},
	})
}

// normalised is x with each row at mean 0 and variance 1, or mean square 1.
func normalised(a NormAttr, x *Node) *Node {
	last := len(x.shape)
	if a.RMS {
		return Mul(x, Rsqrt(Shift(MeanKeep(Square(x), -1), float64(a.Eps))))
	}
	mean, variance := Moments(x, last-1, last)
	return Mul(Sub(x, mean), Rsqrt(Shift(variance, float64(a.Eps))))
}

// smoothed is the target distribution of each label: zero for one that is none.
func smoothed(x, labels *Node, smoothing float32) *Node {
	n := x.shape[len(x.shape)-1]
	hot := OneHot(labels, n)
	return Add(Scale(hot, 1-float64(smoothing)), Scale(SumKeep(hot, -1), float64(smoothing)/float64(n)))
}

// Softmax is e^x / sum e^x over the last axis.
func Softmax(x *Node) *Node { return apply(softmaxDef, false, x) }

// LogSoftmax is the logarithm of Softmax.
func LogSoftmax(x *Node) *Node { return apply(softmaxDef, true, x) }

// LogSumExp is ln sum e^x over the last axis, which is dropped.
func LogSumExp(x *Node) *Node {
	top := StopGradient(AmaxKeep(x, -1))
	return Reshape(Add(Log(SumKeep(Exp(Sub(x, top)), -1)), top), x.shape[:len(x.shape)-1]...)
}

// LayerNorm normalises over the last axis: (x - mean)/sqrt(var + eps) weight + bias
// (Ba, Kiros & Hinton 2016), with the biased variance.
func LayerNorm(x, weight, bias *Node, eps float64) *Node {
	return apply(normDef, NormAttr{false, float32(eps)}, x, weight, bias)
}

// RMSNorm is x/sqrt(mean x² + eps) weight over the last axis (Zhang & Sennrich 2019).
func RMSNorm(x, weight *Node, eps float64) *Node {
	return apply(normDef, NormAttr{true, float32(eps)}, x, weight, x.g.Const(tensor.New(weight.shape, nil)))
}

// CrossEntropyRows is the loss of each row of logits [...,n] against its class, a
// whole number in [...]: -ln softmax at the class, or against a target that has
// smoothing/n everywhere and 1-smoothing more at the class (Szegedy et al. 2016).
// A label outside of [0,n) gives 0 and no gradient.
func CrossEntropyRows(logits, labels *Node, smoothing float64) *Node {
	if smoothing < 0 || smoothing > 1 {
		fail("CrossEntropy", "smoothing %v is not in [0,1]", smoothing)
	}
	return apply(xentDef, float32(smoothing), logits, labels)
}
