package onnx

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"lab/core/onnx/pb"
)

func fn(name string, inputs, outputs []string, nodes ...*pb.Node) *pb.Function {
	return &pb.Function{Name: name, Domain: "f", Inputs: inputs, Outputs: outputs, Nodes: nodes,
		OpsetImports: []*pb.OpsetID{{Version: 13}, {Domain: "f", Version: 1}}}
}

func calls(domain, op string, inputs, outputs []string, attrs ...*pb.Attribute) *pb.Node {
	return &pb.Node{Domain: domain, OpType: op, Inputs: inputs, Outputs: outputs, Attributes: attrs}
}

func names(s ...string) []string { return s }

// wired writes the nodes of a model as "Op(a,b)=c", names of functions' own values as they
// are told apart.
func wired(m *Model) string {
	var s []string
	for _, n := range m.Nodes {
		s = append(s, fmt.Sprintf("%s%d(%s)=%s", n.Op, n.Opset, strings.Join(n.Inputs, ","), strings.Join(n.Outputs, ",")))
	}
	return strings.Join(s, " ")
}

func TestFunctions(t *testing.T) {
	alpha, beta := float32(0.5), float32(0.25)
	leaky := calls("", "LeakyRelu", names("a"), names("t"), &pb.Attribute{Name: "alpha", Type: pb.AttrFloat, RefAttrName: "slope"})
	given := fn("Given", names("a"), names("t"), leaky)
	given.Attributes = names("slope")
	defaulted := fn("Defaulted", names("a"), names("t"), leaky)
	defaulted.AttributeProtos = []*pb.Attribute{{Name: "slope", Type: pb.AttrFloat, F: &beta}}
	body := &pb.Graph{Nodes: []*pb.Node{calls("", "Add", names("a", "t"), names("inner"))}, Outputs: []*pb.ValueInfo{{Name: "inner"}}}
	for _, c := range []struct {
		name      string
		functions []*pb.Function
		nodes     []*pb.Node
		want      string
	}{
		{"two calls", []*pb.Function{fn("F", names("a"), names("b"), calls("", "Neg", names("a"), names("t")), calls("", "Exp", names("t"), names("b")))},
			[]*pb.Node{calls("f", "F", names("x"), names("y")), calls("f", "F", names("y"), names("z"))},
			"Neg13(x)=F#1/t Exp13(F#1/t)=y Neg13(y)=F#2/t Exp13(F#2/t)=z"},
		{"an input left out", []*pb.Function{fn("F", names("a", "lo", "hi"), names("b"), calls("", "Clip", names("a", "lo", "hi"), names("b")))},
			[]*pb.Node{calls("f", "F", names("x", "", "x"), names("z")), calls("f", "F", names("z"), names("w"))},
			"Clip13(x,,x)=z Clip13(z,,)=w"},
		{"an output that nobody asks for", []*pb.Function{fn("F", names("a"), names("b", "c"), calls("", "Neg", names("a"), names("b")), calls("", "Exp", names("a"), names("c")))},
			[]*pb.Node{calls("f", "F", names("x"), names("", "z"))},
			"Neg13(x)=F#1/b Exp13(x)=z"},
		{"an input handed through", []*pb.Function{fn("F", names("a"), names("a"))},
			[]*pb.Node{calls("f", "F", names("x"), names("y")), calls("", "Relu", names("y"), names("z"))},
			"Identity17(x)=y Relu17(y)=z"},
		{"a function of a function", []*pb.Function{fn("G", names("a"), names("b"), calls("f", "F", names("a"), names("b"))), fn("F", names("a"), names("b"), calls("", "Neg", names("a"), names("b")))},
			[]*pb.Node{calls("f", "G", names("x"), names("z"))},
			"Neg13(x)=z"},
	} {
		m := &pb.Model{IRVersion: 8, OpsetImports: []*pb.OpsetID{{Version: 17}, {Domain: "f", Version: 1}}, Functions: c.functions,
			Graph: &pb.Graph{Inputs: []*pb.ValueInfo{{Name: "x"}}, Outputs: []*pb.ValueInfo{{Name: "z"}}, Nodes: c.nodes}}
		got, err := Decode(encode(t, m), "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if wired(got) != c.want {
			t.Errorf("%s: got %s, want %s", c.name, wired(got), c.want)
		}
	}

	// attributes: of the call, by default, and none
	m := &pb.Model{IRVersion: 8, OpsetImports: []*pb.OpsetID{{Version: 17}, {Domain: "f", Version: 1}}, Functions: []*pb.Function{given, defaulted},
		Graph: &pb.Graph{Inputs: []*pb.ValueInfo{{Name: "x"}}, Outputs: []*pb.ValueInfo{{Name: "d"}}, Nodes: []*pb.Node{
			calls("f", "Given", names("x"), names("a"), &pb.Attribute{Name: "slope", Type: pb.AttrFloat, F: &alpha}),
			calls("f", "Given", names("a"), names("b")), calls("f", "Defaulted", names("b"), names("c")),
			calls("f", "Defaulted", names("c"), names("d"), &pb.Attribute{Name: "slope", Type: pb.AttrFloat, F: &alpha})}}}
	got, err := Decode(encode(t, m), "")
	if err != nil {
		t.Fatal(err)
	}
	var slopes []float32
	for _, n := range got.Nodes {
		slopes = append(slopes, n.Attrs().Float("alpha", -1))
	}
	if !slices.Equal(slopes, []float32{0.5, -1, 0.25, 0.5}) {
		t.Errorf("slopes %v", slopes)
	}

	// a body takes the function's values
	m.Functions = []*pb.Function{fn("F", names("a", "c"), names("b"), calls("", "Neg", names("a"), names("t")),
		calls("", "If", names("c"), names("b"), &pb.Attribute{Name: "then_branch", Type: pb.AttrGraph, G: body}, &pb.Attribute{Name: "else_branch", Type: pb.AttrGraph, G: body}))}
	m.Graph.Nodes = []*pb.Node{calls("f", "F", names("x", "x"), names("d"))}
	if got, err = Decode(encode(t, m), ""); err != nil {
		t.Fatal(err)
	}
	g := got.Nodes[1].Attrs().Graph("then_branch")
	if n := g.Nodes[0]; !slices.Equal(n.Inputs, names("x", "F#1/t")) || g.Outputs[0].Name != n.Outputs[0] || n.Opset != 13 {
		t.Errorf("body %+v", n)
	}
}

// Functions that call each other twice double their nodes at every level.
func TestFunctionsAreLimited(t *testing.T) {
	m := &pb.Model{IRVersion: 8, OpsetImports: []*pb.OpsetID{{Version: 17}, {Domain: "f", Version: 1}},
		Graph: &pb.Graph{Inputs: []*pb.ValueInfo{{Name: "x"}}, Outputs: []*pb.ValueInfo{{Name: "y"}}, Nodes: []*pb.Node{calls("f", "F0", names("x"), names("y"))}}}
	for i := range 30 {
		next := fmt.Sprint("F", i+1)
		m.Functions = append(m.Functions, fn(fmt.Sprint("F", i), names("a"), names("c"), calls("f", next, names("a"), names("b")), calls("f", next, names("b"), names("c"))))
	}
	m.Functions = append(m.Functions, fn("F30", names("a"), names("b"), calls("", "Neg", names("a"), names("b"))))
	if _, err := Decode(encode(t, m), ""); err == nil || !strings.Contains(err.Error(), "stand for more than 131072 nodes") {
		t.Errorf("got %v", err)
	}
}
