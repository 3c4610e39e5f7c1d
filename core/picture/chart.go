package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// Chart is a line chart, a scatter plot, or both.
//
//	picture.Chart{
//		Title: "loss", X: picture.Axis{Label: "epoch"}, Y: picture.Axis{Log: true},
//		Series: []picture.Series{{Name: "train", Y: train}, {Name: "val", Y: val}},
//	}.Draw()
type Chart struct {
	Title         string
	X, Y          Axis
	Series        []Series
	Field         *Field // drawn behind the series
	Width, Height int    // 640 and 400 where they are 0
}

// Series is a row of points, drawn in a colour of its own. A point that is not
// finite, or cannot be on a log axis, is left out and breaks the line.
type Series struct {
	Name   string    // in the legend, if any series has a name
	X, Y   []float64 // X nil means 1, 2, 3…
	Spread []float64 // shades Y-Spread to Y+Spread, a standard deviation say; may be nil
	Points bool      // dots, not a line
}

// Field is a function of the plane, given on a grid of cells that covers the chart's
// area: classes or probabilities behind points. It needs axes with Lo and Hi.
type Field struct {
	Values [][]float64 // rows from the top (high Y) down, columns from low X up
	// Colours at 0 and 1, what lies between mixed; the pale first and second colours
	// of series where both are nil.
	Zero, One color.Color
}

// maxSide bounds the width and height of a chart.
const maxSide = 8192

// Draw draws the chart. Series without any point to show are no mistake: a run that
// diverged at once has a picture too.
func (ch Chart) Draw() (image.Image, error) {
	if ch.Width == 0 {
		ch.Width = 640
	}
	if ch.Height == 0 {
		ch.Height = 400
	}
	if ch.Width < 160 || ch.Height < 120 || ch.Width > maxSide || ch.Height > maxSide {
		return nil, fmt.Errorf("picture: a chart of %d×%d pixels", ch.Width, ch.Height)
	}
	series := make([]Series, len(ch.Series))
	for i, s := range ch.Series {
		if s.X == nil {
			s.X = make([]float64, len(s.Y))
			for j := range s.X {
				s.X[j] = float64(j + 1)
			}
		}
		if len(s.X) != len(s.Y) || s.Spread != nil && len(s.Spread) != len(s.Y) {
			return nil, fmt.Errorf("picture: series %q has %d x, %d y and %d spreads", s.Name, len(s.X), len(s.Y), len(s.Spread))
		}
		series[i] = s
	}
	for _, a := range []*Axis{&ch.X, &ch.Y} {
		if a.Hi < a.Lo || a.Lo != a.Hi && !(a.shows(a.Lo) && a.shows(a.Hi)) {
			return nil, fmt.Errorf("picture: an axis from %v to %v", a.Lo, a.Hi)
		}
	}
	ch.Series = series
	ch.span()
	p := plot{Chart: &ch, canvas: newCanvas(ch.Width, ch.Height), face: newFace(textSize)}
	p.layout()
	p.field()
	p.grid()
	for i, s := range ch.Series {
		p.spread(s, Colour(i))
	}
	for i, s := range ch.Series {
		p.series(s, Colour(i))
	}
	return p.canvas.RGBA, nil
}

// span finds the ends of both axes where they are not given.
func (ch *Chart) span() {
	freeX, freeY := ch.X.Lo == ch.X.Hi, ch.Y.Lo == ch.Y.Hi
	points := false
	ch.X.whole = freeX
	ch.X.ends(func(yield func(float64)) {
		for _, s := range ch.Series {
			points = points || s.Points
			for i, x := range s.X {
				if ch.Y.shows(s.Y[i]) {
					yield(x)
					ch.X.whole = ch.X.whole && x == math.Trunc(x)
				}
			}
		}
	})
	ch.Y.ends(func(yield func(float64)) {
		for _, s := range ch.Series {
			for i, y := range s.Y {
				if ch.X.shows(s.X[i]) {
					yield(y)
					if s.Spread != nil {
						yield(y - s.Spread[i])
						yield(y + s.Spread[i])
					}
				}
			}
		}
	})
	if freeX && points {
		ch.X.margin(.04)
	}
	if freeY {
		ch.Y.margin(.04)
	}
}

