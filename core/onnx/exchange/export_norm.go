package exchange

import (
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/tensor"
)

// channelsSecond is the layout in files of a value whose last axis are the channels.
func channelsSecond(rank int) layout {
	if rank < 3 {
		return nil
	}
	l := layout(nil).of(rank)
	copy(l[2:], l[1:rank-1])
	l[1] = rank - 1
	return l
}

func exportBatchNorm(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	want := channelsSecond(len(l.Args[0].Shape()))
	x, err := e.as(l.Args[0], want)
	if err != nil {
		return value{}, err
	}
	params, err := e.all(l.Args[1:])
	if err != nil {
		return value{}, err
	}
	return value{e.Op("BatchNormalization", append([]string{x}, params...), onnx.AttrFloat("epsilon", float32(l.Attrs.(float64)))), want}, nil
}

// exportNorm writes a norm over the last axis. RMSNormalization is new in opset 23.
func exportNorm(e *exporter, n *graph.Node) (value, error) {
	a := n.Op().Attr().(graph.NormAttr)
	operands := n.Inputs()
	if a.RMS {
		operands = operands[:2] // its bias is zero
	}
	names, err := e.all(operands)
	if err != nil {
		return value{}, err
	}
	axis, eps := onnx.AttrInt("axis", -1), onnx.AttrFloat("epsilon", a.Eps)
	switch x := names[0]; {
	case !a.RMS:
		return value{e.Op("LayerNormalization", names, axis, eps), nil}, nil
	case e.opset >= 23:
		return value{e.Op("RMSNormalization", names, axis, eps), nil}, nil
	default:
		square := e.reduce("ReduceMean", e.Op("Mul", []string{x, x}), int64(len(n.Shape())-1))
		root := e.Op("Sqrt", []string{e.Op("Add", []string{square, e.Constant(tensor.New(nil, []float32{a.Eps}))})})
		return value{e.Op("Mul", []string{e.Op("Div", []string{x, root}), names[1]}), nil}, nil
	}
}

// exportGroupNorm writes InstanceNormalization for groups of one channel, and
// GroupNormalization for others; before opset 21, which counts its weights by channels,
// as PyTorch does: the groups' instance norm, then weight and bias.
func exportGroupNorm(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	a := l.Attrs.(graph.GroupNormAttr)
	s := l.Args[0].Shape()
	channels, want := s[len(s)-1], channelsSecond(len(s))
	x, err := e.as(l.Args[0], want)
	if err != nil {
		return value{}, err
	}
	params, err := e.all(l.Args[1:])
	if err != nil {
		return value{}, err
	}
	same := func(n int) []string { // weights that change nothing
		one := tensor.New(tensor.Shape{n}, nil)
		for i := range one.F {
			one.F[i] = 1
		}
		return []string{e.Constant(one), e.Constant(tensor.New(tensor.Shape{n}, nil))}
	}
	eps := onnx.AttrFloat("epsilon", float32(a.Eps))
	if a.Groups == channels || e.opset >= 21 {
		if len(params) == 0 {
			params = same(channels)
		}
		if a.Groups == channels {
			return value{e.Op("InstanceNormalization", append([]string{x}, params...), eps), want}, nil
		}
		return value{e.Op("GroupNormalization", append([]string{x}, params...), eps, onnx.AttrInt("num_groups", int64(a.Groups))), want}, nil
	}
	grouped := e.Op("Reshape", []string{x, e.ints(0, int64(a.Groups), -1)})
	y := e.Op("InstanceNormalization", append([]string{grouped}, same(a.Groups)...), eps)
	y = e.Op("Reshape", []string{y, e.Op("Shape", []string{x})})
	if len(params) > 0 {
		var axes []int64
		for i := range len(s) - 2 {
			axes = append(axes, int64(i+1))
		}
		for i, op := range []string{"Mul", "Add"} {
			p := params[i]
			if len(axes) > 0 {
				p = e.Op("Unsqueeze", []string{p, e.ints(axes...)})
			}
			y = e.Op(op, []string{y, p})
		}
	}
	return value{y, want}, nil
}

func exportSoftmax(e *exporter, n *graph.Node) (value, error) {
	x, err := e.as(n.Inputs()[0], nil)
	op := "Softmax"
	if n.Op().Attr().(bool) {
		op = "LogSoftmax"
	}
	return value{e.Op(op, []string{x}, onnx.AttrInt("axis", -1)), nil}, err
}

// exportGelu writes Gelu, which opset 20 brought; before, what it is computed by.
func exportGelu(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	if e.opset < 20 {
		op := n.Inputs()[0].Op()
		return e.value(op.Def().Define(op.Attr(), n.Inputs()[0].Inputs()))
	}
	v, err := e.value(l.Args[0])
	how := "none"
	if l.Attrs.(bool) {
		how = "tanh"
	}
	return value{e.Op("Gelu", []string{v.name}, onnx.AttrString("approximate", how)), v.layout}, err
}

func poolAttrs(a graph.PoolAttr) []onnx.Attr {
	return []onnx.Attr{
		onnx.AttrInts("kernel_shape", int64(a.Kernel[0]), int64(a.Kernel[1])),
		onnx.AttrInts("pads", int64(a.Pad[0]), int64(a.Pad[1]), int64(a.Pad[2]), int64(a.Pad[3])),
		onnx.AttrInts("strides", int64(a.Stride[0]), int64(a.Stride[1])),
	}
}

func exportMaxPool(e *exporter, n *graph.Node) (value, error) {
	x, err := e.as(n.Inputs()[0], nchw)
	return value{e.Op("MaxPool", []string{x}, poolAttrs(n.Op().Attr().(graph.PoolAttr))...), nchw}, err
}

func exportMeanPool(e *exporter, n *graph.Node) (value, error) {
	x, err := e.as(n.Inputs()[0], nchw)
	a := n.Op().Attr().(graph.MeanPoolAttr)
	attrs := poolAttrs(a.PoolAttr)
	if a.CountPad {
		attrs = append([]onnx.Attr{onnx.AttrInt("count_include_pad", 1)}, attrs...)
	}
	return value{e.Op("AveragePool", []string{x}, attrs...), nchw}, err
}

func exportGlobalPool(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	x, err := e.as(l.Args[0], nchw)
	return value{e.Op("GlobalAveragePool", []string{x}), nchw}, err
}
