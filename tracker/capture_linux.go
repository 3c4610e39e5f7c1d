package tracker

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"
)

// vectorFlags are the extensions that decide which kernels run, and with that
// which bits come out.
var vectorFlags = map[string]bool{"sse4_2": true, "avx": true, "avx2": true, "fma": true, "f16c": true,
	"avx512f": true, "avx512bw": true, "avx512vl": true, "avx512_bf16": true, "avx512_vnni": true, "amx_tile": true,
	"asimd": true, "asimdhp": true, "asimddp": true, "sve": true, "sve2": true, "bf16": true, "i8mm": true}

// cpu returns the model of the processor and its vector extensions.
func cpu() (model, flags string) {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "", ""
	}
	defer f.Close()
	head, _ := io.ReadAll(io.LimitReader(f, 8<<10)) // the first processor; a big machine lists hundreds
	for line := range bytes.Lines(head) {
		key, value, _ := strings.Cut(string(line), ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			if model == "" {
				model = value
			}
		case "flags", "Features":
			if flags != "" {
				continue
			}
			var have []string
			for _, f := range strings.Fields(value) {
				if vectorFlags[f] {
					have = append(have, f)
				}
			}
			flags = strings.Join(have, " ")
		}
	}
	return model, flags
}

func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(b))
}

// memory returns the machine's memory in bytes.
func memory() int64 {
	b, _ := os.ReadFile("/proc/meminfo")
	for line := range bytes.Lines(b) {
		if f := strings.Fields(string(line)); len(f) > 1 && f[0] == "MemTotal:" {
			kb, _ := strconv.ParseInt(f[1], 10, 64)
			return kb << 10
		}
	}
	return 0
}
