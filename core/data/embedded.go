package data

import (
	"embed"
	"fmt"
	"io/fs"

	"lab/core"
)

//go:generate go run ./makemini
//go:generate go run ./maketables

// The folders are embedded as such, so that the package builds, and can make
// the files, where they are missing.
//
//go:embed embedded
var embedded embed.FS

// openEmbedded reads a set of four IDX files that ships inside the binary.
func openEmbedded(e *Entry, _ string, _ options) (*Set, error) {
	dir, err := fs.Sub(embedded, "embedded/"+e.Name)
	if err != nil {
		return nil, fmt.Errorf("open embedded data: %w", err)
	}
	set, err := readSet(e, dir)
	if err != nil {
		return nil, &core.Error{Kind: core.Other, Msg: "this lab was built with a broken data set " + e.Name, Err: err}
	}
	notice, err := fs.ReadFile(dir, "LICENSE")
	if err != nil {
		return nil, fmt.Errorf("open embedded data: %w", err)
	}
	set.Notice = string(notice)
	return set, nil
}
