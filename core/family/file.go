package family

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"lab/core"
)

// written is a file that is safe on disk.
type written struct {
	sha256 string
	bytes  int64
}

// writeOnce writes a file below the run's folder. A kill at any moment leaves
// the whole file or none. A path is used once in a run: the host checks the hash
// when it comes to the event, perhaps long after the recipe has gone on.
func (s *Session) writeOnce(rel string, write func(io.Writer) error) (written, error) {
	s.mu.Lock()
	again := s.written[rel]
	s.written[rel] = true
	s.mu.Unlock()
	if again {
		return written{}, fmt.Errorf("%s was already written in this run; give every file a step of its own", rel)
	}
	f, err := writeFile(filepath.Join(s.spec.Dir, filepath.FromSlash(rel)), write)
	if err != nil {
		s.mu.Lock()
		delete(s.written, rel)
		s.mu.Unlock()
	}
	return f, err
}

// leaveOut is what becomes of a file that could not be written. One that found no room
// is left out, with one warning a run, for a training must not be lost for it; any
// other error is the caller's.
func (s *Session) leaveOut(label string, err error) error {
	why := noRoom(err)
	if why == "" {
		return fmt.Errorf("%s: %w", label, err)
	}
	s.mu.Lock()
	told := s.full
	s.full = true
	s.mu.Unlock()
	if !told {
		s.Warnf("%s: %s; the run goes on and leaves out the files that find no room", label, why)
	}
	return nil
}

// keepElsewhere does what leaveOut does for a file that the run was made for: it is
// written into the folder of temporary files, or the run fails.
func (s *Session) keepElsewhere(label, rel string, write func(io.Writer) error, err error) error {
	if why := noRoom(err); why != "" {
		path := filepath.Join(os.TempDir(), "lab-"+filepath.Base(s.spec.Dir)+"-"+strings.ReplaceAll(rel, "/", "-"))
		if _, elsewhere := writeFile(path, write); elsewhere == nil {
			s.Warnf("%s: %s; it is in %s", label, why, path)
			return nil
		}
	}
	return fmt.Errorf("%s: %w", label, err)
}

// noRoom says why there was no room for a file, or "" if that was not its trouble.
func noRoom(err error) string {
	for _, e := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, e) {
			return e.Error()
		}
	}
	return ""
}

func writeFile(path string, write func(io.Writer) error) (out written, err error) {
	defer func() {
		var disk *fs.PathError
		if errors.As(err, &disk) && core.KindOf(err) == core.Other {
			err = &core.Error{Kind: core.Storage, Err: err}
		}
	}()
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return written{}, err
	}
	f, err := os.CreateTemp(dir, ".tmp-*")
	if err != nil {
		return written{}, err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	t := tally{w: f, hash: sha256.New()}
	b := bufio.NewWriterSize(&t, 64<<10)
	if err := write(b); err != nil {
		if t.err != nil && !errors.Is(err, t.err) { // whatever else has been made of it
			err = fmt.Errorf("%w: %w", err, t.err)
		}
		return written{}, err
	}
	if err := b.Flush(); err != nil {
		return written{}, err
	}
	if err := f.Chmod(0o644); err != nil { // CreateTemp keeps others out; the run's folder decides that
		return written{}, err
	}
	if err := f.Sync(); err != nil {
		return written{}, err
	}
	if err := f.Close(); err != nil {
		return written{}, err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return written{}, err
	}
	return written{hex.EncodeToString(t.hash.Sum(nil)), t.bytes}, syncDir(dir)
}

// syncDir makes a rename last. Not every file system can; the file is whole
// either way, so that is no error.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}

// tally hashes and counts what passes.
type tally struct {
	w     io.Writer
	hash  hash.Hash
	bytes int64
	err   error // the first
}

func (t *tally) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.hash.Write(p[:n])
	t.bytes += int64(n)
	if t.err == nil {
		t.err = err
	}
	return n, err
}
