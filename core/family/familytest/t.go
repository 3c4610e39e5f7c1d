package familytest

import (
	"context"
	"testing"
)

// T is what the suite needs of a test. A [*testing.T] has all of it but for the
// type of Run; the report of [Check] is the other one.
type T interface {
	asserter
	Context() context.Context
	Cleanup(func())
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	Error(args ...any)
	Skipf(format string, args ...any)
	Run(name string, f func(T)) bool
}

// asserter is what one run needs of a test.
type asserter interface {
	Helper()
	TempDir() string
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

type goTest struct{ *testing.T }

func (t goTest) Run(name string, f func(T)) bool {
	return t.T.Run(name, func(t *testing.T) { f(goTest{t}) })
}
