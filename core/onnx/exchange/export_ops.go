package exchange

import (
	"fmt"
	"slices"

	"lab/core/graph"
	"lab/core/onnx"
)

// exports writes ops by their name; what is missing here has no operator.
var exports map[string]export

func init() {
	exports = map[string]export{
		"Reshape": exportReshape, "Transpose": exportTranspose, "MatMul": exportMatMul, "Expand": exportExpand,
		"Concat": exportConcat, "MaxPool": exportMaxPool, "Sum": exportReduce("ReduceSum"), "Amax": exportReduce("ReduceMax"),
		"StopGradient": func(e *exporter, n *graph.Node) (value, error) { return e.value(n.Inputs()[0]) },
		"LeakyRelu": elementwise("LeakyRelu", func(n *graph.Node) []onnx.Attr {
			return []onnx.Attr{onnx.AttrFloat("alpha", n.Op().Attr().(float32))}
		}),
		"Recip": elementwise("Reciprocal", nil),
	}
	for _, same := range []string{"Neg", "Abs", "Sqrt", "Exp", "Log", "Tanh", "Sigmoid", "Softplus", "Erf", "Relu", "Sin", "Cos",
		"Floor", "Sign", "Add", "Sub", "Mul", "Div", "Max", "Min", "Pow"} {
		exports[same] = elementwise(same, nil)
	}
	exports["Square"] = func(e *exporter, n *graph.Node) (value, error) {
		v, err := e.value(n.Inputs()[0])
		return value{e.Op("Mul", []string{v.name, v.name}), v.layout}, err
	}
	exports["Rsqrt"] = func(e *exporter, n *graph.Node) (value, error) {
		v, err := e.value(n.Inputs()[0])
		return value{e.Op("Reciprocal", []string{e.Op("Sqrt", []string{v.name})}), v.layout}, err
	}
}

// elementwise keeps the layout when all operands have it, or are scalars.
func elementwise(op string, attrs func(n *graph.Node) []onnx.Attr) export {
	return func(e *exporter, n *graph.Node) (value, error) {
		var l layout
		for _, x := range n.Inputs() {
			v, err := e.value(x)
			if err != nil {
				return value{}, err
			}
			if v.layout != nil {
				l = v.layout
			}
		}
		for _, x := range n.Inputs() {
			if rank := len(x.Shape()); rank != len(l) && rank != 0 {
				l = nil
			}
		}
		names := make([]string, len(n.Inputs()))
		for i, x := range n.Inputs() {
			want := l
			if len(x.Shape()) == 0 {
				want = nil
			}
			var err error
			if names[i], err = e.as(x, want); err != nil {
				return value{}, err
			}
		}
		var as []onnx.Attr
		if attrs != nil {
			as = attrs(n)
		}
		return value{e.Op(op, names, as...), l}, nil
	}
}

// exportTranspose writes nothing: the same value is seen with other axes.
func exportTranspose(e *exporter, n *graph.Node) (value, error) {
	v, err := e.value(n.Inputs()[0])
	return value{v.name, v.layout.transposed(n.Op().Attr().(graph.Perm))}, err
}

// exportReshape leaves the batch free: the first axis is kept where both shapes begin
// with it, else the one axis that the batch divides is worked out by the reader.
func exportReshape(e *exporter, n *graph.Node) (value, error) {
	x, err := e.as(n.Inputs()[0], nil)
	if err != nil {
		return value{}, err
	}
	from, to := n.Inputs()[0].Shape(), n.Shape()
	shape := make([]int64, len(to))
	for i, d := range to {
		shape[i] = int64(d)
	}
	if len(from) > 0 && from[0] == e.batch && len(to) > 0 {
		switch {
		case to[0] == e.batch:
			shape[0] = 0
			if len(to) == 2 { // as PyTorch writes Flatten
				return value{e.Op("Flatten", []string{x}, onnx.AttrInt("axis", 1)), nil}, nil
			}
		case to[0]%e.batch == 0:
			shape[0] = -1
		}
	} else if len(to) > 0 && len(from) > 0 && from[0]%e.batch == 0 && to[0] == e.batch {
		shape[0] = -1
	}
	return value{e.Op("Reshape", []string{x, e.ints(shape...)}), nil}, nil
}

func exportExpand(e *exporter, n *graph.Node) (value, error) {
	x := n.Inputs()[0]
	if slices.Contains(n.Shape(), e.batch) && !slices.Contains(x.Shape(), e.batch) {
		return value{}, fmt.Errorf("expanding %v to %v: the size of the batch is not known in the file", x.Shape(), n.Shape())
	}
	v, err := e.as(x, nil)
	if err != nil {
		return value{}, err
	}
	shape := make([]int64, len(n.Shape()))
	for i, d := range n.Shape() {
		if shape[i] = int64(d); d == e.batch {
			shape[i] = 1 // broadcasts with the operand's
		}
	}
	return value{e.Op("Expand", []string{v, e.ints(shape...)}), nil}, nil
}

func exportMatMul(e *exporter, n *graph.Node) (value, error) {
	t := n.Op().Attr().(graph.MatMulAttr)
	var names []string
	for i, x := range n.Inputs() {
		want := layout(nil)
		if []bool{t.TA, t.TB}[i] {
			want = layout(nil).of(len(x.Shape()))
			k := len(want)
			want[k-2], want[k-1] = k-1, k-2
		}
		name, err := e.as(x, want)
		if err != nil {
			return value{}, err
		}
		names = append(names, name)
	}
	return value{e.Op("MatMul", names), nil}, nil
}

