package graph

import "lab/core/tensor"

// A label says what a few nodes mean together: "these are a batch norm of x with
// this weight". It is computed, and differentiated, as the nodes it stands for;
// writers of files (core/onnx) see the label and its arguments.

// The labels that layers set, with their arguments and settings.
const (
	LabelLinear        = "Linear"        // x, weight [in,out], bias if any
	LabelMatMul        = "MatMul"        // a, b: any product as in NumPy
	LabelConv          = "Conv"          // x, weight, bias if any; ConvAttr. x [N,L,C] and weight [K,C,out]: the second of each pair
	LabelConvTranspose = "ConvTranspose" // x, weight, bias if any; ConvTransposeAttr, likewise
	LabelBatchNorm     = "BatchNorm"     // x, weight, bias, mean, variance; eps, a float64
	LabelIdentity      = "Identity"      // x: the same value with another gradient
	LabelGelu          = "Gelu"          // x; whether it is the tanh approximation, a bool
	LabelGroupNorm     = "GroupNorm"     // x, weight and bias if any; GroupNormAttr
	LabelGlobalPool    = "GlobalPool"    // x [N,H,W,C]: the mean of each image
	LabelRecurrent     = "Recurrent"     // x [T,B,in], weights [in,gates·H], [H,gates·H], biases, h0, c0 of an LSTM; RecurrentAttr
)

// GroupNormAttr is the attribute of LabelGroupNorm: over the channels of each group,
// the last axis, and all axes but the first. One channel a group is instance norm.
type GroupNormAttr struct {
	Groups int
	Eps    float64
}

// RecurrentAttr is the attribute of LabelRecurrent: one layer in one direction. The node
// is the states of all steps [T,B,H] or, with Cell, what an LSTM keeps after the last one,
// c [B,H]. Gates are in PyTorch's order.
type RecurrentAttr struct {
	Kind           string // "LSTM", "GRU", "tanh", "relu"
	Backward, Cell bool
}

// LabelAttr is the attribute of a label: its name, arguments and settings.
type LabelAttr struct {
	Name  string
	Args  []*Node
	Attrs any
}

func (a LabelAttr) String() string { return a.Name }

var labelDef *Def

func init() {
	labelDef = register(&Def{
		Name: "Label", Alias: true,
		Shape: func(_ any, in []tensor.Shape) (tensor.Shape, error) { return in[0], nil },
		Grad:  func(n, dy *Node) []*Node { return []*Node{dy} },
		Eval:  func(op *Op, out []float64, in [][]float64) { copy(out, in[0]) },
	})
}

// Label marks y as the result of the named layer or function of args.
func Label(y *Node, name string, attrs any, args ...*Node) *Node {
	return apply(labelDef, LabelAttr{name, args, attrs}, y)
}

// Label returns what the node is labelled as, if it is.
func (n *Node) Label() (LabelAttr, bool) {
	if n.op == nil || n.op.def != labelDef {
		return LabelAttr{}, false
	}
	return n.op.attr.(LabelAttr), true
}

// Unlabelled is the node that is computed for n: n itself, or what lies under its
// labels and stops.
func (n *Node) Unlabelled() *Node {
	for n.op != nil && (n.op.def == labelDef || n.op.def == stopDef) {
		n = n.in[0]
	}
	return n
}
