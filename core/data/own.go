package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lab/core"
)

// openOwn reads what lies at a path of the user's own.
func openOwn(path string, o options) (*Set, error) {
	if isTable(path) {
		return openTable(path, o)
	}
	set, err := readOwn(path, o)
	if err != nil && core.KindOf(err) == core.Other {
		if info, statErr := os.Stat(path); errors.Is(statErr, fs.ErrNotExist) {
			err = fmt.Errorf("there is no such file or folder")
		} else if statErr == nil && !info.IsDir() && cause(err) != nil {
			err = cause(err)
		}
		return nil, &core.Error{Kind: core.Usage, Msg: "data set in " + path, Err: err}
	}
	return set, err
}

// readOwn tells by the names of the files what they are.
func readOwn(path string, o options) (*Set, error) {
	// Of the user's own sets nothing is known but what the files say: classes are
	// numbered, and their count is taken from the training labels.
	e := &Entry{Name: filepath.Base(filepath.Clean(path)), Source: path}
	holds := func(pattern string) bool {
		found, err := filepath.Glob(filepath.Join(path, pattern))
		return err == nil && len(found) > 0
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case strings.HasSuffix(path, ".npz"), holds("?_*.npy"):
		return openArrays(path)
	case strings.HasSuffix(path, ".tar.gz"):
		e.Name, e.Files = strings.TrimSuffix(e.Name, ".tar.gz"), []File{{Name: filepath.Base(path), Archive: true}}
		return readCIFAR(e, filepath.Dir(path))
	case !info.IsDir():
		return nil, fmt.Errorf("it is a file of no known kind; .csv, .npz and .tar.gz (CIFAR-10) are")
	case holds("*_batch*.bin"):
		e.Files = []File{{Name: cifarTest, Archive: true}}
		return readBatches(e, path)
	case holds("*-ubyte*"):
		e.Files = mnistFiles("", "", "", "")
		return readSet(e, os.DirFS(path))
	}
	if archive, ok := omniglotIn(path); ok {
		return readOmniglot(archive, os.DirFS(path))
	}
	return openImages(path, o)
}

// cause is the reason within an error about a path: the path is named already.
func cause(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return nil
}
