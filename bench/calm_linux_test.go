package main

import (
	"os"
	"testing"
	"time"
)

// A process that computes is seen to, as its own and as the machine's work.
func TestTicks(t *testing.T) {
	busy, all := machineTicks()
	own := processTicks(os.Getpid())
	for end := time.Now().Add(100 * time.Millisecond); time.Now().Before(end); {
	}
	busyNow, allNow := machineTicks()
	if used := processTicks(os.Getpid()) - own; used < 1 || busyNow-busy < used/2 || allNow-all < busyNow-busy {
		t.Errorf("used %d ticks of %d, %d of them busy", used, allNow-all, busyNow-busy)
	}
}
