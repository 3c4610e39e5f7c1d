package exchange

import (
	"lab/core/graph"
	"lab/core/onnx"
)

// call is one node to build.
type call struct {
	*importer
	*onnx.Node
	attrs *onnx.Attrs
	in    []operand
	more  []operand // results after the first
	line  bool      // one spatial axis, which is the second of each pair; the first has size 1
}

// builder builds a node and returns its first result.
type builder func(c *call) (operand, error)

var builders map[string]builder

func init() {
	builders = map[string]builder{
		"Identity": func(c *call) (operand, error) { return c.in[0], c.arity(1, 1) },
		"Conv":     buildConv, "ConvTranspose": buildConv, "MaxPool": buildMaxPool, "AveragePool": buildAveragePool, "GlobalAveragePool": buildGlobalPool,
		"BatchNormalization": buildBatchNorm, "LayerNormalization": buildLayerNorm, "RMSNormalization": buildLayerNorm,
		"InstanceNormalization": buildGroupNorm, "GroupNormalization": buildGroupNorm,
		"Gemm": buildGemm, "MatMul": buildMatMul, "Flatten": buildFlatten, "Reshape": buildReshape, "Transpose": buildTranspose,
		"Softmax": buildSoftmax, "LogSoftmax": buildSoftmax, "Gelu": buildGelu,
		"Shape": buildShape, "Gather": buildGather, "Slice": buildSlice, "Concat": buildConcat, "Expand": buildExpand,
		"Unsqueeze": buildSqueeze, "Squeeze": buildSqueeze, "Range": buildRange, "Cast": buildCast, "Where": buildWhere,
		"Split": buildSplit, "Trilu": buildTrilu, "ConstantOfShape": buildConstantOfShape, "Clip": buildClip,
		"Dropout": func(c *call) (operand, error) { // of inference
			c.attrs.Ignore("ratio", "seed")
			if len(c.in) == 3 && (c.in[2].known == nil || c.in[2].known.I == nil || c.in[2].known.I[0] != 0) {
				return operand{}, c.Errorf("training_mode is not supported")
			}
			return c.in[0], c.arity(1, 3)
		},
		"ReduceSum": buildReduce, "ReduceMean": buildReduce, "ReduceMax": buildReduce,
		"LeakyRelu": func(c *call) (operand, error) {
			slope := float64(c.attrs.Float("alpha", 0.01))
			return c.unary(func(x *graph.Node) *graph.Node { return graph.LeakyRelu(x, slope) })
		},
		"Elu": func(c *call) (operand, error) {
			alpha := float64(c.attrs.Float("alpha", 1))
			return c.unary(func(x *graph.Node) *graph.Node { return graph.Elu(x, alpha) })
		},
	}
	for op, f := range map[string]func(*graph.Node) *graph.Node{
		"Neg": graph.Neg, "Abs": graph.Abs, "Sqrt": graph.Sqrt, "Reciprocal": graph.Recip, "Exp": graph.Exp, "Log": graph.Log,
		"Tanh": graph.Tanh, "Sigmoid": graph.Sigmoid, "Softplus": graph.Softplus, "Erf": graph.Erf, "Relu": graph.Relu,
		"Sin": graph.Sin, "Cos": graph.Cos, "Floor": graph.Floor, "Sign": graph.Sign, "HardSwish": graph.HardSwish,
		"Not": func(x *graph.Node) *graph.Node { return graph.Equal(x, x.Graph().Scalar(0)) },
	} {
		builders[op] = func(c *call) (operand, error) { return c.unary(f) }
	}
	for op, f := range map[string]func(a, b *graph.Node) *graph.Node{
		"Add": graph.Add, "Sub": graph.Sub, "Mul": graph.Mul, "Div": graph.Div, "Pow": graph.Pow, "Max": graph.Max, "Min": graph.Min,
		"Less": graph.Less, "LessOrEqual": graph.LessEqual, "Equal": graph.Equal, "And": graph.Mul, "Or": graph.Max,
		"Greater":        func(a, b *graph.Node) *graph.Node { return graph.Less(b, a) },
		"GreaterOrEqual": func(a, b *graph.Node) *graph.Node { return graph.LessEqual(b, a) },
	} {
		builders[op] = func(c *call) (operand, error) {
			if known, ok, err := c.wholes(integers[op]); ok || err != nil {
				return known, err
			}
			if op == "Div" && len(c.in) == 2 && c.in[0].isWhole() {
				return operand{}, c.Errorf("a division of whole numbers that depend on the input is not supported")
			}
			return c.binary(f)
		}
	}
}

// check is arity, and makes nodes of inputs that are known whole numbers.
func (c *call) check(least, most int) error {
	if err := c.arity(least, most); err != nil {
		return err
	}
	for i := range c.in {
		c.in[i].node = c.in[i].asNode(c.graph)
	}
	return nil
}

