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
