package onnx

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/onnx/pb"
)

func load(t *testing.T, name string) *pb.Model {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	m, err := pb.Unmarshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func encode(t *testing.T, m *pb.Model) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestMalformed breaks one thing at a time in a good model.
func TestMalformed(t *testing.T) {
	n := func(m *pb.Model, i int) *pb.Node { return m.Graph.Nodes[i] }
	for _, c := range []struct {
		name string
		do   func(m *pb.Model)
		want string // after the break; "" for still good
	}{
		{"nothing", func(m *pb.Model) {}, ""},
		{"no graph", func(m *pb.Model) { m.Graph = nil }, "not an ONNX file: it holds no graph"},
		{"no IR version", func(m *pb.Model) { m.IRVersion = 0 }, "IR version 0"},
		{"no opset", func(m *pb.Model) { m.OpsetImports = nil }, `(Gemm, opset 0): the model does not import its domain ""`},
		{"opset of another domain", func(m *pb.Model) { m.OpsetImports[0].Domain = "com.x" }, "does not import its domain"},
		{"ai.onnx spelled out", func(m *pb.Model) { m.OpsetImports[0].Domain = "ai.onnx"; n(m, 1).Domain = "ai.onnx" }, ""},
		{"opset twice", func(m *pb.Model) { m.OpsetImports = append(m.OpsetImports, &pb.OpsetID{Domain: "ai.onnx", Version: 9}) }, "twice"},
		{"negative opset", func(m *pb.Model) { m.OpsetImports[0].Version = -1 }, "version -1"},
		{"order", func(m *pb.Model) { slices.Reverse(m.Graph.Nodes) }, ""},
		{"cycle", func(m *pb.Model) { n(m, 0).Inputs[0] = n(m, 2).Outputs[0] }, `node "/fc1/Gemm" (Gemm, opset 17): it depends on its own result`},
		{"undefined", func(m *pb.Model) { n(m, 1).Inputs[0] = "gone" }, `node "/Relu" (Relu, opset 17): its input "gone" is not defined`},
		{"defined twice", func(m *pb.Model) { n(m, 1).Outputs[0] = n(m, 0).Outputs[0] }, "is defined before"},
		{"output redefines a weight", func(m *pb.Model) { n(m, 1).Outputs[0] = "fc1.bias" }, "is defined before"},
		{"output undefined", func(m *pb.Model) { m.Graph.Outputs[0].Name = "z" }, `output "z" is not defined`},
		{"no outputs", func(m *pb.Model) { m.Graph.Outputs = nil }, "the model has no outputs"},
		{"output is an input", func(m *pb.Model) { m.Graph.Outputs[0].Name = "x" }, ""},
		{"output is a weight", func(m *pb.Model) { m.Graph.Outputs[0].Name = "fc1.bias" }, ""},
		{"no nodes", func(m *pb.Model) { m.Graph.Nodes = nil; m.Graph.Outputs[0].Name = "x" }, ""},
		{"node without outputs", func(m *pb.Model) { n(m, 2).Outputs = nil }, "it has no outputs"},
		{"node without operator", func(m *pb.Model) { n(m, 1).OpType = "" }, "it names no operator"},
		{"node without name", func(m *pb.Model) { n(m, 1).Name = ""; n(m, 1).Inputs[0] = "gone" }, `node 1 (Relu, opset 17)`},
		{"name not UTF-8", func(m *pb.Model) { n(m, 1).Inputs[0] = "\xff" }, "not UTF-8"},
		{"name of an unused input not UTF-8", func(m *pb.Model) { m.Graph.Inputs = append(m.Graph.Inputs, &pb.ValueInfo{Name: "\xff"}) }, "not UTF-8"},
		{"name of an unused weight not UTF-8", func(m *pb.Model) {
			m.Graph.Initializers = append(m.Graph.Initializers, &pb.Tensor{Name: "\xff", DataType: pb.Float, RawData: make([]byte, 4)})
		}, "not UTF-8"},
		{"outputs without names", func(m *pb.Model) { n(m, 1).Outputs = []string{n(m, 1).Outputs[0], "", ""} }, ""},
		{"first output without a name", func(m *pb.Model) { n(m, 1).Outputs = []string{"", "", n(m, 1).Outputs[0]} }, ""},
		{"the same input twice", func(m *pb.Model) { n(m, 1).OpType = "Add"; n(m, 1).Inputs = append(n(m, 1).Inputs, n(m, 1).Inputs[0]) }, ""},
		{"an input left out", func(m *pb.Model) {
			n(m, 1).OpType = "Clip"
			n(m, 1).Inputs = append(n(m, 1).Inputs, "", "fc1.bias", "")
		}, ""},
		{"no inputs", func(m *pb.Model) {
			n(m, 1).OpType = "RandomNormal"
			n(m, 1).Inputs = nil
			n(m, 0).Outputs[0] = "1/input"
		}, ""},
		{"weight twice", func(m *pb.Model) { m.Graph.Initializers = append(m.Graph.Initializers, m.Graph.Initializers[0]) }, `initialiser "fc1.weight" is given twice`},
		{"weight without a name", func(m *pb.Model) { m.Graph.Initializers[0].Name = "" }, "an initialiser has no name"},
		{"sparse", func(m *pb.Model) { m.Graph.SparseInitializers = []*pb.SparseTensor{{}} }, "sparse initialisers are not supported"},
		{"input twice", func(m *pb.Model) { m.Graph.Inputs = append(m.Graph.Inputs, m.Graph.Inputs[0]) }, `input "x" is given twice`},
		{"negative axis of an input", func(m *pb.Model) { *m.Graph.Inputs[0].Type.Tensor.Shape.Dims[1].Value = -6 }, `input "x": axis 1 has the size -6`},
		{"edges", func(m *pb.Model) { n(m, 1).Inputs, n(m, 1).Outputs = make([]string, 1025), make([]string, 1024) }, "more than 1048576 edges"},
		{"function without inputs", func(m *pb.Model) { m.Functions = []*pb.Function{{Name: "Relu"}} }, "has 1 inputs and 1 outputs, its function 0 and 0"},
		{"function twice", func(m *pb.Model) { m.Functions = []*pb.Function{{Name: "F"}, {Name: "F"}} }, "defines the function .F twice"},
		{"function that calls itself", func(m *pb.Model) {
			m.Functions = []*pb.Function{{Name: "Relu", Inputs: []string{"x"}, Outputs: []string{"y"}, Nodes: []*pb.Node{n(m, 1)}}}
		}, "functions call each other more than 64 deep"},
		{"metadata twice", func(m *pb.Model) { m.MetadataProps = []*pb.Entry{{Key: "a"}, {Key: "a"}} }, `metadata "a" twice`},
		{"attribute twice", func(m *pb.Model) { n(m, 0).Attributes[1] = n(m, 0).Attributes[0] }, `attribute "alpha" is given twice`},
		{"attribute without type", func(m *pb.Model) { n(m, 0).Attributes[0].Type = 0 }, ""},
		{"attribute of a function", func(m *pb.Model) { n(m, 0).Attributes[0].RefAttrName = "a" }, "outside of one"},
		{"attribute of unknown type", func(m *pb.Model) { n(m, 0).Attributes[0].Type = 99 }, "type number 99 is not supported"},
	} {
		m := load(t, "mlp_torchscript.onnx")
		c.do(m)
		_, err := Decode(encode(t, m), "")
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage):
			t.Errorf("%s: got %v; want %q", c.name, err, c.want)
		}
	}
}
