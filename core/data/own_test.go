package data

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/data/idx"
	"lab/core/tensor"
)

// put writes a file, and the folders that it lies in.
func put(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

func pngOf(t *testing.T, w, h int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		img.Set(i%w, i/w, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func mustOpen(t *testing.T, path string, o ...Option) *Set {
	t.Helper()
	set, err := Open(path, "", o...)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// wantError opens what must not open, and wants one line of kind Usage that says why.
func wantError(t *testing.T, path, want string) {
	t.Helper()
	_, err := Open(path, "")
	if err == nil || !strings.Contains(err.Error(), want) || core.KindOf(err) != core.Usage || strings.Contains(err.Error(), "\n") {
		t.Errorf("%s: got %v; want %q", path, err, want)
	}
}

func TestImageFolder(t *testing.T) {
	dir := t.TempDir()
	gray := func(v uint8) color.Color { return color.Gray{v} }
	for i := range 10 {
		name := string(rune('a'+i)) + ".png"
		put(t, filepath.Join(dir, "cats", name), pngOf(t, 5, 4, gray(uint8(10+i))))
		put(t, filepath.Join(dir, "dogs", name), pngOf(t, 5, 4, gray(uint8(200+i))))
	}
	put(t, filepath.Join(dir, "README.md"), []byte("Mine."))
	put(t, filepath.Join(dir, "cats", ".DS_Store"), []byte("junk"))
	set := mustOpen(t, dir)
	if set.Train.Len() != 16 || set.Test.Len() != 4 || !set.Train.Shape.Equal(tensor.Shape{4, 5, 1}) || !slices.Equal(set.Classes, []string{"cats", "dogs"}) {
		t.Errorf("%d + %d of %v, %v", set.Train.Len(), set.Test.Len(), set.Train.Shape, set.Classes)
	}
	if n := set.Test.PerClass(2); n[0] != 2 || n[1] != 2 {
		t.Errorf("test has %v", n)
	}
	for i, l := range set.Train.Labels {
		if v := set.Train.Pixels[i*20]; (l == 0) != (v < 100) {
			t.Errorf("pixel %d has label %d", v, l)
		}
	}
	if again := mustOpen(t, dir); again.SHA256 != set.SHA256 || len(set.SHA256) != 64 {
		t.Errorf("%s, then %s", set.SHA256, again.SHA256)
	}
	if big := mustOpen(t, dir, ImageSize(9)); !big.Train.Shape.Equal(tensor.Shape{9, 9, 1}) || !slices.Contains(set.Train.Pixels, big.Train.Pixels[40]) {
		t.Errorf("nine pixels: %v", big.Train.Shape)
	}

	// One in colour makes all of them so, and one of another size brings all to one.
	put(t, filepath.Join(dir, "cats", "z.png"), pngOf(t, 50, 40, color.NRGBA{255, 0, 0, 255}))
	var b bytes.Buffer
	jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8)), nil)
	put(t, filepath.Join(dir, "dogs", "z.JPG"), b.Bytes())
	if set := mustOpen(t, dir); !set.Train.Shape.Equal(tensor.Shape{32, 32, 3}) {
		t.Errorf("mixed: %v", set.Train.Shape)
	}
	if set := mustOpen(t, dir, Gray()); !set.Train.Shape.Equal(tensor.Shape{32, 32, 1}) || !slices.Contains(append(set.Train.Pixels, set.Test.Pixels...), 76) {
		t.Errorf("grey: %v; red is 76", set.Train.Shape)
	}

	put(t, filepath.Join(dir, "dogs", "notes.txt"), []byte("good dogs"))
	wantError(t, dir, "notes.txt is not a PNG or JPEG image")
	os.Remove(filepath.Join(dir, "dogs", "notes.txt"))
	put(t, filepath.Join(dir, "dogs", "half.png"), pngOf(t, 50, 50, gray(3))[:60])
	wantError(t, dir, "half.png: png: invalid format")
	os.Remove(filepath.Join(dir, "dogs", "half.png"))
	put(t, filepath.Join(dir, "loose.png"), pngOf(t, 5, 5, gray(3)))
	wantError(t, dir, "loose.png is in no class")
	os.Remove(filepath.Join(dir, "loose.png"))
	os.Mkdir(filepath.Join(dir, "fish"), 0o755)
	wantError(t, dir, "fish holds no images")
	wantError(t, filepath.Join(dir, "cats"), "a.png is in no class")
}

func TestImageFolderSplit(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"train", "val"} {
		for i, class := range []string{"a", "b"} {
			put(t, filepath.Join(dir, part, class, "1.png"), pngOf(t, 2, 2, color.Gray{uint8(100 + i)}))
		}
	}
	put(t, filepath.Join(dir, "train", "c", "1.png"), pngOf(t, 2, 2, color.Gray{7}))
	set := mustOpen(t, dir)
	if set.Train.Len() != 3 || set.Test.Len() != 2 || len(set.Classes) != 3 || set.Test.Labels[1] != 1 {
		t.Errorf("%+v %+v", set.Train, set.Test)
	}
	put(t, filepath.Join(dir, "val", "d", "1.png"), pngOf(t, 2, 2, color.Gray{7}))
	wantError(t, dir, "d is a class in "+filepath.Join(dir, "val")+", but not in")
	os.Rename(filepath.Join(dir, "val"), filepath.Join(dir, "other"))
	wantError(t, dir, "none called test or val")
}

