package onnx

import (
	"fmt"

	"lab/core"
)

// bad is an error about the file, which is the user's: one line.
func bad(format string, args ...any) error {
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf(format, args...)}
}

// about puts before err what it is about: a file, a node, a tensor.
func about(what fmt.Stringer, err error) error {
	return &core.Error{Kind: core.Usage, Msg: what.String(), Err: err}
}

// Errorf is an error about the node, for what computes it to return.
func (n *Node) Errorf(format string, args ...any) error {
	return about(n, fmt.Errorf(format, args...))
}

// text is a Stringer for about.
type text string

func (t text) String() string { return string(t) }
