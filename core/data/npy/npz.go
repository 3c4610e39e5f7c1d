package npy

import (
	"archive/zip"
	"fmt"
	"os"
	"strings"
)

// ReadZip reads the arrays of an .npz file, by name. All together may hold limit bytes
// of elements; 0 means [DefaultLimit].
func ReadZip(path string, limit int64) (map[string]*Array, error) {
	if limit <= 0 {
		limit = DefaultLimit
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("npz: %w", err)
	}
	arrays := map[string]*Array{}
	for _, entry := range z.File {
		name, ok := strings.CutSuffix(entry.Name, ".npy")
		if !ok {
			return nil, fmt.Errorf("npz: %q is not an array: its name does not end with .npy", entry.Name)
		}
		if limit <= 0 {
			return nil, fmt.Errorf("npz: the arrays exceed the limit of bytes")
		}
		r, err := entry.Open()
		if err != nil {
			return nil, fmt.Errorf("npz: %s: %w", entry.Name, err)
		}
		a, err := Read(r, limit)
		r.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name, err)
		}
		limit -= int64(len(a.Bytes) + 8*len(a.Ints) + 4*len(a.Floats))
		arrays[name] = a
	}
	return arrays, nil
}
