// Package peak measures the most that the cores can do: multiply-adds on registers,
// with the widest vectors that lab's kernels use here. What a kernel reaches is worth
// quoting as a share of that.
//
// It knows no kernel and no program. All of it is here; fma.c is the loop.
package peak

import (
	"math"
	"runtime"
	"sync"
	"time"

	"lab/core/internal/kernel"
)

// Loop is the loop on a number of threads that stand ready. Close it.
type Loop struct {
	start []chan struct{} // of all threads but the caller's
	done  sync.WaitGroup
	isa   string
}

// New starts the threads, at least 1.
func New(threads int) *Loop {
	l := &Loop{start: make([]chan struct{}, threads-1), isa: kernel.ISA()}
	for i := range l.start {
		l.start[i] = make(chan struct{})
		go func() {
			runtime.LockOSThread()
			for range l.start[i] {
				fmaLoop(l.isa)
				l.done.Done()
			}
		}()
	}
	return l
}

// Run runs the loop once, on all threads at a time: some milliseconds, against which
// waking a thread is nothing.
func (l *Loop) Run() {
	l.done.Add(len(l.start))
	for _, c := range l.start {
		c <- struct{}{}
	}
	fmaLoop(l.isa)
	l.done.Wait()
}

// Close ends the threads.
func (l *Loop) Close() {
	for _, c := range l.start {
		close(c)
	}
}

// Ops is the number of floating-point operations of one run: two for each lane of each
// of the loop's multiply-adds.
func Ops(threads int) float64 {
	return 2 * float64(threads) * fmaRounds * fmaChains * float64(fmaLanes(kernel.ISA()))
}

const (
	fmaRounds = 1 << 21
	fmaChains = 12 // sums that do not wait for each other: latency × units, and some
)

// Measure returns the peak in operations a second: the best of the runs that fit into
// the time, three at the least, for what disturbs the machine only ever lowers it.
func Measure(threads int, within time.Duration) float64 {
	l := New(threads)
	defer l.Close()
	best := time.Duration(math.MaxInt64)
	for n, end := 0, time.Now().Add(within); n < 3 || time.Now().Before(end); n++ {
		start := time.Now()
		l.Run()
		best = min(best, time.Since(start))
	}
	return Ops(threads) / best.Seconds()
}
