package onnx

import (
	"errors"
	"os"
	"path/filepath"

	"lab/core"
)

// writeFile puts b at path: all of it or, on an error, what was there before.
// Once it returns, the file survives a loss of power.
func writeFile(path string, b []byte) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+".*.tmp")
	if err != nil {
		return storage(path, err)
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return storage(path, err)
	}
	// The new name is safe once the folder is. Not every file system can sync
	// one, and the file itself is whole either way.
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
	return nil
}

func storage(path string, err error) error {
	return &core.Error{Kind: core.Storage, Msg: "write " + path, Err: cause(err)}
}
