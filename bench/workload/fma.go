package workload

import (
	"runtime"
	"sync"

	"lab/core/vm"
)

// fma is the most that the cores can multiply and add: every thread runs a loop of
// fused multiply-adds on registers, with the widest vectors that lab's kernels use
// here. Its one argument is the number of threads.
func fma(args []int) (func(), error) {
	threads := 1
	if len(args) > 0 {
		threads = args[0]
	}
	isa := vm.ISA()
	start, done := make([]chan struct{}, threads-1), sync.WaitGroup{}
	for i := range start { // a thread of its own for each, started once
		start[i] = make(chan struct{})
		go func() {
			runtime.LockOSThread()
			for range start[i] {
				fmaLoop(isa)
				done.Done()
			}
		}()
	}
	return func() {
		done.Add(len(start))
		for _, c := range start {
			c <- struct{}{}
		}
		fmaLoop(isa)
		done.Wait()
	}, nil
}

// FMAOps is the number of floating-point operations of one step of fma: two for each
// lane of each of the loop's multiply-adds.
func FMAOps(threads int) float64 {
	return 2 * float64(threads) * fmaRounds * fmaChains * float64(fmaLanes(vm.ISA()))
}

const (
	fmaRounds = 1 << 21 // milliseconds, against which waking a thread is nothing
	fmaChains = 12      // sums that do not wait for each other: latency × units, and some
)
