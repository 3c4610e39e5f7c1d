package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"testing"
)

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
	var b bytes.Buffer
	if err := a.Encode(&b); err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(&b)
	if err != nil {
		t.Fatal(err)
	}
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
