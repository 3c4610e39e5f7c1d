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
// another, again and again. What changes from frame to frame is kept with its own
// colours, if they are 256 or fewer, as greys always are; of more, the nearest of the
// 256 of palette.Plan9.
type Animation struct {
	delay   int                  // of each frame, in 1/100 s
	shown   *image.RGBA          // what is to be seen after the frames so far
	nearest map[color.RGBA]uint8 // in Plan9, of colours met so far
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
	now := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(now, now.Rect, img, b.Min, draw.Src)
	changed := now.Rect
	if a.shown != nil {
		if a.shown.Rect != now.Rect {
			panic("picture: frames of different sizes")
		}
		changed = difference(a.shown, now)
	}
	a.shown = now
	a.gif.Image = append(a.gif.Image, a.paletted(now, changed))
	a.gif.Delay = append(a.gif.Delay, a.delay)
	a.gif.Disposal = append(a.gif.Disposal, gif.DisposalNone)
}

// paletted is a part of a frame.
func (a *Animation) paletted(img *image.RGBA, part image.Rectangle) *image.Paletted {
	out := image.NewPaletted(part, nil)
	own := map[color.RGBA]uint8{}
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := img.RGBAAt(x, y)
			at, ok := own[c]
			if !ok {
				if len(own) == 256 {
					return a.approximated(img, part)
				}
				at = uint8(len(own))
				own[c] = at
				out.Palette = append(out.Palette, c)
			}
			out.SetColorIndex(x, y, at)
		}
	}
	return out
}

func (a *Animation) approximated(img *image.RGBA, part image.Rectangle) *image.Paletted {
	out := image.NewPaletted(part, plan9.Plan9)
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			c := img.RGBAAt(x, y)
			at, ok := a.nearest[c]
			if !ok {
				at = uint8(out.Palette.Index(c))
				a.nearest[c] = at
			}
			out.SetColorIndex(x, y, at)
		}
	}
	return out
}

// difference is the smallest rectangle outside of which both are the same; one pixel
// where they are the same everywhere, because a frame has to have some.
func difference(a, b *image.RGBA) image.Rectangle {
	out := image.Rectangle{}
	for y := range a.Rect.Dy() {
		for x := range a.Rect.Dx() {
			if a.RGBAAt(x, y) != b.RGBAAt(x, y) {
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
	a.gif.Config = image.Config{Width: a.shown.Rect.Dx(), Height: a.shown.Rect.Dy()}
	return gif.EncodeAll(w, &a.gif)
}

// Decode goes back to the frames of an animation that Encode wrote, for more to be added:
// of one size, each a part of what is seen.
func (a *Animation) Decode(r io.Reader) error {
	g, err := gif.DecodeAll(r)
	if err != nil {
		return err
	}
	a.shown = image.NewRGBA(image.Rect(0, 0, g.Config.Width, g.Config.Height))
	for _, frame := range g.Image {
		draw.Draw(a.shown, frame.Rect, frame, frame.Rect.Min, draw.Src)
	}
	a.gif = gif.GIF{Image: g.Image, Delay: g.Delay, Disposal: g.Disposal}
	return nil
}
