// Package picture draws what a run looks like: numbers in, an image out. Its
// only user is a person, but the same numbers give the same bytes, so that a
// picture's hash can be compared like any other.
//
// It imports the standard library only and knows nothing of tensors, data sets
// or runs. Start with grid.go.
package picture
