package onnx

import (
	"bytes"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// ramp is a tensor of distinct values.
func ramp(shape ...int) *tensor.Tensor {
	t := tensor.New(shape, nil)
	for i := range t.F {
		t.F[i] = float32(math.Sin(float64(i + 1)))
	}
	return t
}

func mlp(opset int) *Builder {
	b := NewBuilder("mlp", opset)
	x := b.AddInput("x", pb.Float, Named("batch"), Fixed(6))
	w1, b1 := b.AddInitializer("fc1.weight", ramp(4, 6)), b.AddInitializer("fc1.bias", ramp(4))
	w2, b2 := b.AddInitializer("fc2.weight", ramp(3, 4)), b.AddInitializer("fc2.bias", ramp(3))
	h := b.Op("Gemm", []string{x, w1, b1}, AttrInt("transB", 1))
	h = b.Op("Clip", []string{h, b.Constant(tensor.New(nil, []float32{0})), ""})
	y := b.Op("Gemm", []string{h, w2, b2}, AttrInt("transB", 1), AttrFloat("alpha", 1))
	b.AddOutput("logits", y, pb.Float, Named("batch"), Fixed(3))
	b.SetMetadata("lab.recipe", "mlp")
	b.SetMetadata("classes", "a,b,c")
	return b
}

// convnet uses more of the builder: several outputs, int64, attributes of all
// types, outputs that are no node's.
func convnet() *Builder {
	b := NewBuilder("convnet", DefaultOpset)
	x := b.AddInput("x", pb.Float, Named("batch"), Fixed(2), Fixed(4), Fixed(4))
	w := b.AddInitializer("conv.weight", ramp(4, 2, 3, 3))
	y := b.Op("Conv", []string{x, w}, AttrInts("pads", 1, 1, 1, 1), AttrInts("strides", 2, 2))
	halves := b.Node("Split", []string{y, b.Constant(tensor.NewInt(tensor.Shape{2}, []int64{1, 3}))}, 2, AttrInt("axis", 1))
	first := b.Op("Pad", []string{halves[0], b.Constant(tensor.NewInt(tensor.Shape{8}, nil))}, AttrString("mode", "edge"))
	zeros := b.Op("ConstantOfShape", []string{b.Constant(tensor.NewInt(tensor.Shape{1}, []int64{1}))}, AttrTensor("value", tensor.New(tensor.Shape{1}, []float32{7})))
	b.AddOutput("first", first, pb.Float, Named("batch"), Fixed(1), Fixed(2), Fixed(2))
	b.AddOutput("rest", halves[1], pb.Float, Named("batch"), Fixed(3), Fixed(2), Fixed(2))
	b.AddOutput("again", halves[1], pb.Float, Named("batch"), Fixed(3), Fixed(2), Fixed(2)) // renamed already
	b.AddOutput("weight", w, pb.Float, Fixed(4), Fixed(2), Fixed(3), Fixed(3))
	b.AddOutput("sum", b.Op("Add", []string{first, zeros}), pb.Float, Named("batch"), Fixed(1), Fixed(2), Fixed(2))
	return b
}

func TestBuilder(t *testing.T) {
	out, err := mlp(DefaultOpset).Encode()
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := mlp(DefaultOpset).Encode(); !bytes.Equal(out, again) {
		t.Error("the same calls gave other bytes")
	}
	m, err := Decode(out, "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, w := range m.Initializers {
		names = append(names, w.Name)
	}
	if !slices.Equal(names, []string{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) || !slices.Equal(m.StateDict()["fc1.weight"].F, ramp(4, 6).F) {
		t.Errorf("initialisers %v", names)
	}
	if ops(m) != "Gemm Clip Gemm" || m.Nodes[2].Name != "Gemm_1" || m.Nodes[2].Outputs[0] != "logits" || len(m.Constants) != 1 {
		t.Errorf("nodes %v, constants %v", m.Nodes, m.Constants)
	}
	if m.Metadata["lab.recipe"] != "mlp" || m.IRVersion != 8 || m.Opsets[""] != 17 || m.Producer != "lab" {
		t.Errorf("header %+v", m)
	}
	if m.Inputs[0].String() != "float[batch, 6]" || m.Outputs[0].String() != "float[batch, 3]" {
		t.Errorf("%v to %v", m.Inputs, m.Outputs)
	}
}

func TestBuilderOutputs(t *testing.T) {
	out, err := convnet().Encode()
	if err != nil {
		t.Fatal(err)
	}
	m, err := Decode(out, "")
	if err != nil {
		t.Fatal(err)
	}
	if ops(m) != "Conv Split Pad ConstantOfShape Identity Add" {
		t.Errorf("nodes %v", m.Nodes)
	}
	if add := m.Nodes[5]; add.Inputs[0] != "first" {
		t.Errorf("Add reads %q", add.Inputs)
	}
}

func TestBuilderMistakes(t *testing.T) {
	for want, do := range map[string]func(b *Builder){
		`input "z" of Relu_0 is not defined`:  func(b *Builder) { b.Op("Relu", []string{"z"}) },
		`the name "x" is used twice`:          func(b *Builder) { b.AddInitializer("x", ramp(1)) },
		"a value has no name":                 func(b *Builder) { b.AddInitializer("", ramp(1)) },
		"a tensor is nil":                     func(b *Builder) { b.Constant(nil) },
		"a tensor of shape (2) has 1 values":  func(b *Builder) { b.Constant(&tensor.Tensor{Shape: tensor.Shape{2}, F: make([]float32, 1)}) },
		"attribute g of type graph cannot be": func(b *Builder) { b.Op("If", []string{"x"}, Attr{Name: "g", Type: pb.AttrGraph}) },
		`input "gone" of Identity_0`:          func(b *Builder) { b.AddOutput("o", "gone", pb.Float) },
		`the name "fc1.bias" is used twice`:   func(b *Builder) { b.AddOutput("fc1.bias", b.Op("Relu", []string{"x"}), pb.Float) },
	} {
		b := mlp(DefaultOpset)
		do(b)
		if _, err := b.Encode(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
	if _, err := NewBuilder("m", 16).Encode(); err == nil || !strings.Contains(err.Error(), "opset 16 cannot be written") {
		t.Errorf("got %v", err)
	}
	if _, err := NewBuilder("m", 17).Encode(); err == nil || !strings.Contains(err.Error(), "no outputs") {
		t.Errorf("got %v", err)
	}
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.onnx")
	for range 2 { // the second time over the first
		if err := mlp(DefaultOpset).WriteFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Read(path); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	err := mlp(DefaultOpset).WriteFile(filepath.Join(dir, "none", "model.onnx"))
	if core.KindOf(err) != core.Storage || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("got %v", err)
	}
}

// TestPython has ONNX's checker and ONNX Runtime take what the builder writes,
// for every opset, and the safetensors package what this one writes.
func TestPython(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with onnx, onnxruntime and safetensors")
	}
	dir := t.TempDir()
	for opset := range irVersions {
		if err := mlp(opset).WriteFile(filepath.Join(dir, "mlp"+string(rune('a'+opset-17))+".onnx")); err != nil {
			t.Fatal(err)
		}
	}
	if err := convnet().WriteFile(filepath.Join(dir, "convnet.onnx")); err != nil {
		t.Fatal(err)
	}
	sd := map[string]*tensor.Tensor{"w": ramp(2, 3), "n": tensor.NewInt(nil, []int64{-5}), "e": ramp(0, 4)}
	if err := WriteSafetensors(filepath.Join(dir, "w.safetensors"), sd, map[string]string{"by": "lab"}); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/check.py", dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
