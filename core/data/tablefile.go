package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"lab/core"
)

// isTable reports whether a path names a CSV file.
func isTable(path string) bool {
	return strings.HasSuffix(strings.TrimSuffix(path, ".gz"), ".csv")
}

// openTable reads the user's own CSV file, compressed by gzip or not.
func openTable(path string, o options) (*Set, error) {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no file %s", path), Try: "the path of a CSV file with a header"}
	}
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Err: err}
	}
	set, err := decodeTable(filepath.Base(path), raw, o)
	if err != nil {
		return nil, err
	}
	set.Name, _, _ = strings.Cut(filepath.Base(path), ".")
	set.Source = path
	return set, nil
}

// openEmbeddedTable reads a CSV file that ships inside the binary.
func openEmbeddedTable(e *Entry, _ string, o options) (*Set, error) {
	dir := "embedded/" + e.Name + "/"
	raw, err := embedded.ReadFile(dir + e.Files[0].Name)
	if err != nil {
		return nil, fmt.Errorf("open embedded data: %w", err)
	}
	notice, err := embedded.ReadFile(dir + "LICENSE")
	if err != nil {
		return nil, fmt.Errorf("open embedded data: %w", err)
	}
	set, err := decodeTable(e.Files[0].Name, raw, o)
	if err != nil {
		return nil, err
	}
	if set.SHA256 != e.Files[0].SHA256 {
		return nil, &core.Error{Kind: core.Other, Msg: "this lab was built with another data set " + e.Name + ": its SHA-256 is " + set.SHA256}
	}
	set.Name, set.Licence, set.Source, set.Notice = e.Name, e.Licence, e.Source, string(notice)
	return set, nil
}

func decodeTable(file string, raw []byte, o options) (*Set, error) {
	if len(raw) > 1 && raw[0] == 0x1f && raw[1] == 0x8b {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err == nil {
			raw, err = io.ReadAll(z)
		}
		if err != nil {
			return nil, &core.Error{Kind: core.Usage, Msg: file, Err: err}
		}
	}
	t, err := readTable(file, bytes.NewReader(raw))
	if err != nil {
		return nil, err
	}
	set, err := t.set(o)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(raw)
	set.SHA256 = hex.EncodeToString(sum[:])
	return set, nil
}
