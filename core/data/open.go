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
// A name with a slash in it is a path of the user's own:
//
//   - a CSV file with a header, perhaps compressed (.csv, .csv.gz);
//   - four NumPy arrays x_train, y_train, x_test, y_test in one file (.npz), or in a
//     folder, each its own .npy;
//   - a folder of four IDX files named like those of MNIST;
//   - CIFAR-10's binary version, its .tar.gz or the folder that it makes;
//   - a folder of PNG and JPEG pictures, a sub-folder a class, perhaps below train and
//     test;
//   - a folder with the archives of Omniglot.
func Open(name, dataDir string, more ...Option) (*Set, error) {
	var o options
	for _, set := range more {
		set(&o)
	}
	set, err := read(name, dataDir, o)
	if err == nil && o.fold != 0 && set.Target == "" {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("the test of data set %s is the one of its source", name), Try: "no fold"}
	}
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
	side    int
	gray    bool
	fold    int
}

// Target names the column of a table that is to be predicted; "" is the last one.
func Target(column string) Option { return func(o *options) { o.target = column } }

// Fold says which fifth of a table's rows is kept for the test, 0 to 4: for a test on
// every row (cross validation). The five are drawn by a fixed seed, so that they are
// the same for everyone; the first, 0, is the one kept otherwise.
func Fold(k int) Option { return func(o *options) { o.fold = k } }

// WantClasses takes a target of whole numbers for the names of classes. Text is
// classes in any case, and numbers are otherwise numbers to predict.
func WantClasses() Option { return func(o *options) { o.classes = true } }

// ImageSize brings a folder of pictures to so many pixels a side; 0 keeps small ones of
// one size as they are.
func ImageSize(side int) Option { return func(o *options) { o.side = side } }

// Gray takes a folder of pictures without their colours.
func Gray() Option { return func(o *options) { o.gray = true } }

func read(name, dataDir string, o options) (*Set, error) {
	if strings.ContainsAny(name, `/\`) {
		return openOwn(name, o)
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

// openFetched reads a set of four IDX files.
func openFetched(e *Entry, dataDir string, _ options) (*Set, error) {
	return e.search(dataDir, func(dir string) (*Set, error) { return readSet(e, os.DirFS(dir)) })
}

// search reads a set from the first folder that holds it with the right content. A
// folder with other content is passed over, not refused: MNIST's relatives share their
// file names, so it may be another set.
func (e *Entry) search(dataDir string, read func(dir string) (*Set, error)) (*Set, error) {
	var looked []string
	for _, dir := range e.folders(dataDir) {
		set, err := read(dir)
		if err == nil {
			return set, nil
		}
		looked = append(looked, fmt.Sprintf("%s (%s)", dir, reason(dir, err)))
	}
	if looked == nil {
		looked = []string{"no folder"}
	}
	return nil, &core.Error{Kind: core.Usage,
		Msg: fmt.Sprintf("data set %s was not found; looked in %s", e.Name, strings.Join(looked, ", ")),
		Try: e.howToGet()}
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

func (e *Entry) howToGet() string {
	try := "lab data get " + e.Name
	if e.Package != "" {
		try += ", or apt install " + e.Package
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
