package exchange

import (
	"fmt"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// ONNX has no gradients. Those of what layers are mostly made of are written in terms of
// other operators, so that a model may learn where it runs: a step of gradient descent is
// then part of it.

// exportGate writes the gradient of a ReLU: dy where x > 0.
func exportGate(e *exporter, n *graph.Node) (value, error) {
	names, l, err := e.aligned(n)
	if err != nil {
		return value{}, err
	}
	zero := e.Constant(tensor.New(nil, []float32{0}))
	return value{e.Op("Where", []string{e.Op("Greater", []string{names[0], zero}), names[1], zero}), l}, nil
}

// exportConvInput writes the gradient of a convolution in its input: ConvTranspose, which
// is defined as that, with what the strides left over as output padding.
func exportConvInput(e *exporter, n *graph.Node) (value, error) {
	a := n.Op().Attr().(graph.ConvAttr)
	y, w := n.Inputs()[0].Shape(), n.Inputs()[1].Shape()
	names, err := e.operands(n, nchw, oihw)
	if err != nil {
		return value{}, err
	}
	var over [2]int
	for i := range over {
		over[i] = a.Size[i] - ((y[i+1]-1)*a.Stride[i] - a.Pad[i] - a.Pad[i+2] + a.Dilation[i]*(w[i]-1) + 1)
	}
	return value{e.Op("ConvTranspose", names, onnx.AttrInts("dilations", pair(a.Dilation)...), onnx.AttrInt("group", int64(a.Groups)),
		onnx.AttrInts("output_padding", pair(over)...), onnx.AttrInts("pads", pads(a)...), onnx.AttrInts("strides", pair(a.Stride)...)), nchw}, nil
}

// exportConvWeight writes the gradient of a convolution in its weight [KH,KW,C,K]: the
// convolution of x, its channels for a batch and its batch for channels, with dy likewise;
// stride and dilation change places. Where the stride does not divide the input evenly it
// has rows and columns too many at the end.
func exportConvWeight(e *exporter, n *graph.Node) (value, error) {
	a := n.Op().Attr().(graph.ConvAttr)
	if a.Groups != 1 {
		return value{}, fmt.Errorf("the gradient of a convolution of %d groups in its weight cannot be written as ONNX", a.Groups)
	}
	channelsFirst := layout{3, 0, 1, 2}
	names, err := e.operands(n, channelsFirst, channelsFirst)
	if err != nil {
		return value{}, err
	}
	w := e.Op("Conv", names, onnx.AttrInts("dilations", pair(a.Stride)...), onnx.AttrInts("pads", pads(a)...), onnx.AttrInts("strides", pair(a.Dilation)...)) // [C,K,≥KH,≥KW]
	w = e.Op("Slice", []string{w, e.ints(0, 0), e.ints(int64(a.Size[0]), int64(a.Size[1])), e.ints(2, 3)})
	return value{w, layout{2, 3, 0, 1}}, nil
}

// exportCrossEntropyGrad writes (softmax(logits) - target) dy of each row; target is the
// label's one, smoothed, and a row without a label has none and no gradient.
func exportCrossEntropyGrad(e *exporter, n *graph.Node) (value, error) {
	names, err := e.all(n.Inputs())
	if err != nil {
		return value{}, err
	}
	classes := n.Shape()[len(n.Shape())-1]
	every := tensor.New(tensor.Shape{classes}, nil)
	for i := range every.F {
		every.F[i] = float32(i)
	}
	last := e.ints(-1)
	label, dy := e.Op("Unsqueeze", []string{names[1], last}), e.Op("Unsqueeze", []string{names[2], last})
	target := e.cast(e.Op("Equal", []string{label, e.Constant(every)}), pb.Float)
	some := e.reduce("ReduceSum", target, -1)
	if s := n.Op().Attr().(float32); s != 0 {
		scaled := func(x string, by float32) string {
			return e.Op("Mul", []string{x, e.Constant(tensor.New(nil, []float32{by}))})
		}
		target = e.Op("Add", []string{scaled(target, 1-s), scaled(some, s/float32(classes))})
	}
	p := e.Op("Mul", []string{e.Op("Softmax", names[:1], onnx.AttrInt("axis", -1)), some})
	return value{e.Op("Mul", []string{e.Op("Sub", []string{p, target}), dy}), nil}, nil
}

// operands returns the values of a node's two operands in the given layouts.
func (e *exporter) operands(n *graph.Node, first, second layout) ([]string, error) {
	a, err := e.as(n.Inputs()[0], first)
	if err != nil {
		return nil, err
	}
	b, err := e.as(n.Inputs()[1], second)
	return []string{a, b}, err
}

func pair(a [2]int) []int64 { return []int64{int64(a[0]), int64(a[1])} }

func pads(a graph.ConvAttr) []int64 {
	return []int64{int64(a.Pad[0]), int64(a.Pad[1]), int64(a.Pad[2]), int64(a.Pad[3])}
}
