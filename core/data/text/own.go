package text

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"lab/core"
)

// readOwn reads a file of the user's and divides it, a tenth each to validate and to
// test, or reads a folder of three files.
func readOwn[T any](s *Source, path, what string, read func(path string, b []byte) ([]T, error)) (train, val, test []T, err error) {
	files, contents, err := parts(path)
	if err != nil {
		return nil, nil, nil, err
	}
	s.sum(contents...)
	var all [3][]T
	for i, b := range contents {
		if all[i], err = read(files[i], b); err != nil {
			return nil, nil, nil, err
		}
		if len(all[i]) == 0 {
			return nil, nil, nil, &core.Error{Kind: core.Usage, Msg: files[i] + " holds no " + what}
		}
	}
	if len(files) == 3 {
		return all[0], all[1], all[2], nil
	}
	n := len(all[0])
	if n < 10 {
		return nil, nil, nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s has %d %s, too few to divide", path, n, what), Try: "ten or more"}
	}
	train, val, test = divided(all[0], n/10, n/10)
	return train, val, test, nil
}

// parts reads the user's own file or folder: one file to be divided, or three.
func parts(path string) (files []string, contents [][]byte, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, &core.Error{Kind: core.Usage, Msg: "read text", Err: err}
	}
	files = []string{path}
	if info.IsDir() {
		files = nil
		for _, part := range []string{"train", "dev|val|valid", "test"} {
			var hit []string
			for p := range strings.SplitSeq(part, "|") {
				m, err := filepath.Glob(filepath.Join(path, "*"+p+"*"))
				if err != nil {
					return nil, nil, &core.Error{Kind: core.Usage, Msg: "read text", Err: err}
				}
				hit = append(hit, m...)
			}
			if hit = slices.Compact(slices.Sorted(slices.Values(hit))); len(hit) != 1 {
				return nil, nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s holds %d files whose names have %s in them", path, len(hit), strings.ReplaceAll(part, "|", " or ")),
					Try: "a folder with train, dev and test, or a single file"}
			}
			files = append(files, hit[0])
		}
	}
	for _, f := range files {
		b, err := own(f)
		if err != nil {
			return nil, nil, err
		}
		contents = append(contents, b)
	}
	return files, contents, nil
}

// own reads a file of the user's.
func own(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err == nil {
		b, err = unpack(b)
	}
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: "read text", Err: err}
	}
	if at := invalid(b); at >= 0 {
		line := 1 + bytes.Count(b[:at], []byte("\n"))
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: not UTF-8", path, line), Try: "iconv -t UTF-8"}
	}
	return b, nil
}

// invalid is where b first is not UTF-8, or -1.
func invalid(b []byte) int {
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// divided cuts items into train, val and test: as many for val and test as told, by a
// fixed seed, so that it is held fixed while the seed of a run varies.
func divided[T any](items []T, val, test int) (a, b, c []T) {
	items = slices.Clone(items)
	r := rand.New(rand.NewPCG(1851, 0))
	r.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
	n := len(items) - val - test
	return items[:n], items[n : n+val], items[n+val:]
}