// record is one of CIFAR-10, whose red, green and blue are the given values.
func record(label, r, g, b byte) []byte {
	out := []byte{label}
	for _, v := range []byte{r, g, b} {
		out = append(out, bytes.Repeat([]byte{v}, cifarPlane)...)
	}
	return out
}

func TestCIFAR(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mine")
	train, test := append(record(3, 1, 2, 3), record(1, 4, 5, 6)...), record(2, 7, 8, 9)
	put(t, filepath.Join(dir, "data_batch_1.bin"), train)
	put(t, filepath.Join(dir, "test_batch.bin"), test)
	set := mustOpen(t, dir)
	if set.Train.Len() != 2 || set.Test.Len() != 1 || !slices.Equal(set.Train.Pixels[3072:3078], []uint8{4, 5, 6, 4, 5, 6}) || !slices.Equal(set.Train.Labels, []int32{3, 1}) {
		t.Errorf("%d + %d, labels %v, pixels %v", set.Train.Len(), set.Test.Len(), set.Train.Labels, set.Train.Pixels[:6])
	}
	// The archive holds the same, wherever it is found, if its hash is right.
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	a := tar.NewWriter(z)
	for name, b := range map[string][]byte{"data_batch_1.bin": train, "test_batch.bin": test, "readme.html": []byte("<p>")} {
		a.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + name, Mode: 0o644, Size: int64(len(b))})
		a.Write(b)
	}
	a.Close()
	z.Close()
	archive := filepath.Join(t.TempDir(), "cifar-10-binary.tar.gz")
	put(t, archive, packed.Bytes())
	if packed := mustOpen(t, archive); packed.SHA256 != set.SHA256 || packed.Name != "cifar-10-binary" {
		t.Errorf("the archive is %s %s", packed.Name, packed.SHA256)
	}
	sum := sha256.Sum256(packed.Bytes())
	e := &Entry{Name: "cifar-10", Classes: []string{"a", "b", "c", "d"}, URL: "http://example.org/", Files: []File{{Name: "cifar-10-binary.tar.gz", Archive: true, SHA256: hex.EncodeToString(sum[:])}}}
	if set, err := openCIFAR(e, filepath.Dir(archive), options{}); err != nil || len(set.Classes) != 4 {
		t.Errorf("got %v", err)
	}
	e.Files[0].SHA256 = strings.Repeat("0", 64)
	if _, err := openCIFAR(e, filepath.Dir(archive), options{}); err == nil || !strings.Contains(err.Error(), "the file has SHA-256") {
		t.Errorf("got %v", err)
	}
	e.Classes = e.Classes[:2]
	if _, err := openCIFAR(e, dir, options{}); err == nil || !strings.Contains(err.Error(), "data_batch_1.bin: label 3 of example 0 is out of range") {
		t.Errorf("got %v", err)
	}
	put(t, filepath.Join(dir, "test_batch.bin"), test[:100])
	wantError(t, dir, "test_batch.bin has 100 bytes, which is not a whole number of records")
	put(t, archive, packed.Bytes()[:200])
	wantError(t, archive, "unexpected EOF")
	put(t, archive, []byte("a page, and a long one"))
	wantError(t, archive, "gzip: invalid header")
}

