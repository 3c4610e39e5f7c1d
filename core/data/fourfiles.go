package data

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"lab/core/data/idx"
	"lab/core/tensor"
)

// readSet reads a set of four IDX files, those of e.Files, from one folder. Each
// may be compressed, or raw and named without .gz. A file whose hash is known
// must have it.
func readSet(e *Entry, dir fs.FS) (*Set, error) {
	var arrays [4]*idx.Array
	whole := sha256.New()
	for i, f := range e.Files {
		a, stored, err := readFile(dir, f.Name)
		if err != nil {
			return nil, err
		}
		one := sha256.New()
		if err := idx.Write(io.MultiWriter(one, whole), a); err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		sum := hex.EncodeToString(one.Sum(nil))
		if f.Archive {
			sum = stored
		}
		if f.SHA256 != "" && sum != f.SHA256 {
			return nil, fmt.Errorf("%s is not the one of %s: its content has SHA-256 %.12s…", f.Name, e.Name, sum)
		}
		arrays[i] = a
	}
	set := &Set{Name: e.Name, Classes: e.Classes, SHA256: hex.EncodeToString(whole.Sum(nil)),
		Licence: e.Licence, Source: e.Source}
	var err error
	if set.Train, err = labelled(arrays[0], arrays[1]); err != nil {
		return nil, fmt.Errorf("training set: %w", err)
	}
	if set.Test, err = labelled(arrays[2], arrays[3]); err != nil {
		return nil, fmt.Errorf("test set: %w", err)
	}
	if e.White != 0 {
		set.Train.White, set.Test.White = e.White, e.White
	}
	return set, set.finish()
}

// readFile reads an array, and returns the SHA-256 of the file as it is stored, too.
func readFile(dir fs.FS, name string) (a *idx.Array, stored string, err error) {
	there := name
	f, err := dir.Open(there)
	if errors.Is(err, fs.ErrNotExist) {
		there = strings.TrimSuffix(name, ".gz")
		f, err = dir.Open(there)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("no %s", name)
	}
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	sum := sha256.New()
	a, err = idx.Read(io.TeeReader(f, sum), 0) // to the end
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", there, err)
	}
	return a, hex.EncodeToString(sum.Sum(nil)), nil
}

// labelled pairs images, [n,H,W] or [n,H,W,C], with their labels, [n].
func labelled(images, labels *idx.Array) (*Examples, error) {
	d := images.Dims
	switch len(d) {
	case 3:
		d = append(d[:3:3], 1)
	case 4:
	default:
		return nil, fmt.Errorf("images have %d axes; count, height, width and perhaps channels are needed", len(d))
	}
	if len(labels.Dims) != 1 {
		return nil, fmt.Errorf("labels have %d axes; 1 is needed", len(labels.Dims))
	}
	e := &Examples{Shape: tensor.Shape{d[1], d[2], d[3]}, Pixels: images.Data, White: 255,
		Labels: make([]int32, len(labels.Data))}
	for i, l := range labels.Data {
		e.Labels[i] = int32(l)
	}
	return e, nil
}
