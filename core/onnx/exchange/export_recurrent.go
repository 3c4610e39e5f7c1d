package exchange

import (
	"fmt"
	"strings"

	"lab/core/graph"
	"lab/core/onnx"
)

// exportRecurrent writes one layer in one direction as LSTM, GRU or RNN. Initialisers are
// those of PyTorch's state_dict; the file's operators have other orders of gates (ONNX
// operators, LSTM: i o f c; GRU: z r h), which nodes on constants make.
func exportRecurrent(e *exporter, n *graph.Node) (value, error) {
	l, _ := n.Label()
	a := l.Attrs.(graph.RecurrentAttr)
	args := l.Args // x, ih, hh, bih, bhh, h0, c0
	x, err := e.as(args[0], nil)
	if err != nil {
		return value{}, err
	}
	hidden := args[2].Shape()[0]
	var weights []string // [gates·H,in], [gates·H,H], [gates·H], [gates·H]
	for i, p := range args[1:5] {
		want := layout{1, 0}
		if i >= 2 {
			want = nil
		}
		name, err := e.as(p, want)
		if err != nil {
			return value{}, err
		}
		weights = append(weights, e.gates(a.Kind, name, hidden))
	}
	front := func(name string) string { return e.Op("Unsqueeze", []string{name, e.ints(0)}) }
	bias := e.Op("Concat", weights[2:], onnx.AttrInt("axis", 0))
	inputs := []string{x, front(weights[0]), front(weights[1]), front(bias)}
	for i, s := range args[5:] {
		if isZero(s) { // as it is when left out
			continue
		}
		name, err := e.as(s, nil)
		if err != nil {
			return value{}, err
		}
		for len(inputs) < 5+i {
			inputs = append(inputs, "") // no lengths, and perhaps no h0
		}
		inputs = append(inputs, front(name))
	}
	op, attrs := a.Kind, []onnx.Attr{onnx.AttrInt("hidden_size", int64(hidden))}
	direction := "forward"
	if a.Backward {
		direction = "reverse"
	}
	attrs = append(attrs, onnx.AttrString("direction", direction))
	switch a.Kind {
	case "GRU":
		attrs = append(attrs, onnx.AttrInt("linear_before_reset", 1))
	case "tanh", "relu":
		op, attrs = "RNN", append(attrs, onnx.AttrStrings("activations", map[string]string{"tanh": "Tanh", "relu": "Relu"}[a.Kind]))
	}
	key := strings.Join(inputs[:1], "") + fmt.Sprint(a.Kind, a.Backward, args[1:])
	outs := e.cells[key]
	if outs == nil {
		outs = e.Node(op, inputs, map[bool]int{true: 3, false: 2}[a.Kind == "LSTM"], attrs...)
		e.cells[key] = outs
	}
	if a.Cell {
		return value{e.Op("Squeeze", []string{outs[2], e.ints(0)}), nil}, nil // [1,B,H]
	}
	return value{e.Op("Squeeze", []string{outs[0], e.ints(1)}), nil}, nil // [T,1,B,H]
}

// gates puts the parts of a weight along its first axis into the file's order.
func (e *exporter) gates(kind, weight string, hidden int) string {
	order := map[string][]int{"LSTM": {0, 3, 1, 2}, "GRU": {1, 0, 2}}[kind]
	if order == nil {
		return weight
	}
	var parts []string
	for _, k := range order {
		parts = append(parts, e.Op("Slice", []string{weight, e.ints(int64(k * hidden)), e.ints(int64((k + 1) * hidden)), e.ints(0)}))
	}
	return e.Op("Concat", parts, onnx.AttrInt("axis", 0))
}

// isZero reports whether a node is a constant of zeros, of whatever shape.
func isZero(n *graph.Node) bool {
	for n.Op() != nil && n.Op().Def().Name == "Expand" {
		n = n.Inputs()[0]
	}
	for _, v := range n.Const() {
		if v != 0 {
			return false
		}
	}
	return n.Const() != nil
}
