package graph

import (
	"fmt"
	"math"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
	"lab/core/tensor"
)

// AttentionAttr says what a query may see. Query i stands at key i+Offset.
type AttentionAttr struct {
	Causal bool // no later key
	Window int  // only keys less than Window away; 0 for all
	Offset int  // keys before the first query: those of a cache
}

// attentionSource says where queries, keys and values are: in one operand
// [B,T,3,H,D], or in two, [B,T,1,H,D] and [B,S,2,H,D].
type attentionSource struct {
	AttentionAttr
	Self   bool
	Masked bool // the last operand is a mask [B,S]
}

// kv is the place of the operand with keys and values; a mask comes after it.
func (a attentionSource) kv() int {
	if a.Self {
		return 0
	}
	return 1
}

// geometry checks the operands' shapes.
func (a attentionSource) geometry(in []tensor.Shape) (*kernel.Attention, error) {
	bad := fmt.Errorf("shapes %s do not fit attention", tensor.Shapes(in))
	q, kv := in[0], in[a.kv()]
	parts := [2]int{1, 2}
	if a.Self {
		parts = [2]int{3, 3}
	}
	if len(q) != 5 || len(kv) != 5 || q[2] != parts[0] || kv[2] != parts[1] || q[0] != kv[0] || q[3] != kv[3] || q[4] != kv[4] {
		return nil, bad
	}
	if a.Masked && !in[a.kv()+1].Equal(tensor.Shape{q[0], kv[1]}) {
		return nil, bad
	}
	if a.Window < 0 || a.Offset < 0 {
		return nil, fmt.Errorf("window %d and offset %d must not be negative", a.Window, a.Offset)
	}
	width := q[3] * q[4]
	g := &kernel.Attention{B: q[0], H: q[3], T: q[1], S: kv[1], D: q[4], QStep: q[2] * width, KVStep: kv[2] * width,
		Scale: float32(1 / math.Sqrt(float64(q[4]))), Causal: a.Causal, Window: a.Window, Offset: a.Offset}
	g.DQStep, g.DKVStep = g.QStep, g.KVStep
	return g, nil
}

// cutAttention returns where queries, keys and values begin in the two operands; keys
// and values are nil where theirs is.
func cutAttention[F twin.Float](a attentionSource, g *kernel.Attention, q, kv []F) (_, k, v []F) {
	width := g.H * g.D
	if len(kv) == 0 {
		return q, nil, nil
	}
	if a.Self {
		kv = kv[width:]
	}
	return q, kv, kv[width:]
}

func maskOf[F twin.Float](a attentionSource, in [][]F) []F {
	if a.Masked {
		return in[a.kv()+1]
	}
	return nil
}

// attentionGrad is the attribute of AttentionGrad: which operand's gradient it is.
type attentionGrad struct {
	attentionSource
	Of int // 0 or 1
}

// targets returns where dq, dk and dv go, nil for what is not asked for.
func targets[F twin.Float](a attentionGrad, g *kernel.Attention, out []F) (dq, dk, dv []F) {
	switch {
	case a.Self:
		return cutAttention(a.attentionSource, g, out, out)
	case a.Of == 0:
		return out, nil, nil
	}
	return cutAttention[F](a.attentionSource, g, nil, out)
}

var attentionDef, attentionGradDef *Def

func init() {
	geometry := func(a attentionSource, in []tensor.Shape) *kernel.Attention {
		g, err := a.geometry(in)
		if err != nil {
			panic(err) // Shape has checked it
		}
		return g
	}
	attentionDef = register(&Def{
		Name: "Attention",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			g, err := attr.(attentionSource).geometry(in)
			if err != nil {
				return nil, err
			}
			return tensor.Shape{g.B, g.T, g.H, g.D}, nil
		},
		Define: func(attr any, in []*Node) *Node { return attentionByDefinition(attr.(attentionSource), in) },
		Flops:  func(op *Op) float64 { return 2 * products(geometry(op.attr.(attentionSource), op.in)) },
		Grad: func(n, dy *Node) []*Node {
			a := n.op.attr.(attentionSource)
			in := append(append([]*Node{}, n.in...), dy)
			out := make([]*Node, len(n.in))
			for of := range a.kv() + 1 {
				out[of] = apply(attentionGradDef, attentionGrad{a, of}, in...)
			}
			return out
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a := op.attr.(attentionSource)
			g := geometry(a, op.in)
			q, k, v := cutAttention(a, g, in[0], in[a.kv()])
			return kernel.AttentionForward(g, q, k, v, maskOf(a, in), out)
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a := op.attr.(attentionSource)
			g := geometry(a, op.in)
			q, k, v := cutAttention(a, g, in[0], in[a.kv()])
			twin.AttentionForward(g, q, k, v, maskOf(a, in), out)
		},
	})
	attentionGradDef = register(&Def{ // the operands of Attention, dy
		Name: "AttentionGrad",
		Shape: func(attr any, in []tensor.Shape) (tensor.Shape, error) {
			a := attr.(attentionGrad)
			g, err := a.geometry(in[:len(in)-1])
			if err == nil && !in[len(in)-1].Equal(tensor.Shape{g.B, g.T, g.H, g.D}) {
				err = fmt.Errorf("shapes %s do not fit the gradient of attention", tensor.Shapes(in))
			}
			return in[a.Of], err
		},
		Flops: func(op *Op) float64 { // the probabilities again, dP, and one or three products
			a := op.attr.(attentionGrad)
			g := products(geometry(a.attentionSource, op.in[:len(op.in)-1]))
			switch {
			case a.Self:
				return 5 * g
			case a.Of == 0:
				return 3 * g
			}
			return 4 * g
		},
		Define: func(attr any, in []*Node) *Node {
			a, last := attr.(attentionGrad), len(in)-1
			in = standIns(in)
			return reverse(attentionByDefinition(a.attentionSource, in[:last]), in[last], []*Node{in[a.Of]}, true)[0]
		},
		Lower: func(op *Op, out []float32, in [][]float32) func() {
			a, last := op.attr.(attentionGrad), len(in)-1
			g := geometry(a.attentionSource, op.in[:last])
			q, k, v := cutAttention(a.attentionSource, g, in[0], in[a.kv()])
			dq, dk, dv := targets(a, g, out)
			return kernel.AttentionBackward(g, q, k, v, maskOf(a.attentionSource, in), in[last], dq, dk, dv)
		},
		Eval: func(op *Op, out []float64, in [][]float64) {
			a, last := op.attr.(attentionGrad), len(in)-1
			g := geometry(a.attentionSource, op.in[:last])
			q, k, v := cutAttention(a.attentionSource, g, in[0], in[a.kv()])
			dq, dk, dv := targets(a, g, out)
			twin.AttentionBackward(g, q, k, v, maskOf(a.attentionSource, in), in[last], dq, dk, dv)
		},
	})
}

