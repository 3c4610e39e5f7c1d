// Package exchange turns graphs into ONNX models and back: [Export] writes what a
// node computes, [Load] and [Net.Apply] build a graph of a file, and [Net.Run] computes
// a file's results of given values, exactly.
//
// It is where layouts meet. A graph has images NHWC and weights as the kernels want
// them; a file has NCHW and PyTorch's layouts. Every value in here is a node with
// the order of its axes on the other side (layout.go), so that a transposition is
// written, or computed, only where no operator can take the axes as they are.
//
// Sizes of a graph are fixed, those of a file need not be: trace.go finds out which
// numbers depend on a free size.
//
// Reading, a value of the file is an operand (operand.go): known, an array on the host, or
// a node. Operations on operands (arithmetic.go, move.go, reduce.go) compute what is known
// and add nodes for the rest; operators are built of them, in the files ops_*.go, which
// register a rule for each version of theirs (registry.go). A rule reads inputs and
// attributes through a call (call.go) and refuses by panicking, as building a graph does;
// importer.build makes an error about the node of it.
//
// It knows one operator at a time and nothing of training or of whole
// architectures. Start with layout.go, then export.go (with trace.go), or operand.go and
// import.go (with run.go).
package exchange
