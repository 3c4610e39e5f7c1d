package data

import (
	"archive/zip"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"lab/core/tensor"
)

// Omniglot (Lake, Salakhutdinov & Tenenbaum 2015): characters of many alphabets, each
// drawn by twenty people, as archives of alphabet/character/drawing.png. The training
// examples are one archive, the test examples another, of other characters; classes are
// named alphabet/character. Drawings of 105×105 black on white become 28×28, white on
// black.

const omniglotSide = 28

// omniglotParts are the archives that belong together, training and test.
var omniglotParts = [][2]string{
	{"images_background_small1.zip", "images_background_small2.zip"},
	{"images_background.zip", "images_evaluation.zip"},
}

// openOmniglot reads the set from the first folder that holds its archives.
func openOmniglot(e *Entry, dataDir string, _ options) (*Set, error) {
	return e.search(dataDir, func(dir string) (*Set, error) { return readOmniglot(e, os.DirFS(dir)) })
}

// omniglotIn is the entry of a pair of archives in a folder of the user's own, if it
// holds one.
func omniglotIn(dir string) (*Entry, bool) {
	for _, part := range omniglotParts {
		if _, err := os.Stat(filepath.Join(dir, part[0])); err == nil {
			return &Entry{Name: filepath.Base(filepath.Clean(dir)), Source: dir, Files: []File{{Name: part[0]}, {Name: part[1]}}}, true
		}
	}
	return nil, false
}

func readOmniglot(e *Entry, dir fs.FS) (*Set, error) {
	set := &Set{Name: e.Name, Licence: e.Licence, Source: e.Source}
	whole := sha256.New()
	for i, f := range e.Files {
		file, err := fs.ReadFile(dir, f.Name)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("no %s", f.Name)
		}
		if err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(file); f.SHA256 != "" && hex.EncodeToString(sum[:]) != f.SHA256 {
			return nil, fmt.Errorf("%s is not the one of %s: it has SHA-256 %.12x…", f.Name, e.Name, sum)
		}
		whole.Write(file)
		examples, classes, err := readDrawings(file, len(set.Classes))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		set.Classes = append(set.Classes, classes...)
		if i == 0 {
			set.Train = examples
		} else {
			set.Test = examples
		}
	}
	set.SHA256 = hex.EncodeToString(whole.Sum(nil))
	for _, part := range []*Examples{set.Train, set.Test} {
		if err := part.check(len(set.Classes)); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// readDrawings reads an archive. Its classes, sorted by name, are counted from first.
func readDrawings(file []byte, first int) (*Examples, []string, error) {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, nil, err
	}
	var drawings []*zip.File
	for _, f := range archive.File {
		if strings.HasSuffix(f.Name, ".png") && !strings.HasPrefix(path.Base(f.Name), ".") {
			drawings = append(drawings, f)
		}
	}
	slices.SortFunc(drawings, func(a, b *zip.File) int { return cmp.Compare(a.Name, b.Name) })
	e := &Examples{Shape: tensor.Shape{omniglotSide, omniglotSide, 1}, White: 255}
	var classes []string
	for _, f := range drawings {
		character := path.Dir(f.Name)
		name := path.Base(path.Dir(character)) + "/" + path.Base(character)
		if len(classes) == 0 || classes[len(classes)-1] != name {
			classes = append(classes, name)
		}
		pixels, err := readDrawing(f)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		e.Pixels = append(e.Pixels, pixels...)
		e.Labels = append(e.Labels, int32(first+len(classes)-1))
	}
	return e, classes, nil
}

func readDrawing(f *zip.File) ([]uint8, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	img, err := png.Decode(r)
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	grey, ok := img.(*image.Gray) // as published
	if !ok {
		grey = image.NewGray(b)
		draw.Draw(grey, b, img, b.Min, draw.Src)
	}
	ink := make([]float32, len(grey.Pix))
	for i, v := range grey.Pix {
		ink[i] = 255 - float32(v)
	}
	fit, err := newFit(tensor.Shape{b.Dy(), b.Dx(), 1}, tensor.Shape{omniglotSide, omniglotSide, 1})
	if err != nil {
		return nil, err
	}
	small := make([]float32, omniglotSide*omniglotSide)
	fit.apply(small, ink)
	pixels := make([]uint8, len(small))
	for i, v := range small {
		pixels[i] = uint8(math.Round(float64(v)))
	}
	return pixels, nil
}
