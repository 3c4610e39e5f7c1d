package picture

import (
	"image"
	"image/color"
	plan9 "image/color/palette"
	"image/draw"
	"image/gif"
	"io"
	"math"
)

// Animation is a moving picture in the making: frames of one size, shown one after
// another, again and again. Colours are the nearest of the 256 of palette.Plan9.
type Animation struct {
	delay   int                  // of each frame, in 1/100 s
	shown   *image.Paletted      // what is to be seen after the frames so far
	nearest map[color.RGBA]uint8 // colours met so far
	gif     gif.GIF
}

// NewAnimation makes an empty one that shows each frame for so many seconds, in whole
// hundredths and at least 0.02, below which viewers choose a delay of their own.
func NewAnimation(seconds float64) *Animation {
	return &Animation{delay: max(2, int(math.Round(100*seconds))), nearest: map[color.RGBA]uint8{}}
}

// Add adds a frame, which it copies. It panics when the size is another than before.
func (a *Animation) Add(img image.Image) {
	b := img.Bounds()
	now := image.NewPaletted(image.Rect(0, 0, b.Dx(), b.Dy()), plan9.Plan9)
	rgba := image.NewRGBA(now.Rect)
	draw.Draw(rgba, now.Rect, img, b.Min, draw.Src)
	for i := range now.Pix {
		c := color.RGBA{rgba.Pix[4*i], rgba.Pix[4*i+1], rgba.Pix[4*i+2], rgba.Pix[4*i+3]}
		at, ok := a.nearest[c]
		if !ok {
			at = uint8(now.Palette.Index(c))
			a.nearest[c] = at
		}
		now.Pix[i] = at
	}
	changed := now.Rect
	if a.shown != nil {
		if a.shown.Rect != now.Rect {
			panic("picture: frames of different sizes")
		}
		changed = difference(a.shown, now)
	}
	a.shown = now
	a.gif.Image = append(a.gif.Image, now.SubImage(changed).(*image.Paletted))
	a.gif.Delay = append(a.gif.Delay, a.delay)
	a.gif.Disposal = append(a.gif.Disposal, gif.DisposalNone)
}

// difference is the smallest rectangle outside of which both are the same; one pixel
// where they are the same everywhere, because a frame has to have some.
func difference(a, b *image.Paletted) image.Rectangle {
	out := image.Rectangle{}
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			if a.Pix[y*a.Stride+x] != b.Pix[y*b.Stride+x] {
				out = out.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if out.Empty() {
		return image.Rect(0, 0, 1, 1)
	}
	return out
}

// Frames is the number of frames so far.
func (a *Animation) Frames() int { return len(a.gif.Image) }

// Encode writes the animation as GIF. It panics without a frame.
func (a *Animation) Encode(w io.Writer) error {
	a.gif.Config = image.Config{ColorModel: a.shown.Palette, Width: a.shown.Rect.Dx(), Height: a.shown.Rect.Dy()}
	return gif.EncodeAll(w, &a.gif)
}
