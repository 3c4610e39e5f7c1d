package host

import (
	"bufio"
	"fmt"
	"os"
	"strings"
)

// PeakMemory is the most memory that the plugin's process has held so far, in bytes
// (VmHWM); 0 when it is not known: within this process, or after the process's end.
func (p *Plugin) PeakMemory() int64 {
	if p.PID() == 0 {
		return 0
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			var kb int64
			if _, err := fmt.Sscan(rest, &kb); err == nil {
				return kb << 10
			}
		}
	}
	return 0
}
