package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// DefaultOpset is what a model is written for unless something newer is asked
// for; PyTorch since 1.13 and ONNX Runtime since 1.12 know it.
const DefaultOpset = 17

// irVersions is the IR version with which each opset was released, the least
// that a checker accepts for it (ONNX, Versioning.md). Writers that need what a
// later opset brought must ask for it.
var irVersions = map[int]int64{17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11, 24: 12, 25: 13}

// Writable reports whether models can be written for the opset.
func Writable(opset int) bool { return irVersions[opset] != 0 }

// Builder puts a model together, a node after those it uses. The same calls give
// the same bytes.
//
//	b := onnx.NewBuilder("mlp", onnx.DefaultOpset)
//	x := b.AddInput("x", pb.Float, onnx.Named("batch"), onnx.Fixed(784))
//	w := b.AddInitializer("fc.weight", weight) // [10,784]
//	y := b.Op("Gemm", []string{x, w}, onnx.AttrInt("transB", 1))
//	b.AddOutput("logits", y, pb.Float, onnx.Named("batch"), onnx.Fixed(10))
//	err := b.WriteFile("model.onnx")
//
// Its methods return names of values. A mistake, which is the caller's, is kept
// and returned by Encode and WriteFile; the first one counts.
type Builder struct {
	model   *pb.Model
	values  map[string]*pb.Node // name → the node that makes it, nil for none
	renamed map[string]string   // name of a value → its name as an output
	count   map[string]int      // operator → nodes so far
	err     error
}

// NewBuilder starts a model whose graph has that name.
func NewBuilder(name string, opset int) *Builder {
	b := &Builder{values: map[string]*pb.Node{}, renamed: map[string]string{}, count: map[string]int{},
		model: &pb.Model{IRVersion: irVersions[opset], ProducerName: "lab", Graph: &pb.Graph{Name: name},
			OpsetImports: []*pb.OpsetID{{Version: int64(opset)}}}}
	if irVersions[opset] == 0 {
		b.fail("opset %d cannot be written, only %d to 25", opset, DefaultOpset)
	}
	return b
}

// Fixed is an axis of known size.
func Fixed(size int) Dim { return Dim{Size: size} }

// Named is an axis whose size is free, but the same wherever the name occurs.
func Named(param string) Dim { return Dim{Size: -1, Param: param} }

// AddInput declares a tensor that the caller of the model feeds.
func (b *Builder) AddInput(name string, t pb.DataType, dims ...Dim) string {
	b.define(name, nil)
	b.model.Graph.Inputs = append(b.model.Graph.Inputs, b.valueInfo(name, t, dims))
	return name
}

// AddInitializer adds a parameter, float32 or int64. Parameters have the names
// and layouts of the PyTorch state_dict; whatever is not in there is a Constant.
// The tensor's values are copied.
func (b *Builder) AddInitializer(name string, t *tensor.Tensor) string {
	b.define(name, nil)
	p := b.tensor(t)
	p.Name = name
	b.model.Graph.Initializers = append(b.model.Graph.Initializers, p)
	return name
}

// Constant adds a Constant node.
func (b *Builder) Constant(t *tensor.Tensor) string {
	return b.Op("Constant", nil, AttrTensor("value", t))
}

// Op adds a node with one output.
func (b *Builder) Op(op string, inputs []string, attrs ...Attr) string {
	return b.Node(op, inputs, 1, attrs...)[0]
}

// Node adds a node of the ai.onnx operator and returns the names of its n
// outputs, at least one. An input named "" is an optional one left out. Names count the nodes
// of an operator: Conv_0, Conv_1.
func (b *Builder) Node(op string, inputs []string, n int, attrs ...Attr) []string {
	p := &pb.Node{OpType: op, Inputs: make([]string, len(inputs)), Outputs: make([]string, max(n, 1))}
	for taken := true; taken; {
		p.Name = fmt.Sprintf("%s_%d", op, b.count[op])
		b.count[op]++
		taken = false
		for i := range p.Outputs {
			p.Outputs[i] = p.Name + "_out"
			if n > 1 {
				p.Outputs[i] += fmt.Sprint(i)
			}
			_, used := b.values[p.Outputs[i]]
			taken = taken || used
		}
	}
	for i, name := range inputs {
		if to, ok := b.renamed[name]; ok {
			name = to
		}
		if _, ok := b.values[name]; !ok && name != "" {
			b.fail("input %q of %s is not defined", name, p.Name)
		}
		p.Inputs[i] = name
	}
	for _, name := range p.Outputs {
		b.define(name, p)
	}
	for _, a := range attrs {
		p.Attributes = append(p.Attributes, b.attribute(a))
	}
	b.model.Graph.Nodes = append(b.model.Graph.Nodes, p)
	return slices.Clone(p.Outputs) // AddOutput may rename them
}

// AddOutput makes a value an output of the model under the name. The node that
// makes the value has it under that name, too; a parameter, an input or another
// output goes through an Identity.
func (b *Builder) AddOutput(name, value string, t pb.DataType, dims ...Dim) {
	node := b.values[value]
	if node == nil {
		value = b.Op("Identity", []string{value})
		node = b.values[value]
	}
	delete(b.values, value)
	b.define(name, nil) // no node, so that it is not renamed once more
	b.renamed[value] = name
	for _, n := range b.model.Graph.Nodes {
		for i := range n.Inputs {
			if n.Inputs[i] == value {
				n.Inputs[i] = name
			}
		}
	}
	if i := slices.Index(node.Outputs, value); i >= 0 {
		node.Outputs[i] = name
	}
	b.model.Graph.Outputs = append(b.model.Graph.Outputs, b.valueInfo(name, t, dims))
}

