//go:build cgo

package workload

import (
	"runtime"
	"sync"
	"testing"
)

// Every thread takes denormals for zero, not the first alone.
func TestEveryThreadFlushes(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		t.Skip("only on amd64 and arm64 does the hardware flush denormals")
	}
	const threads = 8
	var together, done sync.WaitGroup
	together.Add(threads)
	for range threads {
		done.Go(func() {
			runtime.LockOSThread()
			together.Done()
			together.Wait() // eight at once are eight threads
			if !Flushes() {
				t.Error("a thread does not flush denormals")
			}
		})
	}
	done.Wait()
}
