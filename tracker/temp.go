package tracker

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// tempPrefix is how files begin that are still being written: the tracker's and,
// by the same name, those of the families.
const tempPrefix = ".tmp-"

// writeWhole writes a file that is afterwards there completely or not at all.
func writeWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), tempPrefix+"*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once renamed
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// temps returns the unfinished files below dir. What cannot be looked at is left
// out.
func temps(dir string) (paths []string) {
	filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() && strings.HasPrefix(e.Name(), tempPrefix) {
			paths = append(paths, path)
		}
		return nil
	})
	return paths
}

// removeTemps removes what a process that is gone was still writing below dir.
func removeTemps(dir string) {
	for _, path := range temps(dir) {
		os.Remove(path)
	}
}
