package data

import (
	"archive/zip"
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// archive makes a zip of drawings: a white page with a black bar of rows from and on.
func archive(t *testing.T, drawings map[string]int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for name, from := range drawings {
		img := image.NewPaletted(image.Rect(0, 0, 105, 105), color.Palette{color.Black, color.White})
		for y := range 105 {
			for x := range 105 {
				if y < from {
					img.SetColorIndex(x, y, 1)
				}
			}
		}
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, img); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestOmniglotFolder(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("images_background.zip", archive(t, map[string]int{
		"images_background/Elvish/character01/0001_01.png": 0, "images_background/Elvish/character01/0001_02.png": 105,
		"images_background/Dwarvish/character01/0009_01.png": 60}))
	if _, err := Open(dir, ""); err == nil || !strings.Contains(err.Error(), "no images_evaluation.zip") {
		t.Errorf("without the test set: %v", err)
	}
	write("images_evaluation.zip", archive(t, map[string]int{"images_evaluation/Orkish/character01/0100_01.png": 52}))
	set, err := Open(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Dwarvish/character01", "Elvish/character01", "Orkish/character01"}; !slices.Equal(set.Classes, want) {
		t.Errorf("classes %v, want %v", set.Classes, want)
	}
	if want := []int32{0, 1, 1}; !slices.Equal(set.Train.Labels, want) || !slices.Equal(set.Test.Labels, []int32{2}) {
		t.Errorf("labels %v and %v", set.Train.Labels, set.Test.Labels)
	}
	const n = 28 * 28
	if ink := set.Train.Pixels[n : 2*n]; slices.Min(ink) != 255 {
		t.Errorf("a black page has a pixel of %d, want 255: ink is white", slices.Min(ink))
	}
	if none := set.Train.Pixels[2*n : 3*n]; slices.Max(none) != 0 {
		t.Errorf("a white page has a pixel of %d", slices.Max(none))
	}
	bar := set.Train.Pixels[:n] // rows 60 on of 105 are rows 16 on of 28
	if bar[14*28] != 0 || bar[18*28] != 255 || bar[15*28] == 0 || bar[16*28] == 255 {
		t.Errorf("the bar's edge is %d %d %d %d", bar[14*28], bar[15*28], bar[16*28], bar[18*28])
	}
}

// TestOmniglot reads the published archives where they are at hand.
func TestOmniglot(t *testing.T) {
	e, _ := lookup("omniglot-small")
	there := func(dir string) bool { _, err := os.Stat(filepath.Join(dir, e.Files[0].Name)); return err == nil }
	if folders := e.folders(""); !slices.ContainsFunc(folders, there) {
		t.Skipf("the archives are in none of %q: %s", folders, e.howToGet())
	}
	set, err := Open(e.Name, "")
	if err != nil {
		t.Fatal(err)
	}
	if set.Train.Len() != 136*20 {
		t.Errorf("%d training drawings", set.Train.Len())
	}
	if set.Test.Len() != 156*20 {
		t.Errorf("%d test drawings", set.Test.Len())
	}
}
