package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"lab/core"
	"lab/core/internal/wire"
)

// checkEvent tests what an event claims against the contract, files included.
func checkEvent(run *os.Root, e core.Event) error {
	switch e := e.(type) {
	case core.Artifact:
		if e.Name == "" || !slices.Contains([]string{"image", "table", "text", "model", "file"}, e.Kind) {
			return fmt.Errorf("artifact %q of the unknown kind %q", e.Name, e.Kind)
		}
		if err := checkFile(run, e.Path, e.SHA256, e.Bytes); err != nil {
			return fmt.Errorf("artifact %s: %w", wire.OneLine(e.Name), err)
		}
	case core.Checkpoint:
		if err := checkFile(run, e.Path, e.SHA256, e.Bytes); err != nil {
			return fmt.Errorf("checkpoint at step %d: %w", e.Step, err)
		}
	case core.Fact:
		if !wire.ValidFact(e.Key) {
			return fmt.Errorf("%q is not the key of a fact", e.Key)
		}
	}
	return nil
}

// checkFile tests that a path names a regular file within the run's folder, that
// no symbolic link leads there from outside or out of it, and that size and hash
// are what the plugin says.
func checkFile(run *os.Root, path, sum string, size int64) error {
	if !fs.ValidPath(path) || path == "." {
		return fmt.Errorf("%q is not a path within the run's folder", path)
	}
	info, err := run.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() { // before it is opened: a named pipe would never answer
		return fmt.Errorf("%s is not a regular file", path)
	}
	f, err := run.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info.Size() != size {
		return fmt.Errorf("%s has %d bytes, not %d", path, info.Size(), size)
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if is := hex.EncodeToString(h.Sum(nil)); is != sum {
		return fmt.Errorf("%s has the sha256 %s, not %q", path, is, sum)
	}
	return nil
}
