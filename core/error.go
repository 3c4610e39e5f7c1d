package core

import (
	"errors"
	"strings"
)

// Kind is the class of an error; it decides the exit code and survives the way
// between processes. The list is append-only: the numbers are on the wire.
type Kind int

const (
	Other       Kind = iota
	Usage            // the user's input: a key, a value, a file that is not there
	RunFailed        // the recipe ended with an error
	PluginError      // the plugin crashed, could not start, or broke the protocol
	Differs          // a verification found other bits
	Interrupted      // stopped by the user
	Storage          // the tracker or a disk
)

// Error is an error meant for the user: one line, and where there is one, the
// next thing to try.
type Error struct {
	Kind Kind
	Msg  string // "recipe gan/dcgan has no parameter \"lrr\""
	Try  string // "lr"; without the word "try"
	Err  error  // cause, may be nil; its text follows Msg
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Msg)
	if e.Err != nil {
		if e.Msg != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the outermost [*Error] in err's chain, or Other.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Other
}

// TryOf returns the first suggestion in err's chain, or "".
func TryOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Try != "" {
			return e.Try
		}
		err = e.Err
	}
	return ""
}
