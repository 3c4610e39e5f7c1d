package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"lab/core"
	"lab/core/internal/wire"
)

// Limits on what one run may send besides its points, which are slowed down
// instead. They are far above what a recipe needs.
const (
	maxLog   = 64 << 20 // bytes; more is dropped
	maxFacts = 1000
	maxFiles = 100_000
)

// check tests what an event claims against the contract, files included.
func (r *run) check(e core.Event) error {
	switch e := e.(type) {
	case core.Artifact:
		if !wire.Printable(e.Name) {
			return fmt.Errorf("%q is not a name for an artifact", e.Name)
		}
		if !slices.Contains([]string{"image", "table", "text", "model", "file"}, e.Kind) {
			return fmt.Errorf("artifact %s of the unknown kind %q", e.Name, e.Kind)
		}
		if err := r.checkFile(e.Path, e.SHA256, e.Bytes, e.Step); err != nil {
			return fmt.Errorf("artifact %s: %w", e.Name, err)
		}
	case core.Checkpoint:
		if err := r.checkFile(e.Path, e.SHA256, e.Bytes, e.Step); err != nil {
			return fmt.Errorf("checkpoint at step %d: %w", e.Step, err)
		}
	case core.Fact:
		if r.facts++; r.facts > maxFacts {
			return fmt.Errorf("more than %d facts", maxFacts)
		}
		if !wire.ValidFact(e.Key) {
			return fmt.Errorf("%q is not the key of a fact", e.Key)
		}
	}
	return nil
}

// checkFile tests that a path names a regular file within the run's folder, that
// no symbolic link leads there from outside or out of it, and that size and hash
// are what the plugin says.
func (r *run) checkFile(path, sum string, size, step int64) error {
	if r.files++; r.files > maxFiles {
		return fmt.Errorf("more than %d files", maxFiles)
	}
	if err := wire.CheckStep(step); err != nil {
		return err
	}
	if !fs.ValidPath(path) || path == "." || strings.ContainsFunc(path, unicode.IsControl) {
		return fmt.Errorf("%q is not a path within the run's folder", path)
	}
	info, err := r.dir.Lstat(path)
	if err != nil {
		return err
	}
	// A file may have been put into its place since: a named pipe would never answer.
	f, err := r.dir.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		f.Close() // fine on nil
		return err
	}
	defer f.Close()
	opened, err := f.Stat()
	switch {
	case err != nil:
		return err
	case !os.SameFile(info, opened):
		return fmt.Errorf("%s changed while it was looked at", path)
	case opened.Size() != size:
		return fmt.Errorf("%s has %d bytes, not %d", path, opened.Size(), size)
	}
	h := sha256.New()
	if _, err := io.Copy(h, patient{f, r}); err != nil {
		return err
	}
	if is := hex.EncodeToString(h.Sum(nil)); is != sum {
		return fmt.Errorf("%s has the sha256 %s, not %q", path, is, sum)
	}
	return nil
}

// patient reads a file until the run has to end at once: to hash a file of any
// size may take any time.
type patient struct {
	io.Reader
	run *run
}

var errCut = errors.New("not read to its end: the run was killed")

func (p patient) Read(b []byte) (int, error) {
	if p.run.hurried() {
		return 0, errCut
	}
	return p.Reader.Read(b)
}
