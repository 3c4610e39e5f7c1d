package exchange

import (
	"fmt"
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/onnx"
)

// exportReshape leaves free sizes free: an axis that stays in place is copied, one that
// does not is worked out by the reader, and further ones are computed.
func exportReshape(e *exporter, n *graph.Node) (value, error) {
	operand := n.Inputs()[0]
	from, to := e.extents(operand), e.extents(n)
	v, err := e.value(operand)
	if err != nil {
		return value{}, err
	}
	x := v.name
	if file := v.layout.seen(from); sameElements(file, from) {
		from = file // only axes of size 1 lie elsewhere
	} else if x, err = e.as(operand, nil); err != nil {
		return value{}, err
	}
	first := len(from) > 0 && len(to) > 0 && !to[0].fixed() && from[0].equal(to[0])
	if first && len(to) == 2 { // as PyTorch writes it
		return value{e.Op("Flatten", []string{x}, onnx.AttrInt("axis", 1)), nil}, nil
	}
	shape, open := make([]int64, len(to)), []int(nil)
	for i, d := range to {
		switch {
		case d.fixed():
			shape[i] = int64(d[0])
		case i < len(from) && from[i].equal(d):
			shape[i] = 0
		default:
			open = append(open, i)
		}
	}
	if len(open) > 0 {
		free := slices.IndexFunc(open, func(i int) bool { _, _, ok := e.product(to[i]); return !ok })
		free = max(free, 0)
		shape[open[free]] = -1
		open = slices.Delete(open, free, free+1)
	}
	name, err := e.shape(shape, to, open)
	if err != nil {
		return value{}, fmt.Errorf("reshaping %v to %v: %w", operand.Shape(), n.Shape(), err)
	}
	return value{e.Op("Reshape", []string{x, name}), nil}, nil
}

// seen are the sizes in the file's order.
func (l layout) seen(sizes []extent) []extent {
	out := make([]extent, len(sizes))
	for i, a := range l.of(len(sizes)) {
		out[i] = sizes[a]
	}
	return out
}

// sameElements reports whether two orders of the same axes, none of which is twice there,
// differ in axes of size 1 alone.
func sameElements(a, b []extent) bool {
	long := func(es []extent) (out []*int) {
		for _, e := range es {
			if !e.fixed() || e[0] != 1 {
				out = append(out, &e[0])
			}
		}
		return out
	}
	return slices.Equal(long(a), long(b))
}

// shape is a constant shape, but for the open axes, whose sizes are computed.
func (e *exporter) shape(shape []int64, sizes []extent, open []int) (string, error) {
	if len(open) == 0 {
		return e.ints(shape...), nil
	}
	var parts []string
	for i := 0; i < len(shape); {
		if slices.Contains(open, i) {
			name, err := e.number(sizes[i])
			if err != nil {
				return "", err
			}
			parts = append(parts, name)
			i++
			continue
		}
		k := i
		for k < len(shape) && !slices.Contains(open, k) {
			k++
		}
		parts = append(parts, e.ints(shape[i:k]...))
		i = k
	}
	return e.Op("Concat", parts, onnx.AttrInt("axis", 0)), nil
}

func exportExpand(e *exporter, n *graph.Node) (value, error) {
	operand := n.Inputs()[0]
	x, err := e.as(operand, nil)
	if err != nil {
		return value{}, err
	}
	from, to := e.extents(operand), e.extents(n)
	shape, open := make([]int64, len(to)), []int(nil)
	for i, d := range to {
		k := i - (len(to) - len(from))
		switch {
		case d.fixed():
			shape[i] = int64(d[0])
		case k >= 0 && from[k].equal(d):
			shape[i] = 1 // broadcasts with the operand's
		default:
			open = append(open, i)
		}
	}
	name, err := e.shape(shape, to, open)
	if err != nil {
		return value{}, fmt.Errorf("expanding %v to %v: %w", operand.Shape(), n.Shape(), err)
	}
	return value{e.Op("Expand", []string{x, name}), nil}, nil
}

