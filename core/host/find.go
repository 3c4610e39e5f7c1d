package host

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"lab/core"
	"lab/core/internal/wire"
)

// binaryPrefix begins the file name of every third-party plugin.
const binaryPrefix = "lab-plugin-"

// Candidate is a plugin that could be launched.
type Candidate struct {
	Name    string     // of the family
	Path    string     // of the executable
	Bundled bool       // it is this very program, re-executed
	SHA256  string     // expected of the executable, lower-case hex; "" to trust it
	Record  *Installed // what was recorded when it was installed; nil if it was not
}

// Sum is the SHA-256 of the executable as it is now, in lower-case hex.
func (c Candidate) Sum() (string, error) {
	f, err := os.Open(c.file())
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// file is what to execute. On Linux that is the running image even if its file
// was replaced since: host and plugin are never of two versions.
func (c Candidate) file() string {
	if c.Bundled && runtime.GOOS == "linux" {
		return "/proc/self/exe"
	}
	return c.Path
}

func (c Candidate) args() []string {
	if c.Bundled {
		return []string{c.Path, wire.BundledArg, c.Name}
	}
	return []string{c.Path}
}

// Finder knows where plugins are.
type Finder struct {
	Bundled []string // families of this program
	Dirs    []string // folders with third-party plugins; see Dirs
}

// Dirs are the folders to look for third-party plugins in: those of
// LAB_PLUGIN_PATH, where plugins are put by hand and taken as they are, then the
// one that [Install] uses.
func Dirs() []string {
	dirs := filepath.SplitList(os.Getenv("LAB_PLUGIN_PATH"))
	if dir, err := Dir(); err == nil {
		dirs = append(dirs, dir)
	}
	return dirs
}

// Dir is the plugin folder in the user's data folder.
func Dir() (string, error) {
	data := os.Getenv("XDG_DATA_HOME")
	if !filepath.IsAbs(data) { // the specification says to ignore others
		home, err := os.UserHomeDir()
		if err != nil {
			return "", &core.Error{Kind: core.Storage, Msg: "where is the plugin folder", Err: err, Try: "LAB_PLUGIN_PATH"}
		}
		data = filepath.Join(home, ".local", "share")
	}
	return filepath.Join(data, "lab", "plugins"), nil
}

// Find returns the plugin for a family. Where there is a choice it does not
// choose: two executables for one name, or one with a bundled family's name that
// was not installed to take its place, are errors that say where they lie.
func (f *Finder) Find(name string) (Candidate, error) {
	found := f.scan()
	paths := found[name]
	bundled := slices.Contains(f.Bundled, name)
	switch {
	case len(paths) > 1:
		return Candidate{}, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("more than one plugin for %s: %s", name, strings.Join(paths, ", ")),
			Try: "remove all but one"}
	case len(paths) == 1:
		return thirdParty(name, paths[0], bundled)
	case bundled:
		self, err := os.Executable()
		if err != nil {
			return Candidate{}, &core.Error{Kind: core.PluginError, Msg: "where is this program", Err: err}
		}
		return Candidate{Name: name, Path: self, Bundled: true}, nil
	}
	names := slices.Clone(f.Bundled)
	for n := range found {
		names = append(names, n)
	}
	slices.Sort(names)
	e := &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no plugin %q", name), Try: "lab plugins"}
	if near := core.Nearest(name, names); len(near) > 0 {
		e.Try = strings.Join(near, " or ") + "; all of them: lab plugins"
	}
	return Candidate{}, e
}

func shadows(path, name string) error {
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s has the name of the bundled family %s", path, name),
		Try: "remove or rename it, or lab plugin install --shadow to have it in the bundled one's place"}
}

func thirdParty(name, path string, bundled bool) (Candidate, error) {
	r, err := readRecord(path)
	if err != nil {
		return Candidate{}, err
	}
	if bundled && (r == nil || !r.Shadow) {
		return Candidate{}, shadows(path, name)
	}
	if err := executable(path); err != nil {
		return Candidate{}, err
	}
	c := Candidate{Name: name, Path: path, Record: r}
	if r != nil {
		c.SHA256 = r.SHA256
	}
	return c, nil
}

// executable tests whether a path can be started.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return &core.Error{Kind: core.Usage, Err: err}
	case !info.Mode().IsRegular():
		return &core.Error{Kind: core.Usage, Msg: path + " is not a file"}
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return &core.Error{Kind: core.Usage, Msg: path + " is not executable", Try: "chmod +x " + path}
	}
	return nil
}

// Names are the families there is some plugin for, sorted; [Finder.Find] says
// whether it can be launched.
func (f *Finder) Names() []string {
	names := slices.Clone(f.Bundled)
	for n := range f.scan() {
		names = append(names, n)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// scan returns the third-party plugins by family. A file that is reached through
// two folders counts once; a folder that cannot be read holds none.
func (f *Finder) scan() map[string][]string {
	found := map[string][]string{}
	var seen []os.FileInfo
	for _, dir := range f.Dirs {
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			name, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), ".exe"), binaryPrefix)
			if !ok || !wire.ValidName(name) {
				continue
			}
			path := filepath.Join(dir, e.Name())
			info, err := os.Stat(path)
			if err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(seen, func(o os.FileInfo) bool { return os.SameFile(o, info) && o.Name() == info.Name() }) {
				continue
			}
			seen = append(seen, info)
			found[name] = append(found[name], path)
		}
	}
	return found
}

// Contract is what a plugin in any language has to do: the .proto of the service,
// with comments.
func Contract() string { return wire.Contract }

// At is the plugin at a path, of whatever family; it need not be named as one.
func At(path string) (Candidate, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return Candidate{}, err
	}
	return Candidate{Path: abs}, executable(abs)
}

// ValidName reports whether s can name a family.
func ValidName(s string) bool { return wire.ValidName(s) }
