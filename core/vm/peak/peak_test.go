package peak

import (
	"runtime"
	"testing"
	"time"
)

// The loop ends on every thread, again and again, and so do its threads.
func TestLoop(t *testing.T) {
	before := runtime.NumGoroutine()
	l := New(3)
	l.Run()
	l.Run()
	l.Close()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	if Ops(3) != 3*Ops(1) || Ops(1) < 2*fmaRounds*fmaChains {
		t.Errorf("%g operations on one thread, %g on three", Ops(1), Ops(3))
	}
}

// No core of our time does less than a tenth of a billion a second, or more than a
// trillion: a loop that the compiler removed would.
func TestMeasure(t *testing.T) {
	if p := Measure(1, 10*time.Millisecond); p < 1e8 || p > 1e12 {
		t.Errorf("%g operations a second on one thread", p)
	}
}
