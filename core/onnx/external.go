package onnx

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"lab/core/onnx/pb"
)

// folder is where the external data of a model may lie: the model's own folder
// and what is below it. A file is untrusted, so a path that leads out, by "..",
// by being absolute or through a link, is refused (see ONNX, ExternalData.md).
type folder struct {
	dir   string // "" for none
	root  *os.Root
	sizes map[string]int64 // of the files met so far
	total int64            // of those sizes
	taken int64            // bytes read
}

func (f *folder) close() {
	if f.root != nil {
		f.root.Close()
	}
}

// read returns the size bytes that the entries of external_data name.
func (f *folder) read(entries []*pb.Entry, size int64) ([]byte, error) {
	var location string
	offset, length := int64(0), int64(-1)
	for _, e := range entries {
		var err error
		switch e.Key {
		case "location":
			location = e.Value
		case "offset":
			offset, err = strconv.ParseInt(e.Value, 10, 64)
		case "length":
			length, err = strconv.ParseInt(e.Value, 10, 64)
			if err == nil && length < 0 {
				err = strconv.ErrRange
			}
		}
		if err != nil || offset < 0 {
			return nil, fmt.Errorf("external data has the %s %q", e.Key, e.Value)
		}
	}
	file, err := f.open(location)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if length < 0 {
		length = max(0, info.Size()-offset)
	}
	if length != size {
		return nil, fmt.Errorf("external data %q has %d bytes for it, want %d", location, length, size)
	}
	if offset > info.Size() || size > info.Size()-offset {
		return nil, fmt.Errorf("external data %q ends at %d, before the %d bytes from %d", location, info.Size(), size, offset)
	}
	if _, met := f.sizes[location]; !met {
		if f.sizes == nil {
			f.sizes = map[string]int64{}
		}
		f.sizes[location] = info.Size()
		f.total += info.Size()
	}
	if f.taken += size; f.taken > maxReread*f.total {
		return nil, fmt.Errorf("external data is used more than %d times over", maxReread)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(file, offset, size), b); err != nil {
		return nil, fmt.Errorf("external data %q: %w", location, err)
	}
	return b, nil
}

func (f *folder) open(location string) (*os.File, error) {
	if f.dir == "" {
		return nil, fmt.Errorf("its data is in the file %q, and no folder is given to look for it", location)
	}
	local := filepath.FromSlash(location)
	if !filepath.IsLocal(local) || slices.Contains(strings.Split(location, "/"), "..") {
		return nil, fmt.Errorf("external data %q is not a path inside the model's folder", location)
	}
	if f.root == nil {
		root, err := os.OpenRoot(f.dir)
		if err != nil {
			return nil, err
		}
		f.root = root
	}
	// Stat before Open: opening a pipe would wait for somebody to write to it.
	info, err := f.root.Stat(local)
	if err != nil {
		return nil, fmt.Errorf("external data %q: %w", location, cause(err))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("external data %q is no regular file", location)
	}
	file, err := f.root.Open(local)
	if err != nil {
		return nil, fmt.Errorf("external data %q: %w", location, cause(err))
	}
	return file, nil
}

// cause drops the operation and path that os puts before an error, where the
// message around it names the path already.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	return err
}
