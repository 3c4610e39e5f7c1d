package picture

import (
	"image/color"
	"math"
)

var (
	ink    = color.RGBA{40, 40, 40, 255}
	faint  = color.RGBA{225, 225, 225, 255}
	marked = color.RGBA{200, 200, 200, 255}
)

// okabeIto tells series apart, to the colour-blind too (Okabe & Ito 2008; the yellow
// is darker, since lines are drawn on white).
var okabeIto = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {120, 120, 120, 255}, {170, 150, 20, 255},
}

// Colour is the i-th colour of series, for things drawn beside a chart.
func Colour(i int) color.RGBA { return okabeIto[((i%len(okabeIto))+len(okabeIto))%len(okabeIto)] }

// Scales of colour: white to dark blue for amounts, blue over white to red for
// what can be below and above.
var (
	amounts   = []color.RGBA{{255, 255, 255, 255}, {198, 219, 239, 255}, {107, 174, 214, 255}, {33, 113, 181, 255}, {8, 48, 107, 255}}
	diverging = []color.RGBA{{33, 102, 172, 255}, {146, 197, 222, 255}, {255, 255, 255, 255}, {244, 165, 130, 255}, {178, 24, 43, 255}}
)

// along is the colour at t in [0,1] of a scale; NaN is grey.
func along(scale []color.RGBA, t float64) color.RGBA {
	if math.IsNaN(t) {
		return marked
	}
	t = min(1, max(0, t)) * float64(len(scale)-1)
	i := min(int(t), len(scale)-2)
	a, b, f := scale[i], scale[i+1], t-float64(i)
	mix := func(x, y uint8) uint8 { return uint8(float64(x) + f*(float64(y)-float64(x)) + .5) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// pale is the colour mixed with white.
func pale(c color.RGBA, share float64) color.RGBA {
	return along([]color.RGBA{{255, 255, 255, 255}, c}, share)
}

// readable is black or white, whichever shows better on c.
func readable(c color.RGBA) color.Color {
	if 299*int(c.R)+587*int(c.G)+114*int(c.B) > 140*1000 {
		return ink
	}
	return color.White
}
