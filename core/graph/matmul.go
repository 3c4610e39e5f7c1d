package graph

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// MatMulAttr says which operands are read transposed (in their last two axes).
type MatMulAttr struct{ TA, TB bool }

// matmulSize gives batch count and m, n, k of op(A)[..,m,k] op(B)[..,k,n].
func matmulSize(t MatMulAttr, a, b tensor.Shape) (batch, m, n, k int, err error) {
	r := len(a)
	bad := func() error {
		return fmt.Errorf("shapes %v%s and %v%s do not fit", a, transposed(t.TA), b, transposed(t.TB))
	}
	if r < 2 || len(b) != r || !a[:r-2].Equal(b[:r-2]) {
		return 0, 0, 0, 0, bad()
	}
	m, k = a[r-2], a[r-1]
	if t.TA {
		m, k = k, m
	}
	k2, n := b[r-2], b[r-1]
	if t.TB {
		k2, n = n, k2
	}
	if k != k2 {
		return 0, 0, 0, 0, bad()
	}
	return a[:r-2].Size(), m, n, k, nil
}

func transposed(t bool) string {
	if t {
		return " transposed"
	}
	return ""
}

var matmulDef *Def

func init() {
	matmulDef = register(&Def{
		Name: "MatMul",
		Flops: func(op *Op) float64 {
			batch, m, n, k, _ := matmulSize(op.attr.(MatMulAttr), op.in[0], op.in[1])
			return 2 * float64(batch) * float64(m) * float64(n) * float64(k)
		},
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			_, m, n, _, err := matmulSize(attr.(MatMulAttr), in[0], in[1])
			if err != nil {
				return nil, err
			}
			out := in[0].Clone()
			out[len(out)-2], out[len(out)-1] = m, n
			return out, nil
		},
		Grad: func(c, dc *Node) []*Node {
			a, b := c.in[0], c.in[1]
			switch t := c.op.attr.(MatMulAttr); {
			case !t.TA && !t.TB: // C = AB
				return []*Node{matmul(dc, b, false, true), matmul(a, dc, true, false)}
			case !t.TA: // C = ABᵀ
				return []*Node{matmul(dc, b, false, false), matmul(dc, a, true, false)}
			case !t.TB: // C = AᵀB
				return []*Node{matmul(b, dc, false, true), matmul(a, dc, false, false)}
			default: // C = AᵀBᵀ
				return []*Node{matmul(b, dc, true, true), matmul(dc, a, true, true)}
			}
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			t := op.attr.(MatMulAttr)
			batch, m, n, k, _ := matmulSize(t, op.in[0], op.in[1])
			return func() { kernel.GemmBatch(t.TA, t.TB, batch, m, n, k, in[0], in[1], out) }
		},
		LowerThen: func(op *Op, out []float32, in [][]float32, then *kernel.Program, more [][]float32) func() {
			t := op.attr.(MatMulAttr)
			batch, m, n, k, _ := matmulSize(t, op.in[0], op.in[1])
			if batch != 1 {
				return nil
			}
			lda, ldb := op.in[0][len(op.in[0])-1], op.in[1][len(op.in[1])-1]
			return kernel.GemmThen(t.TA, t.TB, m, n, k, in[0], lda, in[1], ldb, out, then, more)
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			t := op.attr.(MatMulAttr)
			batch, m, n, k, _ := matmulSize(t, op.in[0], op.in[1])
			twin.GemmBatch(t.TA, t.TB, batch, m, n, k, in[0], in[1], out)
		},
	})
}

func matmul(a, b *Node, ta, tb bool) *Node { return apply(matmulDef, MatMulAttr{ta, tb}, a, b) }

// MatMul is the matrix product over the last two axes, [..,m,k] by [..,k,n]. The
// axes before broadcast as in NumPy.
func MatMul(a, b *Node) *Node {
	if len(a.shape) < 2 || len(b.shape) < 2 {
		fail("MatMul", "shapes %v and %v: both need two axes", a.shape, b.shape)
	}
	if len(a.shape) > 2 && len(b.shape) == 2 { // one product of all rows
		r := len(a.shape)
		rows := Reshape(a, a.shape[:r-1].Size(), a.shape[r-1])
		y := Reshape(matmul(rows, b, false, false), append(a.shape[:r-1].Clone(), b.shape[1])...)
		return Label(y, LabelMatMul, nil, a, b)
	}
	batch, err := tensor.Broadcast(a.shape[:len(a.shape)-2], b.shape[:len(b.shape)-2])
	if err != nil {
		fail("MatMul", "shapes %v and %v: %v", a.shape, b.shape, err)
	}
	a = Expand(a, append(batch.Clone(), a.shape[len(a.shape)-2:]...)...)
	b = Expand(b, append(batch.Clone(), b.shape[len(b.shape)-2:]...)...)
	return matmul(a, b, false, false)
}
