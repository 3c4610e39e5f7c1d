// Package examples holds a family in a module of its own, one in Python, and both
// directions between lab and PyTorch. Its tests hold them to what they promise.
package examples
