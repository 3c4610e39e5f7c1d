// Package exchange turns graphs into ONNX models and back: [Export] writes what a
// node computes, [Load] and [Net.Apply] build a graph of a file.
//
// It is where layouts meet. A graph has images NHWC and weights as the kernels want
// them; a file has NCHW and PyTorch's layouts. Every value in here is a node with
// the order of its axes on the other side (layout.go), so that a transposition is
// written, or computed, only where no operator can take the axes as they are.
//
// Sizes of a graph are fixed, those of a file need not be: trace.go finds out which
// numbers depend on a free size.
//
// It knows one operator at a time and nothing of training or of whole
// architectures. Start with layout.go, then export.go (with trace.go) and import.go
// (with whole.go).
package exchange
