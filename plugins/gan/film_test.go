package gan

import (
	"bytes"
	"image"
	"image/color"
	"testing"

	"lab/core/checkpoint"
)

// A film that a checkpoint held goes on with its first frames.
func TestFilm(t *testing.T) {
	for frames := range 3 {
		f, again := newFilm(), newFilm()
		for i := range frames {
			img := image.NewGray(image.Rect(0, 0, 9, 7))
			img.SetGray(i, i, color.Gray{200})
			f.Add(img)
		}
		var b bytes.Buffer
		if err := (checkpoint.Parts{"film": f}).Save(&b); err != nil {
			t.Fatal(err)
		}
		if err := (checkpoint.Parts{"film": again}).Load(&b); err != nil || again.Frames() != frames {
			t.Errorf("%d frames became %d: %v", frames, again.Frames(), err)
		}
	}
}
