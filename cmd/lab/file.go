package main

import (
	"io"
	"os"
	"path/filepath"
)

// writeFile writes a file that is there whole or not at all.
func writeFile(path string, write func(io.Writer) error) error {
	return replaceFile(path, func(f *os.File) error { return write(f) })
}

// copyFile copies a file; the copy is there whole or not at all.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return replaceFile(to, func(f *os.File) error { _, err := io.Copy(f, in); return err })
}

// replaceFile writes a temporary file beside the target and puts it in place when it
// is whole.
func replaceFile(path string, write func(*os.File) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".lab-export-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it is in place
	if err = write(tmp); err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	return err
}

// cause is the reason within a path error: the path is named already.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	if e, ok := err.(*os.LinkError); ok {
		return e.Err
	}
	return err
}
