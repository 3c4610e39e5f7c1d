package picture

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"testing"
)

// decoded is the animation as a viewer reads it.
func decoded(t *testing.T, a *Animation) *gif.GIF {
	t.Helper()
	var b bytes.Buffer
	if err := a.Encode(&b); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(&b)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// What a viewer shows after each frame is that frame.
func TestAnimation(t *testing.T) {
	a := NewAnimation(0.04)
	var frames []*image.RGBA
	for i := range 5 {
		img := image.NewRGBA(image.Rect(10, 10, 40, 30))
		draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
		at := min(i, 3) // the last frame changes nothing
		draw.Draw(img, image.Rect(12+5*at, 15, 18+5*at, 22), image.NewUniform(color.RGBA{255, 0, 0, 255}), image.Point{}, draw.Src)
		frames = append(frames, img)
		a.Add(img)
	}
	g := decoded(t, a)
	if len(g.Image) != 5 || a.Frames() != 5 || g.Config.Width != 30 || g.Config.Height != 20 || g.Delay[1] != 4 || g.LoopCount != 0 {
		t.Fatalf("%d frames of %d×%d, delay %v, loops %d", len(g.Image), g.Config.Width, g.Config.Height, g.Delay, g.LoopCount)
	}
	if size := g.Image[1].Rect; size.Dx() > 11 || size.Dy() > 7 {
		t.Errorf("the second frame has %v, though little changed", size)
	}
	shown := image.NewRGBA(image.Rect(0, 0, 30, 20))
	for i, f := range g.Image {
		draw.Draw(shown, f.Rect, f, f.Rect.Min, draw.Over)
		for y := range 20 {
			for x := range 30 {
				if got, want := shown.RGBAAt(x, y), frames[i].RGBAAt(10+x, 10+y); got != want {
					t.Fatalf("frame %d, pixel %d,%d: %v, want %v", i, x, y, got, want)
				}
			}
		}
	}
}

// An animation that is read again goes on to the same bytes.
func TestAnimationDecode(t *testing.T) {
	frame := func(at int) image.Image {
		img := image.NewGray(image.Rect(0, 0, 30, 20))
		img.SetGray(at, at, color.Gray{uint8(50 * at)})
		return img
	}
	a, again := NewAnimation(0.04), NewAnimation(0.04)
	for i := range 3 {
		a.Add(frame(i))
	}
	var b, whole, parts bytes.Buffer
	err := errors.Join(a.Encode(&b), again.Decode(&b))
	for i := 3; i < 5; i++ {
		a.Add(frame(i))
		again.Add(frame(i))
	}
	if err = errors.Join(err, a.Encode(&whole), again.Encode(&parts)); err != nil || !bytes.Equal(whole.Bytes(), parts.Bytes()) {
		t.Errorf("%d bytes at once, %d in two parts: %v", whole.Len(), parts.Len(), err)
	}
}

// All greys of a frame come back as they were, and of thousands of colours nearly.
func TestAnimationColours(t *testing.T) {
	grey, rgb := image.NewGray(image.Rect(0, 0, 64, 64)), image.NewRGBA(image.Rect(0, 0, 64, 64))
	for i := range grey.Pix {
		grey.Pix[i] = uint8(i)
		rgb.SetRGBA(i%64, i/64, color.RGBA{uint8(4 * (i % 64)), uint8(4 * (i / 64)), 128, 255})
	}
	a := NewAnimation(0.5)
	a.Add(grey)
	a.Add(rgb)
	g := decoded(t, a)
	for i, want := range []image.Image{grey, rgb} {
		off := 0
		for p := range grey.Pix {
			x, y := p%64, p/64
			r, gr, bl, _ := g.Image[i].At(x, y).RGBA()
			wr, wg, wb, _ := want.At(x, y).RGBA()
			for _, d := range []int{int(r>>8) - int(wr>>8), int(gr>>8) - int(wg>>8), int(bl>>8) - int(wb>>8)} {
				off = max(off, d, -d)
			}
		}
		if i == 0 && off > 0 || off > 50 {
			t.Errorf("frame %d is off by %d", i, off)
		}
	}
}