// products counts one product of queries with keys, or of probabilities with values.
func products(g *kernel.Attention) float64 {
	keys := float64(g.S)
	switch {
	case g.Window > 0 && g.Causal:
		keys = min(keys, float64(g.Window))
	case g.Window > 0:
		keys = min(keys, float64(2*g.Window-1))
	case g.Causal:
		keys = (keys + 1) / 2
	}
	return 2 * float64(g.B*g.H*g.T*g.D) * keys
}

// attentionByDefinition is softmax(q kᵀ scale + mask) v in primitive ops.
func attentionByDefinition(a attentionSource, in []*Node) *Node {
	part := func(x *Node, i int) *Node { // [B,T,parts,H,D] to [B,H,T,D]
		s := x.shape
		return Transpose(Reshape(Slice(x, 2, i, i+1, 1), s[0], s[1], s[3], s[4]), 0, 2, 1, 3)
	}
	first := a.kv() ^ 1 // the part that holds the keys
	q, k, v := part(in[0], 0), part(in[a.kv()], first), part(in[a.kv()], first+1)
	g := q.g
	b, t, s := q.shape[0], q.shape[2], k.shape[2]
	scores := Scale(matmul(q, k, false, true), 1/math.Sqrt(float64(q.shape[3]))) // [B,H,T,S]
	never := g.Scalar(math.Inf(-1))
	if a.Causal || a.Window > 0 {
		hidden := tensor.New(tensor.Shape{t, s}, nil)
		for i := range t {
			for c := range s {
				if at := i + a.Offset; a.Causal && c > at || a.Window > 0 && (c <= at-a.Window || c >= at+a.Window) {
					hidden.F[i*s+c] = 1
				}
			}
		}
		scores = Where(g.Const(hidden), never, scores)
	}
	if a.Masked {
		scores = Where(Reshape(in[a.kv()+1], b, 1, 1, s), scores, never)
	}
	return Transpose(matmul(softmaxDef.Define(false, []*Node{scores}), v, false, false), 0, 2, 1, 3)
}

// Attention reports what an attention op's queries may see, whether they lie in one
// operand with keys and values, and whether the last operand is a mask.
func (op *Op) Attention() (a AttentionAttr, self, masked, ok bool) {
	s, ok := op.attr.(attentionSource)
	return s.AttentionAttr, s.Self, s.Masked, ok
}

// SelfAttention is scaled dot-product attention, softmax(q kᵀ/√D) v (Vaswani et al.
// 2017, eq. 1), of queries, keys and values that lie side by side: qkv [B,T,3,H,D]
// gives [B,T,H,D]. mask [B,T], or nil, is 0 for keys that nobody may see. Nothing of
// size T×T is kept.
func SelfAttention(qkv, mask *Node, a AttentionAttr) *Node {
	return attention(attentionSource{AttentionAttr: a, Self: true, Masked: mask != nil}, mask, qkv)
}

// CrossAttention is attention of queries q [B,T,1,H,D] over kv [B,S,2,H,D], keys and
// values side by side: [B,T,H,D]. mask is [B,S] or nil.
func CrossAttention(q, kv, mask *Node, a AttentionAttr) *Node {
	return attention(attentionSource{AttentionAttr: a, Masked: mask != nil}, mask, q, kv)
}

func attention(a attentionSource, mask *Node, in ...*Node) *Node {
	if mask != nil {
		in = append(in, mask)
	}
	return apply(attentionDef, a, in...)
}
