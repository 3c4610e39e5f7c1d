// Package onnx reads and writes ONNX files, the language between families of
// lab, and between lab and PyTorch. It holds what can be said of a file without
// computing anything: [Read] gives a checked, ordered list of nodes with typed
// attributes and decoded weights; [Builder] writes a model, and safetensors.go
// the same weights without one.
//
// It must not know how a node is computed, and imports neither core/graph nor
// core/vm; what turns nodes into a graph is written on top of [Model] and
// [Node].
//
// Reading goes: bytes, by pb, to messages; the model's own functions into the place of
// their calls (function.go); checks of names and order (order.go); normal form
// (normalize.go: constants and copied parameters become weights); bodies of control flow
// likewise (body.go); then through onnx-go (recorder.go), which walks a skeleton of the model and
// calls our backend for each node. onnx-go's own decoder gives no opset, no node
// names, no half-precision, no external data, and a second's wait for 40 MB of
// weights; fed the skeleton it has none of that to decode, and what it recorded
// is compared with the file, node by node. Weights are decoded by array/.
//
// A file that is malformed, or uses what is not supported, gives a [core.Error]
// of kind Usage whose one line names the node, operator and opset. No bytes make
// it panic, and none make it allocate without bound.
//
// Start with model.go, then read.go. For writing, start with builder.go.
package onnx