func exportSlice(e *exporter, n *graph.Node) (value, error) {
	v, err := e.value(n.Inputs()[0])
	if err != nil {
		return value{}, err
	}
	r := n.Op().Attr().(graph.Range)
	size := e.extents(n.Inputs()[0])[r.Axis]
	part := func(f func(graph.Range) int) extent {
		return e.measure(n, func(n *graph.Node) int { return f(n.Op().Attr().(graph.Range)) })
	}
	start, err := e.place(part(func(r graph.Range) int { return r.Start }), size)
	if err != nil {
		return value{}, err
	}
	stops := part(func(r graph.Range) int { return r.Stop })
	stop := ""
	if stops.fixed() && stops[0] == -1 { // before the first; a file's -1 is the last
		stop = e.ints(math.MinInt64)
	} else if stop, err = e.place(stops, size); err != nil {
		return value{}, err
	}
	axis := slices.Index(v.layout.of(len(n.Shape())), r.Axis)
	return value{e.Op("Slice", []string{v.name, start, stop, e.ints(int64(axis)), e.ints(int64(r.Step))}), v.layout}, nil
}

// place is an index into an axis, counted from its end where that is what stays fixed.
func (e *exporter) place(at, size extent) (string, error) {
	fromEnd := at.less(size)
	switch {
	case at.fixed() || !fromEnd.fixed():
		return e.number(at)
	case fromEnd[0] == 0:
		return e.ints(math.MaxInt64), nil
	}
	return e.ints(int64(fromEnd[0])), nil
}

// exportPad writes zeros around a value, along several axes at once where they were added
// one by one.
func exportPad(e *exporter, n *graph.Node) (value, error) {
	pads := map[int][2]int64{}
	for n.Op() != nil && n.Op().Def().Name == "Place" {
		a := n.Op().Attr().(graph.Placement)
		before := e.measure(n, func(n *graph.Node) int { return n.Op().Attr().(graph.Placement).Start })
		after := e.measure(n, func(n *graph.Node) int { p := n.Op().Attr().(graph.Placement); return p.Size - p.Stop })
		if a.Step != 1 || !before.fixed() || !after.fixed() {
			return value{}, fmt.Errorf("zeros between elements, or as many as a free size, cannot be written as ONNX")
		}
		p := pads[a.Axis]
		pads[a.Axis] = [2]int64{p[0] + int64(before[0]), p[1] + int64(after[0])}
		n = n.Inputs()[0]
	}
	v, err := e.value(n)
	if err != nil {
		return value{}, err
	}
	rank := len(n.Shape())
	list := make([]int64, 2*rank)
	for i, a := range v.layout.of(rank) {
		list[i], list[rank+i] = pads[a][0], pads[a][1]
	}
	return value{e.Op("Pad", []string{v.name, e.ints(list...)}), v.layout}, nil
}

func exportConcat(e *exporter, n *graph.Node) (value, error) {
	names, err := e.all(n.Inputs())
	if err != nil {
		return value{}, err
	}
	return value{e.Op("Concat", names, onnx.AttrInt("axis", int64(n.Op().Attr().(int)))), nil}, nil
}

func exportGather(e *exporter, n *graph.Node) (value, error) {
	table, err := e.as(n.Inputs()[0], nil)
	if err != nil {
		return value{}, err
	}
	index, err := e.whole(n.Inputs()[1])
	return value{e.Op("Gather", []string{table, index}), nil}, err
}

func exportReduce(op string) export {
	return func(e *exporter, n *graph.Node) (value, error) {
		x, err := e.as(n.Inputs()[0], nil)
		if err != nil {
			return value{}, err
		}
		return value{e.reduce(op, x, reducedAxes(n)...), nil}, nil
	}
}

func reducedAxes(n *graph.Node) (axes []int64) {
	r := n.Op().Attr().(graph.ReduceAttr)
	for a := r.First; a < r.Last; a++ {
		axes = append(axes, int64(a))
	}
	return axes
}

// exportVariance writes the mean of (x-mean)².
func exportVariance(e *exporter, n *graph.Node) (value, error) {
	operands, err := e.all(n.Inputs())
	if err != nil {
		return value{}, err
	}
	d := e.Op("Sub", operands)
	return value{e.reduce("ReduceMean", e.Op("Mul", []string{d, d}), reducedAxes(n)...), nil}, nil
}

// reduce keeps the axes with size 1.
func (e *exporter) reduce(op, x string, axes ...int64) string {
	if op != "ReduceSum" && e.opset < 18 { // axes became an input with opset 13 (ReduceSum) and 18 (the others)
		return e.Op(op, []string{x}, onnx.AttrInts("axes", axes...))
	}
	return e.Op(op, []string{x, e.ints(axes...)})
}