func exportConcat(e *exporter, n *graph.Node) (value, error) {
	names, err := e.all(n.Inputs(), nil)
	if err != nil {
		return value{}, err
	}
	return value{e.Op("Concat", names, onnx.AttrInt("axis", int64(n.Op().Attr().(int)))), nil}, nil
}

func exportReduce(op string) export {
	return func(e *exporter, n *graph.Node) (value, error) {
		x, err := e.as(n.Inputs()[0], nil)
		if err != nil {
			return value{}, err
		}
		var axes []int64
		r := n.Op().Attr().(graph.ReduceAttr)
		for a := r.First; a < r.Last; a++ {
			axes = append(axes, int64(a))
		}
		if op != "ReduceSum" && e.opset < 18 { // axes became an input with opset 13 (ReduceSum) and 18 (the others)
			return value{e.Op(op, []string{x}, onnx.AttrInts("axes", axes...)), nil}, nil
		}
		return value{e.Op(op, []string{x, e.ints(axes...)}), nil}, nil
	}
}

// labels writes what layers say they are.
var labels map[string]export

func init() {
	labels = map[string]export{
		graph.LabelLinear: exportLinear, graph.LabelMatMul: exportProduct, graph.LabelConv: exportConv, graph.LabelConvTranspose: exportConv, graph.LabelBatchNorm: exportBatchNorm,
	}
}

func exportProduct(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	names, err := e.all(l.Args, nil)
	if err != nil {
		return value{}, err
	}
	return value{e.Op("MatMul", names), nil}, nil
}

// exportLinear writes Gemm for a matrix, and MatMul by the transposed weight for more
// axes: the initialiser stays [out,in].
func exportLinear(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	x, err := e.as(l.Args[0], nil)
	if err != nil {
		return value{}, err
	}
	if len(l.Args[0].Shape()) == 2 {
		names := []string{x}
		for i, p := range l.Args[1:] {
			want := layout{1, 0}
			if i == 1 {
				want = nil
			}
			name, err := e.as(p, want)
			if err != nil {
				return value{}, err
			}
			names = append(names, name)
		}
		return value{e.Op("Gemm", names, onnx.AttrInt("transB", 1)), nil}, nil
	}
	names, err := e.all(l.Args[1:], nil)
	if err != nil {
		return value{}, err
	}
	y := e.Op("MatMul", []string{x, names[0]})
	if len(names) > 1 {
		y = e.Op("Add", []string{y, names[1]})
	}
	return value{y, nil}, nil
}

// oihw is how files lay out the weights [KH,KW,C,K] of a convolution, and of a
// transposed one ([K,C,KH,KW] is [in,out,KH,KW] there).
var oihw = layout{3, 2, 0, 1}

func exportConv(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	a, transposed := l.Attrs.(graph.ConvAttr)
	t, _ := l.Attrs.(graph.ConvTransposeAttr)
	if transposed = !transposed; transposed {
		a = t.ConvAttr
	}
	var names []string
	for i, x := range l.Args {
		name, err := e.as(x, []layout{nchw, oihw, nil}[i])
		if err != nil {
			return value{}, err
		}
		names = append(names, name)
	}
	w := l.Args[1].Shape()
	attrs := []onnx.Attr{
		onnx.AttrInts("dilations", int64(a.Dilation[0]), int64(a.Dilation[1])),
		onnx.AttrInt("group", int64(a.Groups)),
		onnx.AttrInts("kernel_shape", int64(w[0]), int64(w[1])),
	}
	op := "Conv"
	if transposed {
		op = "ConvTranspose"
		if t.OutputPadding != [2]int{} {
			attrs = append(attrs, onnx.AttrInts("output_padding", int64(t.OutputPadding[0]), int64(t.OutputPadding[1])))
		}
	}
	attrs = append(attrs,
		onnx.AttrInts("pads", int64(a.Pad[0]), int64(a.Pad[1]), int64(a.Pad[2]), int64(a.Pad[3])),
		onnx.AttrInts("strides", int64(a.Stride[0]), int64(a.Stride[1])))
	return value{e.Op(op, names, attrs...), nchw}, nil
}

func exportBatchNorm(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	want := layout(nil)
	if rank := len(l.Args[0].Shape()); rank > 2 { // channels are the second axis in files
		want = layout(nil).of(rank)
		copy(want[2:], want[1:rank-1])
		want[1] = rank - 1
	}
	x, err := e.as(l.Args[0], want)
	if err != nil {
		return value{}, err
	}
	params, err := e.all(l.Args[1:], nil)
	if err != nil {
		return value{}, err
	}
	return value{e.Op("BatchNormalization", append([]string{x}, params...), onnx.AttrFloat("epsilon", float32(l.Attrs.(float64)))), want}, nil
}

// exportMaxPool writes the pooling.
func exportMaxPool(e *exporter, n *graph.Node) (value, error) {
	x, err := e.as(n.Inputs()[0], nchw)
	if err != nil {
		return value{}, err
	}
	a := n.Op().Attr().(graph.PoolAttr)
	return value{e.Op("MaxPool", []string{x},
		onnx.AttrInts("kernel_shape", int64(a.Kernel[0]), int64(a.Kernel[1])),
		onnx.AttrInts("pads", int64(a.Pad[0]), int64(a.Pad[1]), int64(a.Pad[2]), int64(a.Pad[3])),
		onnx.AttrInts("strides", int64(a.Stride[0]), int64(a.Stride[1]))), nchw}, nil
}
