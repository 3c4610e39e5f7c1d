// Package array holds arrays of ONNX's element types and computes with them on the
// host, exactly: whole numbers of any width wrap as the type does, doubles stay doubles,
// float16 and its smaller kin are rounded to their own values, strings are moved.
//
// It is what core/onnx/exchange computes with while a graph is built (shapes, axes,
// indices, constants) and when a model is run on numbers that a graph of float32 cannot
// hold. Graphs are for speed and gradients; this package is for being right.
//
// Functions panic with an [Error] when shapes or types do not fit, as building a graph
// does, and are called between checks that turn it into an error. They trust the sizes
// they are given: whoever takes a size from a file bounds it first.
//
// Start with array.go; elementwise.go, move.go, reduce.go and order.go are the
// operations, cast.go, format.go and decode.go the types.
package array