// SetMetadata sets one of the model's metadata_props.
func (b *Builder) SetMetadata(key, value string) {
	for _, e := range b.model.MetadataProps {
		if e.Key == key {
			e.Value = value
			return
		}
	}
	b.model.MetadataProps = append(b.model.MetadataProps, &pb.Entry{Key: key, Value: value})
}

// done is the whole model, or the first mistake.
func (b *Builder) done() (*pb.Model, error) {
	if len(b.model.Graph.Outputs) == 0 {
		b.fail("the model has no outputs")
	}
	slices.SortFunc(b.model.MetadataProps, func(x, y *pb.Entry) int { return strings.Compare(x.Key, y.Key) })
	return b.model, b.err
}

// Encode returns the file's bytes.
func (b *Builder) Encode() ([]byte, error) {
	model, err := b.done()
	if err != nil {
		return nil, err
	}
	out, err := model.Marshal()
	if err != nil {
		return nil, fmt.Errorf("write the model %s: %w", b.model.Graph.Name, err)
	}
	return out, nil
}

// WriteFile writes the model to path: all of it or, on an error, nothing.
func (b *Builder) WriteFile(path string) error {
	out, err := b.Encode()
	if err != nil {
		return err
	}
	return writeFile(path, out)
}

// WriteExternal writes the model to path, its larger weights to path.data beside it, as
// models beyond two gigabytes need it.
func (b *Builder) WriteExternal(path string) error {
	model, err := b.done()
	if err != nil {
		return err
	}
	return writeExternal(path, model)
}

func (b *Builder) fail(format string, args ...any) {
	if b.err == nil {
		b.err = fmt.Errorf("write the model %s: %s", b.model.Graph.Name, fmt.Sprintf(format, args...))
	}
}

func (b *Builder) define(name string, by *pb.Node) {
	if name == "" {
		b.fail("a value has no name")
	}
	if _, twice := b.values[name]; twice {
		b.fail("the name %q is used twice", name)
	}
	b.values[name] = by
}

func (b *Builder) valueInfo(name string, t pb.DataType, dims []Dim) *pb.ValueInfo {
	shape := &pb.Shape{Dims: make([]*pb.Dim, len(dims))}
	for i, d := range dims {
		shape.Dims[i] = &pb.Dim{Param: d.Param}
		if d.Param == "" && d.Size >= 0 {
			size := int64(d.Size)
			shape.Dims[i].Value = &size
		}
	}
	return &pb.ValueInfo{Name: name, Type: &pb.Type{Tensor: &pb.TensorType{ElemType: t, Shape: shape}}}
}

func (b *Builder) tensor(t *tensor.Tensor) *pb.Tensor {
	if t == nil {
		b.fail("a tensor is nil")
		return &pb.Tensor{}
	}
	if len(t.F)+len(t.I) != t.Shape.Size() {
		b.fail("a tensor of shape %v has %d values", t.Shape, len(t.F)+len(t.I))
	}
	p := &pb.Tensor{DataType: pb.Float, Dims: make([]int64, len(t.Shape))}
	if t.I != nil {
		p.DataType = pb.Int64
	}
	for i, d := range t.Shape {
		p.Dims[i] = int64(d)
	}
	p.RawData = appendRaw(make([]byte, 0, rawSize(t)), t)
	return p
}

// appendRaw appends the little-endian bytes of a tensor.
func appendRaw(b []byte, t *tensor.Tensor) []byte {
	for _, v := range t.I {
		b = binary.LittleEndian.AppendUint64(b, uint64(v))
	}
	for _, v := range t.F {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func rawSize(t *tensor.Tensor) int { return 8*len(t.I) + 4*len(t.F) }

func (b *Builder) attribute(a Attr) *pb.Attribute {
	p := &pb.Attribute{Name: a.Name, Type: a.Type}
	switch a.Type {
	case pb.AttrFloat:
		p.F = &a.Float
	case pb.AttrInt:
		p.I = &a.Int
	case pb.AttrString:
		p.S = []byte(a.String)
	case pb.AttrFloats:
		p.Floats = a.Floats
	case pb.AttrInts:
		p.Ints = a.Ints
	case pb.AttrStrings:
		for _, s := range a.Strings {
			p.Strings = append(p.Strings, []byte(s))
		}
	case pb.AttrTensor:
		p.T = b.tensor(a.Tensor.Tensor)
	default:
		b.fail("attribute %s of type %v cannot be written", a.Name, a.Type)
	}
	return p
}

// AttrInt is an attribute for Builder.Node.
func AttrInt(name string, v int64) Attr { return Attr{Name: name, Type: pb.AttrInt, Int: v} }

// AttrFloat is an attribute for Builder.Node.
func AttrFloat(name string, v float32) Attr { return Attr{Name: name, Type: pb.AttrFloat, Float: v} }

// AttrString is an attribute for Builder.Node.
func AttrString(name, v string) Attr { return Attr{Name: name, Type: pb.AttrString, String: v} }

// AttrInts is an attribute for Builder.Node.
func AttrInts(name string, v ...int64) Attr { return Attr{Name: name, Type: pb.AttrInts, Ints: v} }

// AttrStrings is an attribute for Builder.Node.
func AttrStrings(name string, v ...string) Attr {
	return Attr{Name: name, Type: pb.AttrStrings, Strings: v}
}

// AttrTensor is an attribute for Builder.Node.
func AttrTensor(name string, t *tensor.Tensor) Attr {
	return Attr{Name: name, Type: pb.AttrTensor, Tensor: Weight{Tensor: t}}
}
