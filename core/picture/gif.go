package picture

import (
	"fmt"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"io"
	"slices"
	"time"
)

// WriteGIF writes the frames as an animation that runs for ever, each shown for the
// delay (to 10 ms) and the last one three times as long. Up to 256 colours in all
// frames together are kept as they are, so greys always are; more are dithered to a
// fixed palette. The frames have one size. The same frames give the same bytes.
func WriteGIF(w io.Writer, frames []image.Image, delay time.Duration) error {
	if len(frames) == 0 {
		return fmt.Errorf("picture: an animation without frames")
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
