package exchange

import (
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// exports writes ops by their name; what is missing here has no operator.
var exports map[string]export

func init() {
	exports = map[string]export{
		"Reshape": exportReshape, "Transpose": exportTranspose, "Expand": exportExpand, "Slice": exportSlice, "Concat": exportConcat, "Place": exportPad, "Gather": exportGather,
		"MatMul": exportMatMul, "MaxPool": exportMaxPool, "MeanPool": exportMeanPool, "Sum": exportReduce("ReduceSum"), "Amax": exportReduce("ReduceMax"), "Variance": exportVariance,
		"Gate": exportGate, "ConvInput": exportConvInput, "ConvWeight": exportConvWeight, "CrossEntropyGrad": exportCrossEntropyGrad,
		"Softmax": exportSoftmax, "Norm": exportNorm, "Attention": exportAttention,
		"Less": comparison("Less"), "LessEqual": comparison("LessOrEqual"), "Equal": comparison("Equal"), "Where": exportWhere,
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
		names, l, err := e.aligned(n)
		if err != nil {
			return value{}, err
		}
		var as []onnx.Attr
		if attrs != nil {
			as = attrs(n)
		}
		return value{e.Op(op, names, as...), l}, nil
	}
}

// comparison writes one; as a number it is cast from bool.
func comparison(op string) export {
	return func(e *exporter, n *graph.Node) (value, error) {
		names, l, err := e.aligned(n)
		if err != nil {
			return value{}, err
		}
		e.truths[n] = e.Op(op, names)
		return value{e.cast(e.truths[n], pb.Float), l}, nil
	}
}

func exportWhere(e *exporter, n *graph.Node) (value, error) {
	names, l, err := e.aligned(n)
	if err != nil {
		return value{}, err
	}
	condition := n.Inputs()[0]
	v, err := e.value(condition)
	if err != nil {
		return value{}, err
	}
	if truth := e.truths[condition.Unlabelled()]; truth != "" && v.name == names[0] {
		names[0] = truth
	} else {
		names[0] = e.cast(names[0], pb.Bool)
	}
	return value{e.Op("Where", names), l}, nil
}

// exportTranspose writes nothing: the same value is seen with other axes.
func exportTranspose(e *exporter, n *graph.Node) (value, error) {
	v, err := e.value(n.Inputs()[0])
	return value{v.name, v.layout.transposed(n.Op().Attr().(graph.Perm))}, err
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

// labels writes what layers say they are.
var labels map[string]export

func init() {
	labels = map[string]export{
		graph.LabelLinear: exportLinear, graph.LabelMatMul: exportProduct, graph.LabelConv: exportConv, graph.LabelConvTranspose: exportConv,
		graph.LabelBatchNorm: exportBatchNorm, graph.LabelGroupNorm: exportGroupNorm, graph.LabelGelu: exportGelu, graph.LabelGlobalPool: exportGlobalPool,
		graph.LabelRecurrent: exportRecurrent,
		graph.LabelIdentity: func(e *exporter, n *graph.Node) (value, error) {
			l, _ := n.Label()
			return e.value(l.Args[0])
		},
	}
}

func exportProduct(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	names, err := e.all(l.Args)
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
	names, err := e.all(l.Args[1:])
	if err != nil {
		return value{}, err
	}
	y := e.Op("MatMul", []string{x, names[0]})
	if len(names) > 1 {
		y = e.Op("Add", []string{y, names[1]})
	}
	return value{y, nil}, nil
}

// ncl and oik are how files lay out sequences [N,L,C], and the weights [L,C,K] of a
// convolution over them.
var ncl, oik = layout{0, 2, 1}, layout{2, 1, 0}

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
	wants := []layout{nchw, oihw, nil}
	w := l.Args[1].Shape()
	spatial := func(a ...int) []int64 { // the axes that there are
		out := make([]int64, len(a))
		for i := range a {
			out[i] = int64(a[i])
		}
		return out
	}
	if len(w) == 3 {
		wants = []layout{ncl, oik, nil}
		spatial = func(a ...int) []int64 { // the second of each pair
			var out []int64
			for i := 1; i < len(a); i += 2 {
				out = append(out, int64(a[i]))
			}
			return out
		}
		w = append(tensor.Shape{1}, w...)
	}
	var names []string
	for i, x := range l.Args {
		name, err := e.as(x, wants[i])
		if err != nil {
			return value{}, err
		}
		names = append(names, name)
	}
	attrs := []onnx.Attr{
		onnx.AttrInts("dilations", spatial(a.Dilation[:]...)...),
		onnx.AttrInt("group", int64(a.Groups)),
		onnx.AttrInts("kernel_shape", spatial(w[0], w[1])...),
	}
	op := "Conv"
	if transposed {
		op = "ConvTranspose"
		if t.OutputPadding != [2]int{} {
			attrs = append(attrs, onnx.AttrInts("output_padding", spatial(t.OutputPadding[:]...)...))
		}
	}
	attrs = append(attrs, onnx.AttrInts("pads", spatial(a.Pad[:]...)...), onnx.AttrInts("strides", spatial(a.Stride[:]...)...))
	return value{e.Op(op, names, attrs...), wants[0]}, nil
}
