// Package npy reads the files of NumPy: one array (.npy), or a zip of named ones
// (.npz). Numbers of any size and byte order become bytes, where they were bytes,
// int64 or float32; text, objects and complex numbers are refused.
//
// The format is NumPy Enhancement Proposal 1 and its versions 2 and 3,
// numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
package npy