// plot is a chart being drawn: area is where the series go.
type plot struct {
	*Chart
	canvas
	face         face
	area         image.Rectangle
	xs, ys       []float64 // ticks
	xText, yText []string
}

// layout finds the area and writes the title and the legend above it.
func (p *plot) layout() {
	h := p.face.height()
	top, left, bottom := 8, 10, h+10
	if p.Title != "" {
		big := newFace(titleSize)
		p.text(big, p.Width/2, top, centreTop, ink, p.Title)
		top += big.height() + 4
	}
	top = p.legend(top)
	p.xs, p.xText = p.X.ticks(max(2, p.Width/80))
	p.ys, p.yText = p.Y.ticks(max(2, p.Height/50))
	widest := 0
	for _, t := range p.yText {
		widest = max(widest, p.face.width(t))
	}
	if p.Y.Label != "" {
		left += h + 4
	}
	if p.X.Label != "" {
		bottom += h + 4
	}
	p.area = image.Rect(left+widest+6, top+2, p.Width-16, p.Height-bottom)
	if p.Y.Label != "" {
		p.upward(p.face, 8, (p.area.Min.Y+p.area.Max.Y)/2, anchor{.5, 0}, ink, p.Y.Label)
	}
	if p.X.Label != "" {
		p.text(p.face, (p.area.Min.X+p.area.Max.X)/2, p.Height-4, centreBottom, ink, p.X.Label)
	}
}

// legend names the series in rows below top and returns where the rest begins.
func (p *plot) legend(top int) int {
	h, x, any := p.face.height(), 16, false
	for i, s := range p.Series {
		if s.Name == "" {
			continue
		}
		w := 26 + p.face.width(s.Name)
		if any && x+w > p.Width-16 {
			x, top = 16, top+h+2
		}
		any = true
		sh := p.shape(p.Rect)
		if mid := float64(top) + float64(h)/2; s.Points {
			sh.disc(point{float64(x) + 9, mid}, 3.5)
		} else {
			sh.line([]point{{float64(x), mid}, {float64(x) + 18, mid}}, 2)
		}
		p.fill(sh, Colour(i))
		p.text(p.face, x+22, top, leftTop, ink, s.Name)
		x += w + 14
	}
	if any {
		top += h + 4
	}
	return top
}

// to is where a point lies on the canvas.
func (p *plot) to(x, y float64) point {
	return point{float64(p.area.Min.X) + p.X.at(x)*float64(p.area.Dx()), float64(p.area.Max.Y) - p.Y.at(y)*float64(p.area.Dy())}
}

// grid draws the ticks' lines and writes their values.
func (p *plot) grid() {
	a := p.area
	line := faint
	if p.Field != nil {
		line = color.RGBA{0, 0, 0, 24}
	}
	for i, v := range p.xs {
		x := int(math.Round(p.to(v, p.Y.Lo).x))
		p.rect(x, a.Min.Y, x+1, a.Max.Y, line)
		p.text(p.face, x, a.Max.Y+5, centreTop, ink, p.xText[i])
	}
	for i, v := range p.ys {
		y := int(math.Round(p.to(p.X.Lo, v).y))
		p.rect(a.Min.X, y, a.Max.X, y+1, line)
		p.text(p.face, a.Min.X-6, y, rightMiddle, ink, p.yText[i])
	}
	p.rect(a.Min.X, a.Min.Y, a.Min.X+1, a.Max.Y, ink)
	p.rect(a.Min.X, a.Max.Y-1, a.Max.X, a.Max.Y, ink)
}

// field colours the area.
func (p *plot) field() {
	if p.Field == nil || len(p.Field.Values) == 0 || len(p.Field.Values[0]) == 0 {
		return
	}
	scale := []color.RGBA{pale(Colour(0), .35), pale(Colour(1), .35)}
	for i, c := range []color.Color{p.Field.Zero, p.Field.One} {
		if c != nil {
			scale[i] = color.RGBAModel.Convert(c).(color.RGBA)
		}
	}
	rows := len(p.Field.Values)
	for y := range p.area.Dy() {
		row := p.Field.Values[y*rows/p.area.Dy()]
		for x := range p.area.Dx() {
			p.SetRGBA(p.area.Min.X+x, p.area.Min.Y+y, along(scale, row[x*len(row)/p.area.Dx()]))
		}
	}
}
