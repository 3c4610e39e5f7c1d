// Package idx reads and writes IDX, the file format of MNIST and its relatives:
// a magic number, the size of each axis, then the elements in row-major order.
//
//	0x00 0x00 TYPE N | N axis sizes, 4 bytes each, big-endian | elements
//
// Only the element type that those sets use is supported, unsigned bytes
// (0x08). The format is described at http://yann.lecun.com/exdb/mnist/.
//
// It knows bytes and axes only, not what an image or a label is; package data
// gives them meaning. Start with Read.
package idx
