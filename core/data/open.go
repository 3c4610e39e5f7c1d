package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lab/core"
)

// Environment variable that names a folder of data sets.
const dataEnv = "LAB_DATA"

// Open reads a data set by its name in the registry. A set that is not embedded
// is looked for in dataDir, then in the folder that LAB_DATA names, then where
// Debian's package puts it; in the first two, in a folder of the set's name or
// directly. dataDir may be "" or not exist.
//
// A name with a slash in it is a path of the user's own: a CSV file with a header,
// perhaps compressed (.csv, .csv.gz), a folder that holds four IDX files named like
// those of MNIST, or one with the archives of Omniglot.
func Open(name, dataDir string, more ...Option) (*Set, error) {
	var o options
	for _, set := range more {
		set(&o)
	}
	set, err := read(name, dataDir, o)
	if err == nil && o.target != "" && set.Target == "" {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s has no columns: what to predict in it cannot be chosen", name), Try: "no target"}
	}
	return set, err
}

// Option says how to read a set, beyond its name.
type Option func(*options)

type options struct {
	target  string
	classes bool
}

// Target names the column of a table that is to be predicted; "" is the last one.
func Target(column string) Option { return func(o *options) { o.target = column } }

// WantClasses takes a target of whole numbers for the names of classes. Text is
// classes in any case, and numbers are otherwise numbers to predict.
func WantClasses() Option { return func(o *options) { o.classes = true } }

func read(name, dataDir string, o options) (*Set, error) {
	switch path := strings.ContainsAny(name, `/\`); {
	case path && isTable(name):
		return openTable(name, o)
	case path:
		return openFolder(name)
	}
	e, ok := lookup(name)
	if !ok {
		try := strings.Join(Names(), ", ")
		if near := core.Nearest(name, Names()); len(near) > 0 {
			try = strings.Join(near, " or ")
		}
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no data set %q", name), Try: try}
	}
	if !e.Readable() {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s cannot be read yet", name),
			Try: strings.Join(Names(), ", ")}
	}
	return e.open(e, dataDir, o)
}

// openFetched reads a set of four IDX files from the first folder that holds
// them with the right content. A folder with other content is passed over, not
// refused: MNIST's relatives share their file names, so it may be another set.
func openFetched(e *Entry, dataDir string, _ options) (*Set, error) {
	var looked []string
	for _, dir := range e.folders(dataDir) {
		set, err := readSet(e, os.DirFS(dir))
		if err == nil {
			return set, nil
		}
		looked = append(looked, fmt.Sprintf("%s (%s)", dir, reason(dir, err)))
	}
	return nil, &core.Error{Kind: core.Usage,
		Msg: fmt.Sprintf("data set %s was not found; looked in %s", e.Name, strings.Join(looked, ", ")),
		Try: e.howToGet(dataDir)}
}

// folders lists where the set's files may lie, best first.
func (e *Entry) folders(dataDir string) []string {
	var dirs []string
	for _, root := range []string{dataDir, os.Getenv(dataEnv)} {
		if root != "" && !slices.Contains(dirs, root) {
			dirs = append(dirs, filepath.Join(root, e.Name), root)
		}
	}
	if e.Folder != "" {
		dirs = append(dirs, e.Folder)
	}
	return dirs
}

func (e *Entry) howToGet(dataDir string) string {
	into := filepath.Join(dataDir, e.Name)
	if dataDir == "" {
		into = "a folder and name that in " + dataEnv
	}
	names := make([]string, len(e.Files))
	for i, f := range e.Files {
		names[i] = f.Name
	}
	try := fmt.Sprintf("download %s from %s into %s", strings.Join(names, ", "), e.URL, into)
	if e.Package != "" {
		try = fmt.Sprintf("apt install %s, or %s", e.Package, try)
	}
	return try
}

// reason says in few words why the folder did not do.
func reason(dir string, err error) string {
	if _, statErr := os.Stat(dir); errors.Is(statErr, fs.ErrNotExist) {
		return "no such folder"
	}
	return err.Error()
}

// openFolder reads the user's own four IDX files. Nothing is known of them, so
// the classes are numbered and their count is taken from the training labels.
func openFolder(dir string) (*Set, error) {
	if e, ok := omniglotIn(dir); ok {
		set, err := readOmniglot(e, os.DirFS(dir))
		if err != nil {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set in %s: %v", dir, err)}
		}
		return set, nil
	}
	e := &Entry{Name: filepath.Base(filepath.Clean(dir)), Source: dir, Files: mnistFiles("", "", "", "")}
	set, err := readSet(e, os.DirFS(dir))
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set in %s: %s", dir, reason(dir, err))}
	}
	return set, nil
}
