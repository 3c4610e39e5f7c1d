package picture

import (
	"fmt"
	"image"
	"image/color"
	plan9 "image/color/palette"
	"image/draw"
	"image/gif"
	"io"
	"slices"
	"time"
)

<<<<<<<< HEAD:core/picture/gif.go
// WriteGIF writes the frames as an animation that runs for ever, each shown for the
// delay (to 10 ms) and the last one three times as long. Up to 256 colours in all
// frames together are kept as they are, so greys always are; more are dithered to a
// fixed palette. The frames have one size. The same frames give the same bytes.
func WriteGIF(w io.Writer, frames []image.Image, delay time.Duration) error {
	if len(frames) == 0 {
		return fmt.Errorf("picture: an animation without frames")
========
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
>>>>>>>> 563fa85 (rl: return curves are drawn):core/picture/animation.go
	}
	bounds := frames[0].Bounds()
	colours, exact := coloursOf(frames)
	if !exact {
		colours = palette.Plan9
	}
	out := gif.GIF{}
	for i, f := range frames {
		if f.Bounds() != bounds {
			return fmt.Errorf("picture: frame %d of an animation is %v, the first %v", i, f.Bounds(), bounds)
		}
		p := image.NewPaletted(bounds, colours)
		how := draw.Drawer(draw.FloydSteinberg)
		if exact {
			how = draw.Src
		}
		how.Draw(p, bounds, f, bounds.Min)
		out.Image = append(out.Image, p)
		out.Delay = append(out.Delay, int(delay/(10*time.Millisecond)))
	}
	out.Delay[len(frames)-1] *= 3
	if err := gif.EncodeAll(w, &out); err != nil {
		return fmt.Errorf("picture: write GIF: %w", err)
	}
	return nil
}

// coloursOf lists the colours of all frames in a fixed order, or false where there are
// more than a GIF can hold.
func coloursOf(frames []image.Image) (color.Palette, bool) {
	seen := map[color.RGBA]bool{}
	for _, f := range frames {
		b := f.Bounds()
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				seen[color.RGBAModel.Convert(f.At(x, y)).(color.RGBA)] = true
				if len(seen) > 256 {
					return nil, false
				}
			}
		}
	}
	var list []color.RGBA
	for c := range seen {
		list = append(list, c)
	}
	key := func(c color.RGBA) int { return int(c.R)<<24 | int(c.G)<<16 | int(c.B)<<8 | int(c.A) }
	slices.SortFunc(list, func(a, b color.RGBA) int { return key(a) - key(b) })
	var p color.Palette
	for _, c := range list {
		p = append(p, c)
	}
	return p, true
}
