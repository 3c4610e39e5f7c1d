package picture

import "image/color"

// runs cuts a series where a point cannot be shown and calls f with each piece.
func (p *plot) runs(s Series, f func(from, to int)) {
	from := 0
	for i := 0; i <= len(s.Y); i++ {
		if i < len(s.Y) && p.X.shows(s.X[i]) && p.Y.shows(s.Y[i]) {
			continue
		}
		if i > from {
			f(from, i)
		}
		from = i + 1
	}
}

// series draws the points, or the line through them.
func (p *plot) series(s Series, col color.RGBA) {
	sh := p.shape(p.area)
	p.runs(s, func(from, to int) {
		if s.Points {
			r := 3.0
			if len(s.Y) > 400 {
				r = 2
			}
			for i := from; i < to; i++ {
				if at := p.to(s.X[i], s.Y[i]); p.near(at) {
					sh.disc(at, r)
				}
			}
			return
		}
		var line []point
		for i := from; i < to; i++ {
			line = append(line, p.to(s.X[i], s.Y[i]))
		}
		line = thin(line)
		for i := range line { // far outside, where only the direction matters
			line[i].y = min(max(line[i].y, -4e3), 4e3+maxSide)
		}
		if len(line) == 1 {
			sh.disc(line[0], 3)
		} else {
			sh.line(line, 1.8)
		}
	})
	p.fill(sh, col)
}

// spread shades what lies within the spread of a series.
func (p *plot) spread(s Series, col color.RGBA) {
	if s.Spread == nil {
		return
	}
	sh := p.shape(p.area)
	p.runs(s, func(from, to int) {
		var upper, lower []point
		for i := from; i < to; i++ {
			lo, hi := s.Y[i]-s.Spread[i], s.Y[i]+s.Spread[i]
			if !p.Y.shows(hi) {
				continue
			}
			if !p.Y.shows(lo) {
				lo = p.Y.Lo
			}
			upper, lower = append(upper, p.to(s.X[i], hi)), append(lower, p.to(s.X[i], lo))
		}
		for i := len(lower) - 1; i >= 0; i-- {
			upper = append(upper, lower[i])
		}
		if len(upper) > 2 {
			sh.polygon(upper...)
		}
	})
	p.fill(sh, color.NRGBA{col.R, col.G, col.B, 50})
}

// near reports whether something drawn at a point may show within the area.
func (p *plot) near(at point) bool {
	const reach = 8
	return at.x > float64(p.area.Min.X-reach) && at.x < float64(p.area.Max.X+reach) &&
		at.y > float64(p.area.Min.Y-reach) && at.y < float64(p.area.Max.Y+reach)
}

// thin leaves out points of a long line that share a column of pixels with others:
// the first, the last, the highest and the lowest of a column stay.
func thin(line []point) []point {
	if len(line) < 2000 {
		return line
	}
	out := line[:0:0]
	for from := 0; from < len(line); {
		to, lo, hi := from, from, from
		for ; to < len(line) && int(line[to].x) == int(line[from].x); to++ {
			if line[to].y < line[lo].y {
				lo = to
			}
			if line[to].y > line[hi].y {
				hi = to
			}
		}
		last := -1
		for _, i := range []int{from, min(lo, hi), max(lo, hi), to - 1} {
			if i > last {
				out, last = append(out, line[i]), i
			}
		}
		from = to
	}
	return out
}
