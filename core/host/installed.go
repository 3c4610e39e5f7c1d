package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lab/core"
	"lab/core/internal/wire"
)

// Installed is what is recorded of a plugin when it is installed, as JSON in
// lab-plugin-NAME.json beside the executable. From then on no other file of that
// name is started.
type Installed struct {
	Family  string    `json:"family"`
	Version string    `json:"version"` // of the family
	SHA256  string    `json:"sha256"`  // of the executable, lower-case hex
	Source  string    `json:"source"`  // the file that was installed
	At      time.Time `json:"installed"`
	Shadow  bool      `json:"shadow,omitempty"` // it is to take a bundled family's place
}

// Installation is how a plugin is to be installed.
type Installation struct {
	Dir     string   // see Dir
	Bundled []string // families whose names are taken
	Link    bool     // link to the file rather than copy it: it needs what lies beside it
	Shadow  bool     // take a bundled family's place
}

// Install puts a plugin into a folder, in the place of one of the same family. It
// is started once, to hear what it is: what cannot describe itself is not installed.
func Install(ctx context.Context, path string, how Installation, o Options) (c Candidate, err error) {
	defer func() {
		var disk *fs.PathError
		var link *os.LinkError
		if core.KindOf(err) == core.Other && (errors.As(err, &disk) || errors.As(err, &link)) {
			err = &core.Error{Kind: core.Storage, Msg: "install " + path, Err: err}
		}
	}()
	path, err = filepath.Abs(path)
	if err != nil {
		return c, err
	}
	if err := executable(path); err != nil {
		return c, err
	}
	if err := os.MkdirAll(how.Dir, 0o755); err != nil {
		return c, err
	}
	stage, err := os.MkdirTemp(how.Dir, ".install-*") // in it the file keeps its name, which its errors have
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(stage)
	staged := filepath.Join(stage, filepath.Base(path))
	put := copyFile
	if how.Link {
		put = os.Symlink
	}
	if err := put(path, staged); err != nil {
		return c, err
	}
	r := Installed{Source: path, At: time.Now().UTC().Truncate(time.Second), Shadow: how.Shadow}
	if r.SHA256, err = (Candidate{Path: staged}).Sum(); err != nil {
		return c, err
	}
	p, err := Launch(ctx, Candidate{Path: staged, SHA256: r.SHA256}, o)
	if err != nil {
		if !how.Link {
			err = &core.Error{Kind: core.KindOf(err), Err: err, Try: strings.TrimPrefix(core.TryOf(err)+"; --link, if it needs the files beside it", "; ")}
		}
		return c, err
	}
	r.Family, r.Version = p.Family.Name, p.Family.Version
	p.Close()
	if slices.Contains(how.Bundled, r.Family) && !how.Shadow {
		return c, shadows(path, r.Family)
	}
	to := filepath.Join(how.Dir, binaryPrefix+r.Family+exeSuffix(path))
	// The record comes first: where the rest is cut off, the old file is refused and
	// can be installed again.
	if err := writeRecord(stage, to, r); err != nil {
		return c, err
	}
	if err := os.Rename(staged, to); err != nil {
		return c, err
	}
	return Candidate{Name: r.Family, Path: to, SHA256: r.SHA256, Record: &r}, nil
}

func exeSuffix(path string) string {
	if strings.HasSuffix(path, ".exe") {
		return ".exe"
	}
	return ""
}

// Remove takes an installed plugin away, or what is left of it. A link goes, what
// it leads to stays.
func Remove(dir, name string) error {
	found := false
	for _, file := range []string{binaryPrefix + name, binaryPrefix + name + ".exe", binaryPrefix + name + recordSuffix} {
		err := os.Remove(filepath.Join(dir, file))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &core.Error{Kind: core.Storage, Msg: "remove plugin " + name, Err: err}
		}
		found = found || err == nil
	}
	if !found {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no plugin %q is installed in %s", name, dir), Try: "lab plugin list"}
	}
	return nil
}

// Records are the names of the families with a record in a folder, sorted; their
// executables may be gone.
func Records(dir string) (names []string) {
	entries, _ := os.ReadDir(dir) // one that is not there holds none
	for _, e := range entries {
		name, isRecord := strings.CutSuffix(e.Name(), recordSuffix)
		name, isPlugin := strings.CutPrefix(name, binaryPrefix)
		if isRecord && isPlugin && wire.ValidName(name) {
			names = append(names, name)
		}
	}
	return names
}

// Verify tests whether the executable is the one that was installed.
func (c Candidate) Verify() error {
	if c.SHA256 == "" {
		return nil
	}
	is, err := c.Sum()
	if err == nil && is != c.SHA256 {
		err = errors.New("the file is not the one that was installed: its sha256 differs")
	}
	if err != nil {
		return &core.Error{Kind: core.PluginError, Msg: fmt.Sprintf("plugin %s (%s)", c.Name, c.Path), Err: err,
			Try: "install it again if it was you who changed it"}
	}
	return nil
}

const recordSuffix = ".json"

func recordPath(executable string) string {
	return strings.TrimSuffix(executable, ".exe") + recordSuffix
}

// readRecord returns the record of an executable, or nil if there is none.
func readRecord(executable string) (*Installed, error) {
	b, err := os.ReadFile(recordPath(executable))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	r := &Installed{}
	if err == nil {
		err = json.Unmarshal(b, r)
	}
	if err == nil && len(r.SHA256) != hex.EncodedLen(sha256.Size) {
		err = fmt.Errorf("%q is not a sha256", r.SHA256)
	}
	if err != nil {
		return nil, &core.Error{Kind: core.PluginError, Msg: recordPath(executable), Err: err, Try: "lab plugin install once more"}
	}
	return r, nil
}

// writeRecord replaces the record of an executable by way of a file in stage.
func writeRecord(stage, executable string, r Installed) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	draft := filepath.Join(stage, "record")
	if err := os.WriteFile(draft, append(b, '\n'), 0o644); err != nil {
		return err
	}
	return os.Rename(draft, recordPath(executable))
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}
