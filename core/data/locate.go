package data

import (
	"os"
	"path/filepath"
	"strings"
)

// Find returns the entry of that name.
func Find(name string) (*Entry, bool) { return lookup(name) }

// Locate returns the folder in which Open would look at the set's files first, of those
// that hold them all, by their names alone; "" where there is none.
func (e *Entry) Locate(dataDir string) string {
	if e.Embedded() {
		return ""
	}
	for _, dir := range e.folders(dataDir) {
		all := true
		for _, f := range e.Files {
			all = all && (isFile(filepath.Join(dir, f.Name)) || isFile(filepath.Join(dir, strings.TrimSuffix(f.Name, ".gz"))))
		}
		if all {
			return dir
		}
	}
	return ""
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}
