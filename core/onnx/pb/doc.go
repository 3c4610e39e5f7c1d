// Package pb reads and writes the ONNX file format: the messages of onnx.proto
// (IR version 14) as plain Go structs, and a small codec over protowire.
//
// It registers no types, so it can live in one binary beside onnx-go's own
// generated package, which panics at start-up next to any other that registers
// the same names. It must not know what a model means: no operators, no
// conversion of numbers, no files.
//
// Three properties the rest of core/onnx relies on:
//   - Bytes fields ([Tensor].RawData above all) alias the buffer given to
//     [Unmarshal]: reading 40 MB of weights costs microseconds, and the buffer
//     must not be changed while the model is in use.
//   - Fields it does not know (training_info, device configurations, whatever a
//     later IR adds) are kept and written back after the known ones.
//   - No input panics. Nesting and the number of messages are bounded, so a
//     small hostile file cannot ask for much memory.
//
// Writing is canonical: fields in ascending number, packed as proto2 declares
// them, zero scalars left out. Equal models give equal bytes.
//
// Start with message.go, where each message lists its fields once for both
// directions; codec.go walks those lists and field.go knows the field types.
package pb
