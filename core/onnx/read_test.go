package onnx

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// debianModels are the models of Debian's libonnx-testdata.
const debianModels = "/usr/share/libonnx-testdata/data/*/*/model.onnx"

// TestReadConformanceModels reads every model of ONNX's own test suite. Reading
// compares what onnx-go recorded with the file, so none may fail.
func TestReadConformanceModels(t *testing.T) {
	paths, _ := filepath.Glob(debianModels)
	if len(paths) == 0 {
		t.Skip("libonnx-testdata is not installed (apt-get install libonnx-testdata)")
	}
	nodes := 0
	for _, p := range paths {
		m, err := Read(p)
		if err != nil {
			t.Error(err)
			continue
		}
		nodes += len(m.Nodes)
	}
	t.Logf("%d models, %d nodes", len(paths), nodes)
}

// TestStateDict compares the initialisers of models from both of PyTorch's
// exporters with the state_dict that PyTorch saved beside them, bit for bit.
func TestStateDict(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.safetensors")
	if len(paths) != 10 {
		t.Fatalf("%d state_dicts, want 10", len(paths))
	}
	for _, p := range paths {
		m, err := Read(strings.TrimSuffix(p, ".safetensors") + ".onnx")
		if err != nil {
			t.Error(err)
			continue
		}
		want, meta, err := ReadSafetensors(p)
		if err != nil {
			t.Error(err)
			continue
		}
		got := m.StateDict()
		if len(got) != len(want) || meta["format"] != "pt" {
			t.Errorf("%s: %d initialisers, want %d", p, len(got), len(want))
		}
		for _, w := range want {
			g := got[w.Name]
			if g == nil || !g.Shape.Equal(w.Tensor.Shape) || !slices.Equal(g.F, w.Tensor.F) || w.Type != pb.Float {
				t.Errorf("%s: %s differs", p, w.Name)
			}
		}
		x := m.Inputs[0]
		if len(m.Inputs) != 1 || x.Name != "x" || x.Dims[0] != (Dim{-1, "batch"}) || m.Outputs[0].Name != "y" {
			t.Errorf("%s: inputs %v", p, m.Inputs)
		}
		if !strings.HasPrefix(m.Producer, "pytorch ") {
			t.Errorf("%s: producer %q", p, m.Producer)
		}
	}
}