// arity reports a wrong number of inputs, one left out, a second result, or attributes
// that nobody read.
func (c *call) arity(least, most int) error {
	if len(c.in) < least || len(c.in) > most {
		return c.Errorf("it has %d inputs, not %d to %d", len(c.in), least, most)
	}
	for i, x := range c.in[:least] {
		if x.node == nil && x.known == nil {
			return c.Errorf("input %d is left out", i)
		}
	}
	for _, name := range c.Outputs[1:] {
		if name != "" && c.Op != "Split" {
			return c.Errorf("its output %q is not supported", name)
		}
	}
	return c.attrs.Done()
}

func (c *call) unary(f func(*graph.Node) *graph.Node) (operand, error) {
	if err := c.check(1, 1); err != nil {
		return operand{}, err
	}
	return operand{node: f(c.in[0].node), layout: c.in[0].layout}, nil
}

// binary keeps the layout of one operand when the other has it, too, or is a scalar.
func (c *call) binary(f func(a, b *graph.Node) *graph.Node) (operand, error) {
	if err := c.check(2, 2); err != nil {
		return operand{}, err
	}
	a, b := c.in[0], c.in[1]
	l := a.layout
	if len(b.node.Shape()) > len(a.node.Shape()) || l == nil {
		l = b.layout
	}
	for _, x := range []operand{a, b} {
		if r := len(x.node.Shape()); r != len(l) && r != 0 {
			l = nil
		}
	}
	side := func(x operand) *graph.Node {
		if len(x.node.Shape()) == 0 {
			return x.node
		}
		return x.as(l)
	}
	return operand{node: f(side(a), side(b)), layout: l}, nil
}

// pair reads an attribute of two numbers, or of one over sequences; def when it is not
// given, and for the axis that is not there.
func (c *call) pair(name string, def int64) ([2]int, error) {
	v := c.attrs.Ints(name)
	switch {
	case v == nil:
		v = []int64{def, def}
	case c.line && len(v) == 1:
		v = []int64{def, v[0]}
	}
	if len(v) != 2 || min(v[0], v[1]) < 0 || max(v[0], v[1]) > 1<<20 {
		return [2]int{}, c.Errorf("%s=%v: only two spatial axes are supported", name, v)
	}
	return [2]int{int(v[0]), int(v[1])}, nil
}

// window reads the attributes that convolutions and poolings share.
func (c *call) window() (stride, dilation [2]int, pads [4]int, err error) {
	if stride, err = c.pair("strides", 1); err != nil {
		return
	}
	if dilation, err = c.pair("dilations", 1); err != nil {
		return
	}
	if auto := c.attrs.String("auto_pad", "NOTSET"); auto != "NOTSET" && auto != "VALID" {
		return stride, dilation, pads, c.Errorf("auto_pad=%s is not supported", auto)
	}
	if p := c.attrs.Ints("pads"); p != nil {
		if c.line && len(p) == 2 {
			p = []int64{0, p[0], 0, p[1]}
		}
		if len(p) != 4 || min(p[0], p[1], p[2], p[3]) < 0 || max(p[0], p[1], p[2], p[3]) > 1<<20 {
			return stride, dilation, pads, c.Errorf("pads=%v is not supported", p)
		}
		pads = [4]int{int(p[0]), int(p[1]), int(p[2]), int(p[3])}
	}
	return
}

func buildConv(c *call) (operand, error) {
	c.line = len(c.in) > 0 && len(c.in[0].shape()) == 3
	stride, dilation, pads, err := c.window()
	if err != nil {
		return operand{}, err
	}
	group := c.attrs.Int("group", 1)
	shape := c.attrs.Ints("kernel_shape")
	extra := [2]int{}
	if c.Op == "ConvTranspose" {
		if extra, err = c.pair("output_padding", 0); err != nil {
			return operand{}, err
		}
	}
	if err := c.check(2, 3); err != nil {
		return operand{}, err
	}
	rank, data, weights := 4, nchw, oihw
	if c.line {
		rank, data, weights = 3, ncl, oik
	}
	for i, x := range c.in[:2] {
		if len(x.node.Shape()) != rank {
			return operand{}, c.Errorf("input %d has shape %v: only one or two spatial axes are supported", i, x.shape())
		}
	}
	x, w := c.in[0].as(data), c.in[1].as(weights)
	taps := w.Shape()[:rank-2]
	for i := range shape {
		if len(shape) != len(taps) || shape[i] != int64(taps[i]) {
			return operand{}, c.Errorf("kernel_shape=%v, the weights have shape %v", shape, c.in[1].shape())
		}
	}
	if group < 1 || group > 1<<20 {
		return operand{}, c.Errorf("group=%d", group)
	}
	a := graph.ConvAttr{Stride: stride, Dilation: dilation, Pad: pads, Groups: int(group)}
	args := []*graph.Node{x, w}
	if c.line { // images of height 1
		x = graph.Reshape(x, x.Shape()[0], 1, x.Shape()[1], x.Shape()[2])
		w = graph.Reshape(w, 1, w.Shape()[0], w.Shape()[1], w.Shape()[2])
	}
	var y *graph.Node
	label, attrs := graph.LabelConv, any(a)
	if c.Op == "Conv" {
		y = graph.Conv(x, w, a)
	} else {
		t := graph.ConvTransposeAttr{ConvAttr: a, OutputPadding: extra}
		label, attrs = graph.LabelConvTranspose, t
		y = graph.ConvTranspose(x, w, t)
	}
	if c.line {
		y = graph.Reshape(y, y.Shape()[0], y.Shape()[2], y.Shape()[3])
	}
	if len(c.in) == 3 && c.in[2].node != nil {
		b := c.in[2].as(nil)
		y, args = graph.Add(y, b), append(args, b)
	}
	return operand{node: graph.Label(y, label, attrs, args...), layout: data}, nil
}

