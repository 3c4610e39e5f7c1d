package pb

// The messages of onnx.proto, in its order. Names follow Go: a repeated field
// is plural, TensorProto is Tensor. A nil pointer or nil slice is an absent
// field; a zero scalar cannot be told from an absent one, except where absence
// has a meaning of its own and the field is a pointer.

// Attribute is an AttributeProto: one named parameter of a node. Type says
// which of the value fields is in use.
type Attribute struct {
	Name          string
	RefAttrName   string // in a function: the attribute of the caller it stands for
	DocString     string
	Type          AttributeType
	F             *float32
	I             *int64
	S             []byte
	T             *Tensor
	G             *Graph
	SparseTensor  *SparseTensor
	TP            *Type
	Floats        []float32
	Ints          []int64
	Strings       [][]byte
	Tensors       []*Tensor
	Graphs        []*Graph
	SparseTensors []*SparseTensor
	TypeProtos    []*Type
	rest
}

func (m *Attribute) fields(c *codec) {
	str(c, 1, &m.Name)
	optFloat(c, 2, &m.F)
	optVarint(c, 3, &m.I)
	raw(c, 4, &m.S)
	msg(c, 5, &m.T)
	msg(c, 6, &m.G)
	floats(c, 7, &m.Floats, false)
	varints(c, 8, &m.Ints, false)
	raws(c, 9, &m.Strings)
	msgs(c, 10, &m.Tensors)
	msgs(c, 11, &m.Graphs)
	str(c, 13, &m.DocString)
	msg(c, 14, &m.TP)
	msgs(c, 15, &m.TypeProtos)
	varint(c, 20, &m.Type)
	str(c, 21, &m.RefAttrName)
	msg(c, 22, &m.SparseTensor)
	msgs(c, 23, &m.SparseTensors)
}

// ValueInfo is a ValueInfoProto: the name and type of a value.
type ValueInfo struct {
	Name          string
	Type          *Type
	DocString     string
	MetadataProps []*Entry
	rest
}

func (m *ValueInfo) fields(c *codec) {
	str(c, 1, &m.Name)
	msg(c, 2, &m.Type)
	str(c, 3, &m.DocString)
	msgs(c, 4, &m.MetadataProps)
}

// Node is a NodeProto. An empty name among the inputs or outputs is an optional
// one left out.
type Node struct {
	Inputs        []string
	Outputs       []string
	Name          string
	OpType        string
	Domain        string
	Overload      string
	Attributes    []*Attribute
	DocString     string
	MetadataProps []*Entry
	rest
}

func (m *Node) fields(c *codec) {
	strs(c, 1, &m.Inputs)
	strs(c, 2, &m.Outputs)
	str(c, 3, &m.Name)
	str(c, 4, &m.OpType)
	msgs(c, 5, &m.Attributes)
	str(c, 6, &m.DocString)
	str(c, 7, &m.Domain)
	str(c, 8, &m.Overload)
	msgs(c, 9, &m.MetadataProps)
}

// Model is a ModelProto: the whole file.
type Model struct {
	IRVersion       int64
	OpsetImports    []*OpsetID
	ProducerName    string
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	DocString       string
	Graph           *Graph
	MetadataProps   []*Entry
	Functions       []*Function
	rest
}

func (m *Model) fields(c *codec) {
	varint(c, 1, &m.IRVersion)
	str(c, 2, &m.ProducerName)
	str(c, 3, &m.ProducerVersion)
	str(c, 4, &m.Domain)
	varint(c, 5, &m.ModelVersion)
	str(c, 6, &m.DocString)
	msg(c, 7, &m.Graph)
	msgs(c, 8, &m.OpsetImports)
	msgs(c, 14, &m.MetadataProps)
	msgs(c, 25, &m.Functions)
}

// Entry is a StringStringEntryProto.
type Entry struct {
	Key, Value string
	rest
}

func (m *Entry) fields(c *codec) {
	str(c, 1, &m.Key)
	str(c, 2, &m.Value)
}

// Annotation is a TensorAnnotation: which tensors quantise a tensor.
type Annotation struct {
	TensorName  string
	QuantParams []*Entry
	rest
}

func (m *Annotation) fields(c *codec) {
	str(c, 1, &m.TensorName)
	msgs(c, 2, &m.QuantParams)
}

// Graph is a GraphProto: of the model, or the body of a control-flow node.
type Graph struct {
	Nodes                   []*Node
	Name                    string
	Initializers            []*Tensor
	SparseInitializers      []*SparseTensor
	DocString               string
	Inputs                  []*ValueInfo
	Outputs                 []*ValueInfo
	ValueInfos              []*ValueInfo
	QuantizationAnnotations []*Annotation
	MetadataProps           []*Entry
	rest
}

