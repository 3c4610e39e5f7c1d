// Package tensorboard reads and writes TensorBoard's event files: scalars, images
// and hyperparameters go both ways, everything else is left out.
//
// An event file is a sequence of TFRecords (tfrecord.go), each with an Event
// protobuf (event.go). Start with import.go and export.go.
package tensorboard
