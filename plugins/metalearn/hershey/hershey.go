// Package hershey holds glyphs of the Hershey fonts, which were drawn for pen plotters
// (A. V. Hershey 1967, "Calligraphy for Computers"): strokes of some six hundred
// characters in a dozen alphabets, and draws them, each time as if by another hand.
//
// The strokes are those of npm's package hersheytext (MIT, embedded/LICENSE); makeglyphs
// picks them out. The package knows pixels only. Start with Alphabets; draw.go draws.
package hershey

import (
	"crypto/sha256"
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed embedded/glyphs.txt
var glyphs string

// Alphabet is a set of characters that belong together.
type Alphabet struct {
	Name   string
	Glyphs []Glyph
}

// Glyph is one character: the segments of its strokes, about its middle, in units of
// which a capital is 21 high.
type Glyph struct{ segments []segment }

type point struct{ x, y float64 }

type segment struct{ from, to point }

// Alphabets lists all there are. The glyphs are not to be changed.
var Alphabets = sync.OnceValue(func() (all []Alphabet) {
	for line := range strings.Lines(glyphs) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "alphabet "); ok {
			all = append(all, Alphabet{Name: name})
			continue
		}
		g, err := parse(line)
		if err != nil {
			panic(fmt.Sprintf("hershey: %v", err)) // embedded and tested
		}
		a := &all[len(all)-1]
		a.Glyphs = append(a.Glyphs, g)
	}
	return all
})

// parse reads a path of SVG that has only M and L in it: "M9,1 L1,22 17,22".
func parse(path string) (g Glyph, err error) {
	var at point
	lo, hi := point{1e9, 1e9}, point{-1e9, -1e9}
	for word := range strings.FieldsSeq(path) {
		var p point
		if _, err := fmt.Sscanf(strings.TrimLeft(word, "ML"), "%g,%g", &p.x, &p.y); err != nil {
			return g, fmt.Errorf("%q in the path %q is no point", word, path)
		}
		if word[0] != 'M' {
			g.segments = append(g.segments, segment{at, p})
		}
		at = p
		lo, hi = point{min(lo.x, p.x), min(lo.y, p.y)}, point{max(hi.x, p.x), max(hi.y, p.y)}
	}
	middle := point{(lo.x + hi.x) / 2, (lo.y + hi.y) / 2}
	for i, s := range g.segments {
		g.segments[i] = segment{s.from.minus(middle), s.to.minus(middle)}
	}
	return g, nil
}

func (p point) minus(q point) point { return point{p.x - q.x, p.y - q.y} }

// SHA256 identifies the glyphs: the hash of the embedded file.
func SHA256() string { return fmt.Sprintf("%x", sha256.Sum256([]byte(glyphs))) }
