// Package modelfile writes the models of a run as ONNX files that say what they belong
// to, and sets the models of a run to those of such files. It knows sessions, parameters
// and files, and must not know what a model is for.
//
// Start with save.go; start.go is the way back.
package modelfile
