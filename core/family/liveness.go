package family

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/hashicorp/go-plugin"

	"lab/core/internal/wire"
)

// watchHost makes the process exit, with its children, as soon as the host is gone,
// however it went: the host holds the other end of a pipe, and the kernel closes it.
func watchHost() error {
	raw, ok := os.LookupEnv(wire.LivenessEnv)
	if !ok && runtime.GOOS == "windows" {
		return nil // descriptors are not inherited there
	}
	fd, err := strconv.ParseUint(raw, 10, 31)
	if err != nil || fd < 3 {
		return fmt.Errorf("%s=%q is not the number of an inherited pipe", wire.LivenessEnv, raw)
	}
	pipe := os.NewFile(uintptr(fd), "liveness")
	if info, err := pipe.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return fmt.Errorf("%s=%s is not the number of an inherited pipe", wire.LivenessEnv, raw)
	}
	keepFromChildren(fd)
	go func() {
		_, _ = io.Copy(io.Discard, pipe)
		removeSocket(os.Getenv(plugin.EnvUnixSocketDir))
		killGroup()
		os.Exit(1)
	}()
	return nil
}

// removeSocket takes away what the host would have removed had it lived: the
// sockets in the folder it made, and the folder if nothing else is in it.
func removeSocket(dir string) {
	if dir == "" {
		return
	}
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if e.Type()&os.ModeSocket != 0 {
			_ = os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	_ = os.Remove(dir)
}
