package exchange

import "sync/atomic"

// Written is a model that [Export] has written.
type Written struct {
	Name  string
	Free  []Free
	Model Model // as it computes: its parameters may change later
}

var observer atomic.Pointer[func(Written)]

// Observe has f see each model that is written in this process from now on, before
// [Export] returns, until stop is called. It is for tests, which compare the file that a
// recipe saves with the network that it was made of: exchangetest.
func Observe(f func(Written)) (stop func()) {
	observer.Store(&f)
	return func() { observer.CompareAndSwap(&f, nil) }
}

func observed(w Written) {
	if f := observer.Load(); f != nil {
		(*f)(w)
	}
}
