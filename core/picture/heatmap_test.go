package picture

import (
	"image"
	"image/color"
	"math"
	"strings"
	"testing"
)

func TestHeatMap(t *testing.T) {
	for _, c := range []struct {
		name string
		h    HeatMap
		want []color.Color // in the middle of each cell, row by row
	}{
		{"amounts", HeatMap{Values: [][]float64{{0, 1}, {.5, math.NaN()}}, Cell: 40}, []color.Color{amounts[0], amounts[4], amounts[2], marked}},
		{"diverging", HeatMap{Values: [][]float64{{-1, 0, 2}}, Diverging: true, Cell: 40}, []color.Color{diverging[1], diverging[2], diverging[4]}},
		{"given ends", HeatMap{Values: [][]float64{{-9, 4, 9}}, Lo: 0, Hi: 4, Cell: 40}, []color.Color{amounts[0], amounts[4], amounts[4]}},
		{"constant", HeatMap{Values: [][]float64{{3}}, Cell: 40}, []color.Color{amounts[2]}},
	} {
		img := draws(t, c.h)
		columns := len(c.h.Values[0])
		for i, want := range c.want {
			x, y := 10+i%columns*40+20, 8+i/columns*40+20
			if got := img.At(x, y); got != want {
				t.Errorf("%s: cell %d is %v; want %v", c.name, i, got, want)
			}
		}
	}
}

func TestHeatMapErrors(t *testing.T) {
	two := [][]float64{{1, 2}}
	for want, h := range map[string]HeatMap{
		"of nothing":                {},
		"row 1 of a heat map":       {Values: [][]float64{{1, 2}, {1}}},
		"row 0 of a heat map":       {Values: two, Text: [][]string{{"a"}}},
		"1 and 0 names for a heat":  {Values: two, Rows: []string{"a"}, Columns: []string{}},
		"from 2 to 1":               {Values: two, Lo: 2, Hi: 1},
		"cells of 9000 pixels is":   {Values: two, Cell: 9000},
		"cells of -1":               {Values: two, Cell: -1},
		"2×2 cells of 5000 pixels ": {Values: [][]float64{{1, 2}, {3, 4}}, Cell: 5000},
	} {
		if _, err := h.Draw(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

// Colours of a confusion matrix are shares of what is, texts are counts.
func TestConfusion(t *testing.T) {
	img, err := Confusion([][]int{{4, 0}, {50, 50}}, []string{"a", "b"})
	if err != nil {
		t.Fatal(err)
	}
	_, all := of(img, amounts[4])
	_, half := of(img, amounts[2])
	if all < 20*20 || half < 2*20*20-200 {
		t.Errorf("%d pixels for a whole row, %d for halves", all, half)
	}
	if _, err := Confusion([][]int{{1, 2}}, []string{"a"}); err == nil {
		t.Error("a matrix that is not square was drawn")
	}
	if _, err := Confusion(make([][]int, 0), nil); err == nil {
		t.Error("a matrix of nothing was drawn")
	}
	many := make([][]int, 200) // as many classes as anyone has looked at
	names := make([]string, 200)
	for i := range many {
		many[i], names[i] = make([]int, 200), strings.Repeat("n", i%30)
	}
	if _, err := Confusion(many, names); err != nil {
		t.Error(err)
	}
}

func TestCaptioned(t *testing.T) {
	im := Images{Data: []float32{1, .5, 0}, N: 3, H: 1, W: 1, C: 1}
	img, err := Captioned(im, []string{"a", "b\ntwo", "a caption"}, Layout{Columns: 2, Zoom: 9})
	if err != nil {
		t.Fatal(err)
	}
	f := newFace(textSize)
	wide, high := f.width("a caption"), 9+2*f.height()+3
	if want := image.Pt(4+2*(wide+4), 4+2*(high+4)); img.Bounds().Size() != want {
		t.Errorf("%v; want %v", img.Bounds().Size(), want)
	}
	if box, n := of(img, color.Gray{Y: 128}); n < 81 || box.Min.Y != 4 || box.Min.X < 4+wide {
		t.Errorf("the second image covers %v", box)
	}
	if _, err := Captioned(im, []string{"a"}, Layout{}); err == nil || !strings.Contains(err.Error(), "1 captions for 3 images") {
		t.Errorf("got %v", err)
	}
}
