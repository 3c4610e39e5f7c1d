package data

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"lab/core/tensor"
)

// The files of CIFAR-10 in its binary version: records of a label and 32×32 pixels,
// one plane of red, one of green, one of blue (Krizhevsky 2009).
const (
	cifarSide   = 32
	cifarPlane  = cifarSide * cifarSide
	cifarRecord = 1 + 3*cifarPlane
	cifarTest   = "test_batch.bin"

	// maxCIFAR bounds a file of records, ten times those of CIFAR-10.
	maxCIFAR = 100_000 * cifarRecord
)

var cifarBatches = []string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", cifarTest}

// openCIFAR reads CIFAR-10 from the archive as it is published, whose hash it checks,
// or from the folder that it was extracted to.
func openCIFAR(e *Entry, dataDir string, _ options) (*Set, error) {
	return e.search(dataDir, func(dir string) (*Set, error) { return readCIFAR(e, dir) })
}

// readCIFAR reads the archive in a folder, or else the extracted files there or in the
// folder that the archive makes.
func readCIFAR(e *Entry, dir string) (*Set, error) {
	f, err := os.Open(filepath.Join(dir, e.Files[0].Name))
	if err == nil {
		defer f.Close()
		files, err := untarCIFAR(f, e.Files[0].SHA256)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.Files[0].Name, err)
		}
		return cifarSet(e, files)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, at := range []string{dir, filepath.Join(dir, "cifar-10-batches-bin")} {
		if isFile(filepath.Join(at, cifarTest)) {
			return readBatches(e, at)
		}
	}
	return nil, fmt.Errorf("no %s", e.Files[0].Name)
}

// readBatches reads the extracted files in a folder. Their hash is of no file as
// published, so what CIFAR-10 calls itself is not checked.
func readBatches(e *Entry, dir string) (*Set, error) {
	files := map[string][]byte{}
	for _, name := range cifarBatches {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		files[name] = b
	}
	return cifarSet(e, files)
}

// untarCIFAR returns the batches in an archive; want is its SHA-256, or "".
func untarCIFAR(r io.Reader, want string) (map[string][]byte, error) {
	sum := sha256.New()
	source := io.TeeReader(r, sum)
	z, err := gzip.NewReader(bufio.NewReader(source))
	if err != nil {
		return nil, fmt.Errorf("read gzip header: %w", err)
	}
	files := map[string][]byte{}
	for archive := tar.NewReader(z); ; {
		h, err := archive.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		name := path.Base(h.Name)
		if !strings.HasSuffix(name, ".bin") {
			continue
		}
		var b bytes.Buffer
		if _, err := io.Copy(&b, io.LimitReader(archive, maxCIFAR+1)); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		files[name] = b.Bytes()
	}
	if _, err := io.Copy(io.Discard, source); err != nil {
		return nil, fmt.Errorf("read end of file: %w", err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); want != "" && got != want {
		return nil, fmt.Errorf("the file has SHA-256 %.12s…, not %.12s…", got, want)
	}
	return files, nil
}

// cifarSet makes a set of the files by name. A set of the user's own may have fewer
// training batches, one at least.
func cifarSet(e *Entry, files map[string][]byte) (*Set, error) {
	set := &Set{Name: e.Name, Classes: e.Classes, Licence: e.Licence, Source: e.Source,
		Train: &Examples{Shape: tensor.Shape{cifarSide, cifarSide, 3}, White: 255}, Test: &Examples{Shape: tensor.Shape{cifarSide, cifarSide, 3}, White: 255}}
	whole := sha256.New()
	for _, name := range cifarBatches {
		b := files[name]
		if b == nil && name != cifarTest && name != cifarBatches[0] {
			continue
		}
		if len(b) == 0 || len(b)%cifarRecord != 0 || len(b) > maxCIFAR {
			return nil, fmt.Errorf("%s has %d bytes, which is not a whole number of records of %d (a label and 32×32×3 pixels)", name, len(b), cifarRecord)
		}
		whole.Write(b)
		part := set.Train
		if name == cifarTest {
			part = set.Test
		}
		for at := 0; at < len(b); at += cifarRecord {
			if label := int(b[at]); len(e.Classes) > 0 && label >= len(e.Classes) {
				return nil, fmt.Errorf("%s: label %d of example %d is out of range: there are %d classes, counted from 0", name, label, at/cifarRecord, len(e.Classes))
			}
			part.Labels = append(part.Labels, int32(b[at]))
			planes := b[at+1 : at+cifarRecord]
			for p := range cifarPlane { // [3,32,32] becomes [32,32,3]
				part.Pixels = append(part.Pixels, planes[p], planes[cifarPlane+p], planes[2*cifarPlane+p])
			}
		}
	}
	set.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return set, set.finish()
}