func (m *Graph) fields(c *codec) {
	msgs(c, 1, &m.Nodes)
	str(c, 2, &m.Name)
	msgs(c, 5, &m.Initializers)
	str(c, 10, &m.DocString)
	msgs(c, 11, &m.Inputs)
	msgs(c, 12, &m.Outputs)
	msgs(c, 13, &m.ValueInfos)
	msgs(c, 14, &m.QuantizationAnnotations)
	msgs(c, 15, &m.SparseInitializers)
	msgs(c, 16, &m.MetadataProps)
}

// Tensor is a TensorProto. Its elements are in RawData, little-endian, or in the
// one typed field that belongs to its data type, or in an external file.
type Tensor struct {
	Dims          []int64
	DataType      DataType
	FloatData     []float32 // Float
	Int32Data     []int32   // the integers up to 32 bits, Bool, and the bits of the small floats
	StringData    [][]byte
	Int64Data     []int64
	Name          string
	RawData       []byte
	DoubleData    []float64
	Uint64Data    []uint64 // Uint32 and Uint64
	DocString     string
	ExternalData  []*Entry
	DataLocation  DataLocation
	MetadataProps []*Entry
	rest
}

func (m *Tensor) fields(c *codec) {
	varints(c, 1, &m.Dims, false)
	varint(c, 2, &m.DataType)
	floats(c, 4, &m.FloatData, true)
	varints(c, 5, &m.Int32Data, true)
	raws(c, 6, &m.StringData)
	varints(c, 7, &m.Int64Data, true)
	str(c, 8, &m.Name)
	raw(c, 9, &m.RawData)
	doubles(c, 10, &m.DoubleData)
	varints(c, 11, &m.Uint64Data, true)
	str(c, 12, &m.DocString)
	msgs(c, 13, &m.ExternalData)
	varint(c, 14, &m.DataLocation)
	msgs(c, 16, &m.MetadataProps)
}

// SparseTensor is a SparseTensorProto: the elements that are not zero, and where.
type SparseTensor struct {
	Values  *Tensor
	Indices *Tensor
	Dims    []int64
	rest
}

func (m *SparseTensor) fields(c *codec) {
	msg(c, 1, &m.Values)
	msg(c, 2, &m.Indices)
	varints(c, 3, &m.Dims, false)
}

// OpsetID is an OperatorSetIdProto: the version of a domain's operators.
type OpsetID struct {
	Domain  string
	Version int64
	rest
}

func (m *OpsetID) fields(c *codec) {
	str(c, 1, &m.Domain)
	varint(c, 2, &m.Version)
}

// Function is a FunctionProto: an operator that the model itself defines.
type Function struct {
	Name            string
	Inputs          []string
	Outputs         []string
	Attributes      []string     // without a default
	AttributeProtos []*Attribute // with one
	Nodes           []*Node
	DocString       string
	OpsetImports    []*OpsetID
	Domain          string
	Overload        string
	ValueInfos      []*ValueInfo
	MetadataProps   []*Entry
	rest
}

func (m *Function) fields(c *codec) {
	str(c, 1, &m.Name)
	strs(c, 4, &m.Inputs)
	strs(c, 5, &m.Outputs)
	strs(c, 6, &m.Attributes)
	msgs(c, 7, &m.Nodes)
	str(c, 8, &m.DocString)
	msgs(c, 9, &m.OpsetImports)
	str(c, 10, &m.Domain)
	msgs(c, 11, &m.AttributeProtos)
	msgs(c, 12, &m.ValueInfos)
	str(c, 13, &m.Overload)
	msgs(c, 14, &m.MetadataProps)
}

// Sequence is a SequenceProto, of onnx-data.proto: a list of values of one type. Those
// of a type that is none of tensors, sequences and optional values are unknown fields.
type Sequence struct {
	Name      string
	ElemType  int32
	Tensors   []*Tensor
	Sequences []*Sequence
	Optionals []*OptionalValue
	rest
}

func (m *Sequence) fields(c *codec) {
	str(c, 1, &m.Name)
	varint(c, 2, &m.ElemType)
	msgs(c, 3, &m.Tensors)
	msgs(c, 5, &m.Sequences)
	msgs(c, 7, &m.Optionals)
}

// OptionalValue is an OptionalProto, of onnx-data.proto: a value or, with all members
// nil, none.
type OptionalValue struct {
	Name     string
	ElemType int32
	Tensor   *Tensor
	Sequence *Sequence
	Optional *OptionalValue
	rest
}

func (m *OptionalValue) fields(c *codec) {
	str(c, 1, &m.Name)
	varint(c, 2, &m.ElemType)
	msg(c, 3, &m.Tensor)
	msg(c, 5, &m.Sequence)
	msg(c, 7, &m.Optional)
}
