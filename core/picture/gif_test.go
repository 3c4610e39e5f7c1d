package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	"strings"
	"testing"
	"time"
)

// Greys come back as they were, colours nearly; the same frames give the same bytes.
func TestWriteGIF(t *testing.T) {
	grey, rgb := image.NewGray(image.Rect(0, 0, 32, 32)), image.NewRGBA(image.Rect(0, 0, 32, 32))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i)
		rgb.SetRGBA(i%32, i/32, color.RGBA{uint8(i), uint8(i / 4), 128, 255})
	}
	for _, c := range []struct {
		frame image.Image
		off   int // mean difference allowed
	}{{grey, 0}, {rgb, 24}} {
		var first, second bytes.Buffer
		for _, w := range []*bytes.Buffer{&first, &second} {
			if err := WriteGIF(w, []image.Image{c.frame, c.frame}, 200*time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Error("the same frames gave other bytes")
		}
		got, err := gif.DecodeAll(&first)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Image) != 2 || got.Delay[0] != 20 || got.Delay[1] != 60 || got.LoopCount != 0 {
			t.Errorf("%d frames, delays %v, loops %d", len(got.Image), got.Delay, got.LoopCount)
		}
		sum := 0
		for y := range 32 {
			for x := range 32 {
				r, g, b, _ := got.Image[1].At(x, y).RGBA()
				wr, wg, wb, _ := c.frame.At(x, y).RGBA()
				for _, d := range []int{int(r>>8) - int(wr>>8), int(g>>8) - int(wg>>8), int(b>>8) - int(wb>>8)} {
					sum += max(d, -d)
				}
			}
		}
		if sum > c.off*3*32*32 {
			t.Errorf("a mean difference of %d", sum/(3*32*32))
		}
	}
	other := image.NewGray(image.Rect(0, 0, 2, 2))
	for want, frames := range map[string][]image.Image{"without frames": nil, "frame 1": {grey, other}} {
		if err := WriteGIF(&bytes.Buffer{}, frames, time.Second); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
