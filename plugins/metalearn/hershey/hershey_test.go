package hershey

import (
	"math/rand/v2"
	"testing"
)

func TestAlphabets(t *testing.T) {
	count := 0
	for _, a := range Alphabets() {
		if len(a.Glyphs) < 10 {
			t.Errorf("%s has %d glyphs", a.Name, len(a.Glyphs))
		}
		count += len(a.Glyphs)
	}
	if len(Alphabets()) != 12 || count < 600 {
		t.Errorf("%d glyphs in %d alphabets", count, len(Alphabets()))
	}
}

// Every hand leaves every glyph on the page: ink, but not at the edge alone, and another
// hand draws it otherwise.
func TestDraw(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	a, b := make([]float32, Side*Side), make([]float32, Side*Side)
	for _, alphabet := range Alphabets() {
		for i, g := range alphabet.Glyphs {
			g.Draw(a, NewHand(r))
			g.Draw(b, NewHand(r))
			var ink, differs float32
			for k, v := range a {
				if v < 0 || v > 1 {
					t.Fatalf("%s %d: a pixel of %v", alphabet.Name, i, v)
				}
				ink += v
				differs += max(v-b[k], b[k]-v)
			}
			if ink < 10 || ink > 500 || differs < 5 {
				t.Errorf("%s %d: %v pixels of ink, %v of them otherwise by another hand", alphabet.Name, i, ink, differs)
			}
		}
	}
}

// A straight stroke through the middle, seen by a pen without a slant.
func TestDrawStroke(t *testing.T) {
	g, err := parse("M0,0 L0,20")
	if err != nil {
		t.Fatal(err)
	}
	dst := make([]float32, Side*Side)
	g.Draw(dst, Hand{a: [4]float64{1, 0, 0, 1}, pen: 2})
	for x, want := range map[int]float32{11: 0, 12: 0, 13: 1, 14: 1, 15: 0} { // 13.5 is the middle
		if got := dst[14*Side+x]; got != want {
			t.Errorf("pixel %d of the middle row is %v, want %v", x, got, want)
		}
	}
	if dst[1*Side+13] != 0 || dst[26*Side+13] != 0 || dst[5*Side+13] != 1 {
		t.Error("the stroke does not reach from row 4 to row 23")
	}
	if _, err := parse("M0,0 L5"); err == nil {
		t.Error("half a point was read")
	}
}
