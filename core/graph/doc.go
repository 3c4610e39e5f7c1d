// Package graph is lab's symbolic graph: ops with shapes and gradients, on top of
// Gorgonia's ExprGraph.
//
// An op is declared once, as a [Def]: its shape rule, its gradient as graph nodes
// (so that gradients can be differentiated again), its kernel and its meaning in
// float64. [Op] adapts every Def to gorgonia.Op and SDOp; a graph runs on
// Gorgonia's own tapeMachine too, which is what core/vm is tested against.
//
// Values are float32. Images are NHWC and convolution weights [KH,KW,C,K]; the
// layouts of files (ONNX, PyTorch) stay at the edge, in core/onnx.
//
// Building panics with an [*Error] that names the op, the shapes and the caller's
// line; [Build] turns that into an error. The package knows nothing of how a graph
// is run (core/vm), of layers (core/nn) or of files.
//
// Start with graph.go, def.go and elementwise.go; grad.go is the backprop.
package graph
