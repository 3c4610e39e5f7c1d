package data

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
	"lab/core/data/idx"
	"lab/core/tensor"
)

func open(t testing.TB, name string) *Set {
	t.Helper()
	set, err := Open(name, "")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestFashionMini(t *testing.T) {
	set := open(t, "fashion-mini")
	if want := "281ad9963906a32b8a0c2df3ca29304ab363c6246df687f97c7396f03bcd0ba1"; set.SHA256 != want {
		t.Errorf("SHA-256 is %s; want %s", set.SHA256, want)
	}
	if !strings.Contains(set.Notice, "Zalando SE") || set.Licence == "" || set.Source == "" {
		t.Errorf("licence %q, source %q, notice %q", set.Licence, set.Source, set.Notice)
	}
	for _, c := range []struct {
		name     string
		e        *Examples
		perClass int
	}{{"train", set.Train, 600}, {"test", set.Test, 100}} {
		if c.e.Len() != 10*c.perClass || !c.e.Shape.Equal(tensor.Shape{28, 28, 1}) {
			t.Errorf("%s: %d examples of %v", c.name, c.e.Len(), c.e.Shape)
		}
		counts := make([]int, len(set.Classes))
		for _, l := range c.e.Labels {
			counts[l]++
		}
		for l, n := range counts {
			if n != c.perClass {
				t.Errorf("%s: %d examples of class %s; want %d", c.name, n, set.Classes[l], c.perClass)
			}
		}
	}
}

// writeIDX writes the four files of a tiny set: two training images and one
// test image of 1×2 pixels.
func writeIDX(t *testing.T, dir string, gzip bool, change func(files []*idx.Array)) {
	t.Helper()
	files := []*idx.Array{
		{Dims: []int{2, 1, 2}, Data: []byte{0, 255, 51, 102}}, {Dims: []int{2}, Data: []byte{1, 0}},
		{Dims: []int{1, 1, 2}, Data: []byte{7, 8}}, {Dims: []int{1}, Data: []byte{1}},
	}
	if change != nil {
		change(files)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for i, f := range mnistFiles("", "", "", "") {
		var b bytes.Buffer
		write, name := idx.Write, strings.TrimSuffix(f.Name, ".gz")
		if gzip {
			write, name = idx.WriteGzip, f.Name
		}
		if err := write(&b, files[i]); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// A folder of the user's own, packed or raw, is the same set.
func TestOpenFolder(t *testing.T) {
	raw, packed := filepath.Join(t.TempDir(), "raw"), filepath.Join(t.TempDir(), "packed")
	writeIDX(t, raw, false, nil)
	writeIDX(t, packed, true, nil)
	a, err := Open(raw, "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Open(packed+"/", "")
	if err != nil {
		t.Fatal(err)
	}
	if a.SHA256 != b.SHA256 || a.Name != "raw" || b.Name != "packed" {
		t.Errorf("raw is %s %s, packed is %s %s", a.Name, a.SHA256, b.Name, b.SHA256)
	}
	if len(a.Classes) != 2 || a.Train.Len() != 2 || a.Test.Len() != 1 || a.Train.Labels[0] != 1 {
		t.Errorf("got %+v", a)
	}
}

func TestOpenFolderErrors(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(f []*idx.Array)
		want   string
	}{
		{"count", func(f []*idx.Array) { f[1] = &idx.Array{Dims: []int{3}, Data: []byte{1, 0, 1}} },
			"training set: 2 examples but 3 labels"},
		{"label", func(f []*idx.Array) { f[3].Data[0] = 2 },
			"test set: label 2 of example 0 is out of range: there are 2 classes, counted from 0"},
		{"swapped", func(f []*idx.Array) { f[0], f[1] = f[1], f[0] }, "training set: images have 1 axes"},
		{"label axes", func(f []*idx.Array) { f[1].Dims = []int{1, 2} }, "labels have 2 axes"},
		{"shape", func(f []*idx.Array) { f[2].Dims = []int{1, 2, 1} },
			"training examples are (1, 2, 1), test examples (2, 1, 1)"},
	} {
		dir := filepath.Join(t.TempDir(), c.name)
		writeIDX(t, dir, true, c.change)
		_, err := Open(dir, "")
		if err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("%s: got %v; want %q", c.name, err, c.want)
		}
	}
	dir := filepath.Join(t.TempDir(), "cut")
	writeIDX(t, dir, false, nil)
	os.Truncate(filepath.Join(dir, "t10k-images-idx3-ubyte"), 17)
	if _, err := Open(dir, ""); err == nil || !strings.Contains(err.Error(), "truncated: 1 of the 2 bytes") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(dir+"x/y", ""); err == nil || !strings.Contains(err.Error(), "there is no such file or folder") {
		t.Errorf("got %v", err)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Setenv(dataEnv, filepath.Join(t.TempDir(), "env"))
	dir := t.TempDir()
	writeIDX(t, dir, true, nil)
	for _, c := range []struct{ name, msg, try string }{
		{"fashion-mnits", `there is no data set "fashion-mnits"`, "fashion-mnist"},
		{"zzzzzzzz", `there is no data set "zzzzzzzz"`, "fashion-mini, digits, emoji-pairs"},
		{"tiny-shakespeare", "data set tiny-shakespeare cannot be read yet", "fashion-mini"},
		{"mnist", dir + "/mnist (no such folder), " + dir + " (train-images-idx3-ubyte.gz is not the one of mnist", "lab data get mnist"},
		{"mnist", os.Getenv(dataEnv) + " (no such folder)", "lab data get mnist"},
	} {
		_, err := Open(c.name, dir)
		if err == nil || !strings.Contains(err.Error(), c.msg) || !strings.Contains(core.TryOf(err), c.try) || core.KindOf(err) != core.Usage {
			t.Errorf("%s: got %v (try %q)", c.name, err, core.TryOf(err))
		}
	}
}

// A known set is found by its content in any of the places, past folders that
// hold something else under the same file names.
func TestOpenFetched(t *testing.T) {
	sets := t.TempDir()
	writeIDX(t, filepath.Join(sets, "tiny"), true, nil)
	other := t.TempDir()
	writeIDX(t, other, true, func(f []*idx.Array) { f[0].Data[0] = 1 })
	t.Setenv(dataEnv, sets)
	want, err := Open(sets+"/tiny", "")
	if err != nil {
		t.Fatal(err)
	}
	e := &Entry{Name: "tiny", Classes: []string{"a", "b"}, URL: "http://example.org/", Files: mnistFiles(
		strings.Repeat("0", 64), "", "", "")}
	if _, err := openFetched(e, other, options{}); err == nil {
		t.Error("a set with another hash was taken")
	}
	e.Files[0].SHA256 = tinyTrainImages
	set, err := openFetched(e, other, options{})
	if err != nil || set.SHA256 != want.SHA256 || set.Classes[1] != "b" {
		t.Errorf("got %v, %v", set, err)
	}
}

// SHA-256 of the raw training images that writeIDX writes.
const tinyTrainImages = "0107b901925f31f133910832074b512f99a891cc6a168e5a3cad1ac7f8ea6ac4"

func TestCatalog(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Catalog() {
		if seen[e.Name] || e.Doc == "" || e.Licence == "" || e.Source == "" || len(e.Files) == 0 && !e.Generated() {
			t.Errorf("entry %q is double or incomplete", e.Name)
		}
		seen[e.Name] = true
		for _, f := range e.Files {
			if len(f.SHA256) != 64 || strings.Trim(f.SHA256, "0123456789abcdef") != "" {
				t.Errorf("%s: %s has the hash %q", e.Name, f.Name, f.SHA256)
			}
		}
		if !e.Embedded() && !strings.HasSuffix(e.URL, "/") {
			t.Errorf("%s: file names cannot follow %q", e.Name, e.URL)
		}
	}
}

func BenchmarkOpenFashionMini(b *testing.B) {
	for b.Loop() {
		open(b, "fashion-mini")
	}
}

// Each emoji is there in colour and, half the set further on, as a line drawing: its own,
// which is nearer to it than another's.
func TestEmojiPairs(t *testing.T) {
	set := open(t, "emoji-pairs")
	if !strings.Contains(set.Notice, "Microsoft") {
		t.Error("the licence does not name its holder")
	}
	for _, part := range []*Examples{set.Train, set.Test} {
		half, size := part.Len()/2, part.Shape.Size()
		apart := func(i, k int) (sum int) {
			a, b := part.Pixels[i*size:(i+1)*size], part.Pixels[k*size:(k+1)*size]
			for p := range a {
				sum += max(int(a[p])-int(b[p]), int(b[p])-int(a[p]))
			}
			return sum
		}
		own, other, grey := 0, 0, 0
		for i := range half {
			if part.Labels[i] != 0 || part.Labels[half+i] != 1 {
				t.Fatalf("labels %d and %d of pair %d", part.Labels[i], part.Labels[half+i], i)
			}
			own, other = own+apart(i, half+i), other+apart(i, half+(i+1)%half)
			for p := 0; p < size; p += 3 {
				if at := (half+i)*size + p; part.Pixels[at] == part.Pixels[at+1] && part.Pixels[at] == part.Pixels[at+2] {
					grey++
				}
			}
		}
		if own >= other || grey < half*size/3*99/100 {
			t.Errorf("of %d pairs: %d apart, others %d; %d grey pixels in the line drawings", half, own, other, grey)
		}
	}
}
