package pb

import "fmt"

// Type is a TypeProto: one of its members is set. The opaque type is kept as an
// unknown field.
type Type struct {
	Tensor       *TensorType
	Sequence     *ElemType
	Map          *MapType
	Optional     *ElemType
	SparseTensor *TensorType
	Denotation   string
	rest
}

func (m *Type) fields(c *codec) {
	if msg(c, 1, &m.Tensor) {
		*m = Type{Tensor: m.Tensor, Denotation: m.Denotation, rest: m.rest}
	}
	if msg(c, 4, &m.Sequence) {
		*m = Type{Sequence: m.Sequence, Denotation: m.Denotation, rest: m.rest}
	}
	if msg(c, 5, &m.Map) {
		*m = Type{Map: m.Map, Denotation: m.Denotation, rest: m.rest}
	}
	str(c, 6, &m.Denotation)
	if msg(c, 8, &m.SparseTensor) {
		*m = Type{SparseTensor: m.SparseTensor, Denotation: m.Denotation, rest: m.rest}
	}
	if msg(c, 9, &m.Optional) {
		*m = Type{Optional: m.Optional, Denotation: m.Denotation, rest: m.rest}
	}
}

// TensorType is the type of a tensor, dense or sparse. A nil shape is one of
// unknown rank.
type TensorType struct {
	ElemType DataType
	Shape    *Shape
	rest
}

func (m *TensorType) fields(c *codec) {
	varint(c, 1, &m.ElemType)
	msg(c, 2, &m.Shape)
}

// ElemType is the type of a sequence or an optional: that of its element.
type ElemType struct {
	Elem *Type
	rest
}

func (m *ElemType) fields(c *codec) { msg(c, 1, &m.Elem) }

// MapType is the type of a map.
type MapType struct {
	Key   DataType
	Value *Type
	rest
}

func (m *MapType) fields(c *codec) {
	varint(c, 1, &m.Key)
	msg(c, 2, &m.Value)
}

// Shape is a TensorShapeProto.
type Shape struct {
	Dims []*Dim
	rest
}

func (m *Shape) fields(c *codec) { msgs(c, 1, &m.Dims) }

// Dim is one axis of a shape: a size, a name, or neither.
type Dim struct {
	Value      *int64
	Param      string
	Denotation string
	rest
}

func (m *Dim) fields(c *codec) {
	if optVarint(c, 1, &m.Value) {
		m.Param = ""
	}
	if str(c, 2, &m.Param) {
		m.Value = nil
	}
	str(c, 3, &m.Denotation)
}

// AttributeType says which field of an attribute is in use. Files of IR version
// 1 leave it out.
type AttributeType int32

// The attribute types of onnx.proto.
const (
	AttrUndefined AttributeType = iota
	AttrFloat
	AttrInt
	AttrString
	AttrTensor
	AttrGraph
	AttrFloats
	AttrInts
	AttrStrings
	AttrTensors
	AttrGraphs
	AttrSparseTensor
	AttrSparseTensors
	AttrType
	AttrTypes
)

var attrNames = [...]string{"undefined", "float", "int", "string", "tensor", "graph", "floats", "ints",
	"strings", "tensors", "graphs", "sparse tensor", "sparse tensors", "type", "types"}

func (t AttributeType) String() string {
	if t < 0 || int(t) >= len(attrNames) {
		return fmt.Sprintf("number %d", int32(t))
	}
	return attrNames[t]
}

// DataLocation says where a tensor's elements are.
type DataLocation int32

// The data locations of onnx.proto.
const (
	InFile   DataLocation = 0
	External DataLocation = 1
)

// DataType is the element type of a tensor.
type DataType int32

// The data types of onnx.proto.
const (
	Undefined  DataType = 0
	Float      DataType = 1
	Uint8      DataType = 2
	Int8       DataType = 3
	Uint16     DataType = 4
	Int16      DataType = 5
	Int32      DataType = 6
	Int64      DataType = 7
	String     DataType = 8
	Bool       DataType = 9
	Float16    DataType = 10
	Double     DataType = 11
	Uint32     DataType = 12
	Uint64     DataType = 13
	Complex64  DataType = 14
	Complex128 DataType = 15
	BFloat16   DataType = 16

	Float8E4M3FN   DataType = 17
	Float8E4M3FNUZ DataType = 18
	Float8E5M2     DataType = 19
	Float8E5M2FNUZ DataType = 20
	Uint4          DataType = 21
	Int4           DataType = 22
	Float4E2M1     DataType = 23
	Float8E8M0     DataType = 24
	Uint2          DataType = 25
	Int2           DataType = 26
	Float6E2M3     DataType = 27
	Float6E3M2     DataType = 28
)

var typeNames = [...]string{"undefined", "float", "uint8", "int8", "uint16", "int16", "int32", "int64",
	"string", "bool", "float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16",
	"float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1",
	"float8e8m0", "uint2", "int2", "float6e2m3", "float6e3m2"}

// String is the name that the ONNX operator documentation uses.
func (t DataType) String() string {
	if t < 0 || int(t) >= len(typeNames) {
		return fmt.Sprintf("number %d", int32(t))
	}
	return typeNames[t]
}