func read(t *testing.T, name string) *Model {
	t.Helper()
	m, err := Read(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func ops(m *Model) string {
	var s []string
	for _, n := range m.Nodes {
		s = append(s, n.Op)
	}
	return strings.Join(s, " ")
}

func TestReadMLP(t *testing.T) {
	m := read(t, "mlp_torchscript.onnx")
	if got := ops(m); got != "Gemm Relu Gemm" {
		t.Errorf("nodes %s", got)
	}
	n := m.Nodes[0]
	if n.String() != `node "/fc1/Gemm" (Gemm, opset 17)` || n.Inputs[2] != "fc1.bias" {
		t.Errorf("got %v with inputs %q", n, n.Inputs)
	}
	a := n.Attrs()
	if a.Int("transB", 0) != 1 || a.Float("alpha", 0) != 1 || a.Float("beta", 0) != 1 || a.Int("transA", 7) != 7 || a.Done() != nil {
		t.Errorf("attributes %+v", n.attrs)
	}
	if got := m.Inputs[0].String(); got != "float[batch, 6]" {
		t.Errorf("input %s", got)
	}
}

// Equal parameters came out of the exporter as one and an Identity; they must be
// two again, for training one must not move the other.
func TestIdentityOfInitializerIsACopy(t *testing.T) {
	m := read(t, "norms_torchscript.onnx")
	if got := ops(m); got != "LayerNormalization Relu LayerNormalization" {
		t.Errorf("nodes %s", got)
	}
	sd := m.StateDict()
	sd["a.weight"].F[0] = 5
	if sd["b.weight"].F[0] != 1 {
		t.Error("b.weight is tied to a.weight")
	}
	if m.Nodes[2].Inputs[1] != "b.weight" {
		t.Errorf("inputs %q", m.Nodes[2].Inputs)
	}
}

func TestConstantNodesAreNoParameters(t *testing.T) {
	m := read(t, "discriminator_dynamo.onnx")
	if got := ops(m); got != "Shape Squeeze Conv LeakyRelu Reshape Concat Reshape Gemm" {
		t.Errorf("nodes %s", got)
	}
	if len(m.Constants) != 2 || m.Constants[0].Name != "val_1" || !slices.Equal(m.Constants[0].Tensor.I, []int64{-1}) {
		t.Errorf("constants %v", m.Constants)
	}
}

func TestIR3InitializersAreNoInputs(t *testing.T) {
	m := read(t, "ir3.onnx")
	if len(m.Inputs) != 1 || m.Inputs[0].Name != "x" || m.Initializers[0].Name != "w" {
		t.Errorf("inputs %v, initialisers %v", m.Inputs, m.Initializers)
	}
}

func TestBodiesTakeValuesFromAround(t *testing.T) {
	m := read(t, "captures.onnx")
	if got := ops(m); got != "Relu If" {
		t.Errorf("nodes %s", got)
	}
	file := load(t, "captures.onnx")
	slices.Reverse(file.Graph.Nodes)
	back, err := Decode(encode(t, file), "")
	if err != nil || ops(back) != "Relu If" {
		t.Errorf("reversed: %v", err)
	}
	file.Graph.Nodes[1].Outputs[0] = "other"
	if _, err := Decode(encode(t, file), ""); err == nil || !strings.Contains(err.Error(), `node "if" (If, opset 17): its input "h" is not defined`) {
		t.Errorf("got %v", err)
	}
	a := m.Nodes[1].Attrs()
	if g := a.Graph("then_branch"); g == nil || g.Nodes[0].Op != "Neg" {
		t.Error("no body")
	}
}

func TestReadFails(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text.onnx")
	if err := os.WriteFile(text, []byte("not a model"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none.onnx"): "none.onnx: there is no such file",
		dir:                             "is no regular file",
		text:                            "text.onnx: not an ONNX file: in a Model: ",
	} {
		_, err := Read(path)
		if err == nil || !strings.Contains(err.Error(), want) || core.KindOf(err) != core.Usage {
			t.Errorf("got %v; want %q", err, want)
		}
	}
	if _, err := Decode(nil, ""); err == nil {
		t.Error("an empty file was read")
	}
}

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

func TestConstant(t *testing.T) {
	f, i := float32(2.5), int64(-3)
	for _, c := range []struct {
		a    *pb.Attribute
		want *tensor.Tensor
		err  string
	}{
		{&pb.Attribute{Name: "value_float", Type: pb.AttrFloat, F: &f}, tensor.New(nil, []float32{2.5}), ""},
		{&pb.Attribute{Name: "value_int", Type: pb.AttrInt, I: &i}, tensor.NewInt(nil, []int64{-3}), ""},
		{&pb.Attribute{Name: "value_int", Type: pb.AttrInt}, tensor.NewInt(nil, []int64{0}), ""},
		{&pb.Attribute{Name: "value_ints", Type: pb.AttrInts, Ints: []int64{1, 2}}, tensor.NewInt(tensor.Shape{2}, []int64{1, 2}), ""},
		{&pb.Attribute{Name: "value_floats", Type: pb.AttrFloats}, tensor.New(tensor.Shape{0}, nil), ""},
		{&pb.Attribute{Name: "value", Type: pb.AttrTensor, T: &pb.Tensor{DataType: pb.Bool, RawData: []byte{1}}}, tensor.NewInt(nil, []int64{1}), ""},
		{&pb.Attribute{Name: "value", Type: pb.AttrFloat, F: &f}, nil, `attribute "value" of type float is not supported`},
		{&pb.Attribute{Name: "value", Type: pb.AttrTensor}, nil, "holds no tensor"},
		{&pb.Attribute{Name: "value_text", Type: pb.AttrString}, nil, `node "c" (Constant, opset 17): attribute "value_text" of type string is not supported`},
		{&pb.Attribute{Name: "sparse_value", Type: pb.AttrSparseTensor}, nil, "sparse tensor is not supported"},
	} {
		m := load(t, "mlp_torchscript.onnx")
		m.Graph.Nodes = append(m.Graph.Nodes,
			&pb.Node{OpType: "Constant", Name: "c", Outputs: []string{"c"}, Attributes: []*pb.Attribute{c.a}},
			&pb.Node{OpType: "Identity", Inputs: []string{"c"}, Outputs: []string{"d"}})
		got, err := Decode(encode(t, m), "")
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v; want %q", c.a.Name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.a.Name, err)
			continue
		}
		for _, w := range got.Constants {
			same := w.Tensor.Shape.Equal(c.want.Shape) && slices.Equal(w.Tensor.F, c.want.F) && slices.Equal(w.Tensor.I, c.want.I)
			if !same || (w.Tensor.F == nil) != (c.want.F == nil) {
				t.Errorf("%s: %s is %v; want %v", c.a.Name, w.Name, w.Tensor, c.want)
			}
		}
		if len(got.Constants) != 2 {
			t.Errorf("%s: %d constants", c.a.Name, len(got.Constants))
		}
	}
}

func TestAttrs(t *testing.T) {
	n := &Node{Name: "n", Op: "Op", Opset: 17, attrs: []Attr{AttrInt("axis", 2), {Name: "pads", Type: pb.AttrInts, Ints: []int64{}}, AttrString("mode", "edge")}}
	a := n.Attrs()
	if a.Int("axis", 0) != 2 || a.Ints("pads") == nil || a.Ints("kernel") != nil || a.String("mode", "") != "edge" || a.Done() != nil {
		t.Error("wrong values")
	}
	a = n.Attrs()
	a.Int("axis", 0)
	if err := a.Done(); err == nil || err.Error() != `node "n" (Op, opset 17): attribute "pads", "mode" is not supported` || core.KindOf(err) != core.Usage {
		t.Errorf("got %v", err)
	}
	a.Ignore("pads", "mode")
	if err := a.Done(); err != nil {
		t.Errorf("got %v", err)
	}
	a = n.Attrs()
	if a.Float("axis", 3) != 3 || a.Done() == nil || !strings.Contains(a.Done().Error(), "attribute axis is of type int, want float") {
		t.Errorf("got %v", a.Done())
	}
}

// BenchmarkDecode reads a model of 40 MB of weights and one of 10,000 nodes.
func BenchmarkDecode(b *testing.B) {
	wide := NewBuilder("wide", DefaultOpset)
	wide.AddOutput("y", wide.Op("Relu", []string{wide.AddInitializer("w", tensor.New(tensor.Shape{10_000_000}, nil))}), pb.Float)
	long := NewBuilder("long", DefaultOpset)
	x := long.AddInput("x", pb.Float, Fixed(1))
	for range 10_000 {
		x = long.Op("Relu", []string{x})
	}
	long.AddOutput("y", x, pb.Float)
	for name, model := range map[string]*Builder{"40MB": wide, "10000nodes": long} {
		buf, err := model.Encode()
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Decode(buf, ""); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
