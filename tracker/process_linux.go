package tracker

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

func bootID() string {
	b, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(b))
}

func pidSpace() string {
	s, _ := os.Readlink("/proc/self/ns/pid")
	return s
}

// processStart returns when a process started, in clock ticks since boot, and
// whether it is running: a zombie, dead but not yet waited for, is not.
func processStart(pid int) (string, bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", false
	}
	// "pid (name) state ppid …": the name may hold spaces and parentheses, and
	// the start is field 22, the 20th after it.
	_, rest, ok := bytes.Cut(b[bytes.LastIndexByte(b, ')')+1:], []byte(" "))
	f := bytes.Fields(rest)
	if !ok || len(f) < 20 || f[0][0] == 'Z' || f[0][0] == 'X' {
		return "", false
	}
	return string(f[19]), true
}
