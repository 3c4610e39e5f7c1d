package tracker

import (
	"os"
	"time"
)

// staleAfter is how long a run on another machine may go without a heartbeat
// before it counts as lost.
const staleAfter = 90 * time.Second

// process tells one process from all others, on this machine and elsewhere, now
// and after a reboot.
type process struct {
	Host     string
	BootID   string // changes with every boot; "" where the system has none
	PIDSpace string // containers number their processes anew
	PID      int
	Started  string // in the system's own units; "" where unknown
}

func thisProcess() process {
	host, _ := os.Hostname()
	pid := os.Getpid()
	started, _ := processStart(pid)
	return process{Host: host, BootID: bootID(), PIDSpace: pidSpace(), PID: pid, Started: started}
}

// alive reports whether o, last heard of at heartbeat, may still be running, as
// far as p can tell. A process that cannot be looked up, because it is on another
// machine or in another container, lives by its heartbeat; one far in the future
// was written under a wrong clock and counts as stale.
func (p process) alive(o process, heartbeat, now time.Time) bool {
	switch {
	case o.BootID == p.BootID && o.PIDSpace == p.PIDSpace && (o.BootID != "" || o.Host == p.Host):
		started, ok := processStart(o.PID)
		return ok && (started == o.Started || o.Started == "")
	case o.Host == p.Host && o.BootID != p.BootID && o.PIDSpace == p.PIDSpace:
		return false // this machine has been rebooted since
	}
	return now.Sub(heartbeat).Abs() < staleAfter
}
