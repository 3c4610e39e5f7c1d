package main

import (
	"os"
	"runtime"
	"strings"
	"time"

	"lab/core/vm"
)

// machine says what was measured on, and how calm it was.
type machine struct {
	Time   string `json:"time"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	ISA    string `json:"isa"`
	OS     string `json:"os"`
	Go     string `json:"go"`
	Before string `json:"load_before,omitempty"`
	After  string `json:"load_after,omitempty"`
}

func thisMachine() machine {
	return machine{Time: time.Now().UTC().Format("2006-01-02 15:04 UTC"), CPU: cpuName(), Cores: runtime.NumCPU(), ISA: vm.ISA(),
		OS: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Before: load()}
}

// cpuName is the model with family and model number, which tell virtual CPUs apart.
func cpuName() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	field := func(name string) string {
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
				return strings.TrimSpace(v)
			}
		}
		return ""
	}
	name := field("model name")
	if name == "" {
		return runtime.GOARCH
	}
	return name + " (family " + field("cpu family") + ", model " + field("model") + ")"
}

// load is the number of processes that wanted a core in the last minute.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(b), " ")
	return first
}
