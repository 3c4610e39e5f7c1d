package picture

import (
	"image"
	"image/color"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// Sizes of letters, in pixels.
const (
	textSize  = 12
	titleSize = 14
)

// letters is Go's own font (Bigelow & Holmes, BSD), which has Latin, Greek and
// Cyrillic letters.
var letters = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic("picture: " + err.Error()) // it is compiled in
	}
	return f
})

// face is the font at a size. A face caches what it has drawn and is not safe for
// concurrent use, so every picture has its own.
type face struct{ font.Face }

func newFace(size float64) face {
	f, err := opentype.NewFace(letters(), &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("picture: " + err.Error())
	}
	return face{f}
}

func (f face) width(text string) int { return font.MeasureString(f, text).Ceil() }

// height is that of a line.
func (f face) height() int {
	m := f.Metrics()
	return (m.Ascent + m.Descent).Ceil()
}

// Where text lies relative to the point it is drawn at.
type anchor struct{ x, y float64 } // 0 begins there, 0.5 is in the middle, 1 ends there

var (
	leftTop, centreTop = anchor{0, 0}, anchor{.5, 0}
	rightMiddle        = anchor{1, .5}
	centred            = anchor{.5, .5}
	centreBottom       = anchor{.5, 1}
)

// text draws a line of text.
func (c canvas) text(f face, x, y int, a anchor, col color.Color, text string) {
	left := x - int(a.x*float64(f.width(text))+.5)
	top := y - int(a.y*float64(f.height())+.5)
	d := font.Drawer{Dst: c, Src: image.NewUniform(col), Face: f, Dot: fixed.P(left, top+f.Metrics().Ascent.Ceil())}
	d.DrawString(text)
}

// upward draws a line of text that is read from the bottom to the top; the anchor
// is that of the lying text, turned with it.
func (c canvas) upward(f face, x, y int, a anchor, col color.Color, text string) {
	w, h := f.width(text), f.height()
	lying := canvas{image.NewRGBA(image.Rect(0, 0, w, h))}
	lying.text(f, 0, 0, leftTop, col, text)
	left, bottom := x-int(a.y*float64(h)+.5), y+int(a.x*float64(w)+.5)
	for j := range h {
		for i := range w {
			if p := lying.RGBAAt(i, j); p.A != 0 {
				c.rect(left+j, bottom-i-1, left+j+1, bottom-i, p)
			}
		}
	}
}