// buildGemm: alpha op(A) op(B) + beta C.
func buildGemm(c *call) (operand, error) {
	alpha, beta := c.attrs.Float("alpha", 1), c.attrs.Float("beta", 1)
	ta, tb := c.attrs.Int("transA", 0) != 0, c.attrs.Int("transB", 0) != 0
	if err := c.check(2, 3); err != nil {
		return operand{}, err
	}
	side := func(x operand, transposed bool) *graph.Node {
		if transposed && len(x.node.Shape()) == 2 {
			return x.as(layout{1, 0})
		}
		return x.as(nil)
	}
	a, b := side(c.in[0], ta), side(c.in[1], tb)
	if len(a.Shape()) != 2 || len(b.Shape()) != 2 {
		return operand{}, c.Errorf("shapes %v and %v: both need two axes", c.in[0].shape(), c.in[1].shape())
	}
	y := graph.MatMul(a, b)
	plain := alpha == 1 && beta == 1 && !ta
	if alpha != 1 {
		y = graph.Scale(y, float64(alpha))
	}
	args := []*graph.Node{a, b}
	if len(c.in) == 3 && c.in[2].node != nil {
		bias := c.in[2].as(nil)
		plain = plain && len(bias.Shape()) == 1
		args = append(args, bias)
		if beta != 1 {
			bias = graph.Scale(bias, float64(beta))
		}
		product := y.Shape()
		if y = graph.Add(y, bias); !y.Shape().Equal(product) {
			return operand{}, c.Errorf("C of shape %v does not broadcast to %v", c.in[2].shape(), product)
		}
	}
	if plain {
		y = graph.Label(y, graph.LabelLinear, nil, args...)
	}
	return operand{node: y}, nil
}

func buildMatMul(c *call) (operand, error) {
	if err := c.check(2, 2); err != nil {
		return operand{}, err
	}
	return operand{node: graph.MatMul(c.in[0].as(nil), c.in[1].as(nil))}, nil
}

func buildFlatten(c *call) (operand, error) {
	axis := int(c.attrs.Int("axis", 1))
	if err := c.check(1, 1); err != nil {
		return operand{}, err
	}
	x := c.in[0].as(nil)
	if axis < 0 {
		axis += len(x.Shape())
	}
	if axis < 0 || axis > len(x.Shape()) {
		return operand{}, c.Errorf("axis %d of shape %v", axis, x.Shape())
	}
	return operand{node: graph.Reshape(x, x.Shape()[:axis].Size(), x.Shape()[axis:].Size())}, nil
}

func buildReshape(c *call) (operand, error) {
	allowZero := c.attrs.Int("allowzero", 0) != 0
	if len(c.in) == 2 && (c.in[1].known == nil || c.in[1].known.I == nil || len(c.in[1].known.Shape) != 1) {
		return operand{}, c.Errorf("its shape is not a constant list of integers")
	}
	var to []int
	if len(c.in) == 2 {
		from := c.in[0].shape()
		for i, d := range c.in[1].known.I {
			switch {
			case d == 0 && !allowZero && i < len(from):
				d = int64(from[i])
			case d == 0 && !allowZero, d < -1, d > 1<<40:
				return operand{}, c.Errorf("shape %v to %v", from, c.in[1].known.I)
			}
			to = append(to, int(d))
		}
		if x := c.in[0]; x.node == nil && x.known != nil {
			return x.reshaped(c, to)
		}
		c.in = c.in[:1]
	} else {
		return operand{}, c.Errorf("it has %d inputs, not 2", len(c.in))
	}
	if err := c.check(1, 1); err != nil {
		return operand{}, err
	}
	return operand{node: graph.Reshape(c.in[0].as(nil), to...)}, nil
}

// buildTranspose computes nothing: the same node is seen with other axes.
func buildTranspose(c *call) (operand, error) {
	perm := c.attrs.Ints("perm")
	if err := c.check(1, 1); err != nil {
		return operand{}, err
	}
	x := c.in[0]
	rank := len(x.node.Shape())
	if perm == nil {
		for i := range rank {
			perm = append(perm, int64(rank-1-i))
		}
	}
	l, have, seen := make(layout, rank), x.layout.of(rank), make([]bool, rank)
	for i, p := range perm {
		if len(perm) != rank || p < 0 || int(p) >= rank || seen[p] {
			return operand{}, c.Errorf("perm %v for shape %v", perm, x.shape())
		}
		seen[p], l[i] = true, have[p]
	}
	return operand{node: x.node, layout: l.plain()}, nil
}