// npyOf is an array of bytes or, with another type, of what data means in it.
func npyOf(descr, shape string, data []byte) []byte {
	header := "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }"
	return append([]byte("\x93NUMPY\x01\x00"+string(rune(len(header)))+"\x00"+header), data...)
}

func TestArrays(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "x_train.npy"), npyOf("|u1", "(2, 1, 3)", []byte{1, 2, 3, 4, 5, 6}))
	put(t, filepath.Join(dir, "y_train.npy"), npyOf("<i2", "(2, 1)", []byte{1, 0, 0, 0}))
	put(t, filepath.Join(dir, "x_test.npy"), npyOf("|u1", "(1, 1, 3)", []byte{7, 8, 9}))
	put(t, filepath.Join(dir, "y_test.npy"), npyOf("|u1", "(1,)", []byte{1}))
	set := mustOpen(t, dir)
	if set.Train.Len() != 2 || set.Test.Pixels[2] != 9 || !slices.Equal(set.Train.Labels, []int32{1, 0}) || len(set.Classes) != 2 || !set.Train.Shape.Equal(tensor.Shape{1, 3, 1}) {
		t.Errorf("%+v %+v", set.Train, set.Test)
	}
	put(t, filepath.Join(dir, "y_train.npy"), npyOf("<i2", "(2,)", []byte{255, 255, 0, 0}))
	wantError(t, dir, "label -1 of example 0 is out of range")
	put(t, filepath.Join(dir, "y_train.npy"), npyOf("|u1", "(3,)", []byte{1, 0, 1}))
	wantError(t, dir, "2 examples but 3 labels")
	put(t, filepath.Join(dir, "y_train.npy"), npyOf("|u1", "(2,)", []byte{1, 0}))
	put(t, filepath.Join(dir, "y_test.npy"), npyOf("|u1", "(1,)", []byte{2}))
	wantError(t, dir, "label 2 of example 0 is out of range: there are 2 classes")
	os.Remove(filepath.Join(dir, "x_test.npy"))
	wantError(t, dir, "the arrays x_test and y_test are needed")
	put(t, filepath.Join(dir, "x_train.npy"), npyOf("<f4", "(2, 1, 1)", make([]byte, 8)))
	wantError(t, dir, "inputs have shape [2 1 1]")
	put(t, filepath.Join(dir, "x_train.npy"), []byte("\x93NUMPY\x01\x00\x10\x00{"))
	wantError(t, dir, "x_train.npy: npy: read header: unexpected EOF")
	lone := filepath.Join(t.TempDir(), "lone.npz")
	put(t, lone, []byte("PK"))
	wantError(t, lone, "not a valid zip file")
}

func TestOwnErrors(t *testing.T) {
	dir := t.TempDir()
	wantError(t, dir+"/none", "there is no such file or folder")
	put(t, dir+"/notes.txt", []byte("hello"))
	wantError(t, dir+"/notes.txt", "it is a file of no known kind")
	wantError(t, dir, "0 sub-folders with images")
	put(t, dir+"/train-images-idx3-ubyte", []byte("GIF89a"))
	wantError(t, dir, "train-images-idx3-ubyte: idx: not an IDX file: it starts with 0x47494638")
}

// Where the hash is that of the compressed file, that is what counts.
func TestPackedHash(t *testing.T) {
	dir := t.TempDir()
	writeIDX(t, dir, true, nil)
	e := &Entry{Name: "tiny", Classes: []string{"a", "b"}, URL: "http://example.org/"}
	for _, f := range mnistFiles("", "", "", "") {
		b, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		e.Files = append(e.Files, File{Name: f.Name, SHA256: hex.EncodeToString(sum[:]), Archive: true})
	}
	if _, err := openFetched(e, dir, options{}); err != nil {
		t.Error(err)
	}
	if e.Locate(dir) != dir || e.Locate(t.TempDir()) != "" {
		t.Errorf("located in %q", e.Locate(dir))
	}
	writeIDX(t, dir, true, func(f []*idx.Array) { f[3].Data[0] = 0 })
	if _, err := openFetched(e, dir, options{}); err == nil || !strings.Contains(err.Error(), "t10k-labels-idx1-ubyte.gz is not the one of tiny") {
		t.Errorf("got %v", err)
	}
}
