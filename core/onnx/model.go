package onnx

import (
	"fmt"
	"strings"
	"unicode"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Model is an ONNX file as read: its graph, and what is said of the file as a whole.
type Model struct {
	Graph
	IRVersion int64
	Producer  string            // "pytorch 2.15.0"
	Opsets    map[string]int64  // version of each domain's operators; "" is ai.onnx
	Metadata  map[string]string // metadata_props

	file *pb.Model // as it was read
}

// Graph is what a model, or the body of a control-flow node, computes: every name
// defined once, every node after the nodes whose results it uses. A body may also use
// names of the graphs around it.
type Graph struct {
	Name         string
	Inputs       []Value // what a caller feeds; no initialiser is among them
	Outputs      []Value
	Initializers []Weight // in the file's order, then those copied by an Identity
	Constants    []Weight // values of Constant nodes, which are no parameters
	Nodes        []*Node  // in an order in which they can be computed
}

// StateDict is the initialisers by name, as PyTorch's state_dict has them. The
// tensors are the model's own.
func (m *Model) StateDict() map[string]*tensor.Tensor {
	sd := make(map[string]*tensor.Tensor, len(m.Initializers))
	for _, w := range m.Initializers {
		if w.Tensor != nil {
			sd[w.Name] = w.Tensor
		}
	}
	return sd
}

// Weight is a named tensor of a file, as it is stored and as the rest of lab has
// tensors: floats of any size as float32, integers and booleans as int64.
type Weight struct {
	Name   string
	Type   pb.DataType
	Value  *array.Array
	Tensor *tensor.Tensor // nil for text and for numbers out of range

	replaced bool // by [Model.Replace]
}

// Value is an input or output of a model.
type Value struct {
	Name   string
	Kind   Kind
	Type   pb.DataType // element type of a tensor
	Dims   []Dim
	Ranked bool // whether the file says how many Dims there are
}

// Kind is what a value is. Only tensors can be computed with.
type Kind string

// The kinds of value of onnx.proto; an output need not say.
const (
	Tensor       Kind = "tensor"
	SparseTensor Kind = "sparse tensor"
	Sequence     Kind = "sequence"
	Map          Kind = "map"
	Optional     Kind = "optional"
	Unsaid       Kind = ""
)

// Dim is one axis of a value: a size, a name that stands for one (dim_param, the
// same everywhere in a model), or neither.
type Dim struct {
	Size  int    // -1 unless known
	Param string // "" unless named
}

// String formats as "float[batch, 784]", an unknown axis as "?".
func (v Value) String() string {
	if v.Kind != Tensor {
		return string(v.Kind)
	}
	if !v.Ranked {
		return v.Type.String() + "[...]"
	}
	dims := make([]string, len(v.Dims))
	for i, d := range v.Dims {
		switch {
		case d.Param != "":
			dims[i] = d.Param
		case d.Size < 0:
			dims[i] = "?"
		default:
			dims[i] = fmt.Sprint(d.Size)
		}
	}
	return fmt.Sprintf("%v[%s]", v.Type, strings.Join(dims, ", "))
}

// Node is one operation.
type Node struct {
	Index   int      // among the nodes of the file, for messages
	Name    string   // may be empty, and need not be unique
	Domain  string   // "" is ai.onnx
	Op      string   // "Conv"
	Opset   int64    // the version of the domain's operators it is written in
	Inputs  []string // names of values; "" is an optional one left out
	Outputs []string
	attrs   []Attr
}

// String names the node for a message: node "/conv1/Conv" (Conv, opset 17).
func (n *Node) String() string {
	return describe(n.Index, n.Name, n.Domain, n.Op, n.Opset)
}

func describe(index int, name, domain, op string, opset int64) string {
	who := fmt.Sprintf("%q", name)
	if name == "" {
		who = fmt.Sprint(index)
	}
	if op == "" {
		op = "no operator"
	}
	if domain != "" {
		op = domain + "." + op
	}
	if strings.ContainsFunc(op, func(r rune) bool { return !unicode.IsPrint(r) }) {
		op = fmt.Sprintf("%q", op)
	}
	return fmt.Sprintf("node %s (%s, opset %d)", who, op, opset)
}
