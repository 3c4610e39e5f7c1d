package host

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// PeakMemory is the most memory that the plugin's process has held so far, in
// bytes; 0 when it is not known, as within this process.
func (p *Plugin) PeakMemory() int64 {
	if p.PID() == 0 {
		return 0
	}
	if p.dead() {
		return peakOf(p.proc.cmd.ProcessState)
	}
	return highWater(strconv.Itoa(p.PID()))
}

func highWater(process string) int64 {
	f, err := os.Open("/proc/" + process + "/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	return field(f, "VmHWM:") << 10
}

// peakOf is the most memory that a process that has ended, or a child that it
// waited for, had held. The kernel counts in what this process held when it made
// the other, so that nothing is known where that was more.
func peakOf(s *os.ProcessState) int64 {
	if u, ok := s.SysUsage().(*syscall.Rusage); ok && u.Maxrss<<10 > highWater("self") {
		return u.Maxrss << 10
	}
	return 0
}

// oomKills counts the processes that the kernel has killed for want of memory, on
// the whole machine or in a control group of it. A plugin that dies of SIGKILL
// while the number grows was most likely one of them.
var oomKills = func() int64 {
	f, err := os.Open("/proc/vmstat")
	if err != nil {
		return 0
	}
	defer f.Close()
	return field(f, "oom_kill ")
}

// field is the number that follows a prefix at the beginning of a line, or 0.
func field(r io.Reader, prefix string) int64 {
	for s := bufio.NewScanner(r); s.Scan(); {
		if rest, ok := strings.CutPrefix(s.Text(), prefix); ok {
			var n int64
			_, _ = fmt.Sscan(rest, &n)
			return n
		}
	}
	return 0
}

// spareOthers lets the kernel, when memory runs out, take the plugin before lab and
// before what else the user runs.
func spareOthers(pid int) {
	path := fmt.Sprintf("/proc/%d/oom_score_adj", pid)
	b, err := os.ReadFile(path)
	if err != nil {
		return
	}
	if now, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil {
		_ = os.WriteFile(path, []byte(strconv.Itoa(min(1000, now+500))), 0) // a wish
	}
}
