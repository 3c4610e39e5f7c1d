package picture

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"strings"
	"testing"
)

func draws(t *testing.T, d interface{ Draw() (image.Image, error) }) image.Image {
	t.Helper()
	img, err := d.Draw()
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// of returns the box around all pixels of just that colour, and their number.
func of(img image.Image, c color.Color) (box image.Rectangle, n int) {
	want := color.RGBAModel.Convert(c)
	for y := img.Bounds().Min.Y; y < img.Bounds().Max.Y; y++ {
		for x := img.Bounds().Min.X; x < img.Bounds().Max.X; x++ {
			if img.At(x, y) == want {
				box = box.Union(image.Rect(x, y, x+1, y+1))
				n++
			}
		}
	}
	return box, n
}

// A line goes where its points are: corner to corner, and a straight one on log axes
// where its points are powers.
func TestChartLines(t *testing.T) {
	plain := Chart{Series: []Series{{X: []float64{0, 10}, Y: []float64{0, 5}}}, X: Axis{Lo: 0, Hi: 10}, Y: Axis{Lo: 0, Hi: 5}}
	area, _ := of(draws(t, Chart{X: Axis{Lo: 0, Hi: 10}, Y: Axis{Lo: 0, Hi: 5}, Field: &Field{Values: [][]float64{{0}}, Zero: color.RGBA{1, 2, 3, 255}}}), color.RGBA{1, 2, 3, 255})
	line, n := of(draws(t, plain), Colour(0))
	if area.Dx() < 500 || line.Dx() < area.Dx()-6 || line.Dy() < area.Dy()-6 || n < area.Dx()/2 {
		t.Errorf("the line covers %v (%d pixels) of %v", line, n, area)
	}
	log := Chart{X: Axis{Lo: 1, Hi: 1e4, Log: true}, Y: Axis{Lo: 1e-2, Hi: 1e2, Log: true}}
	for i := range 401 {
		x := math.Pow(10, float64(i)/100)
		log.Series = []Series{{X: append(log.seriesX(), x), Y: append(log.seriesY(), x/100)}}
	}
	img := draws(t, log)
	box, _ := of(img, Colour(0))
	for i := 1; i < 20; i++ {
		x := box.Min.X + box.Dx()*i/20
		y := box.Max.Y - box.Dy()*i/20
		if part, n := of(img.(*image.RGBA).SubImage(image.Rect(x-2, y-4, x+2, y+4)), Colour(0)); n == 0 {
			t.Errorf("%d/20 of the way there is no line near (%d, %d): %v", i, x, y, part)
		}
	}
}

func (c Chart) seriesX() []float64 {
	if c.Series == nil {
		return nil
	}
	return c.Series[0].X
}

func (c Chart) seriesY() []float64 {
	if c.Series == nil {
		return nil
	}
	return c.Series[0].Y
}

// What cannot be shown breaks a line and spoils nothing.
func TestChartOddValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	whole, _ := of(draws(t, Chart{Series: []Series{{Y: []float64{1, 1, 1, 1, 1}}}}), Colour(0))
	img := draws(t, Chart{Series: []Series{{Y: []float64{1, 1, nan, 1, 1}}}})
	if box, _ := of(img, Colour(0)); box != whole {
		t.Errorf("the broken line spans %v, the whole one %v", box, whole)
	}
	mid := (whole.Min.X + whole.Max.X) / 2
	if _, n := of(img.(*image.RGBA).SubImage(image.Rect(mid-5, 0, mid+5, 400)), Colour(0)); n != 0 {
		t.Error("a line across a point that is not there")
	}
	for name, c := range map[string]Chart{
		"no series":            {},
		"nothing finite":       {Series: []Series{{Y: []float64{nan, inf, -inf}}}},
		"one point":            {Series: []Series{{Y: []float64{3}}}},
		"constant":             {Series: []Series{{Y: []float64{1e-30, 1e-30}}}},
		"log, nothing above 0": {Y: Axis{Log: true}, Series: []Series{{Y: []float64{0, -1}}}},
		"log, one value":       {Y: Axis{Log: true}, Series: []Series{{Y: []float64{7}}}},
		"huge":                 {Series: []Series{{Y: []float64{-1e300, 1e300}}}},
		"spread of infinity":   {Series: []Series{{Y: []float64{1, 2, 3}, Spread: []float64{1, inf, nan}}}},
		"names that wrap":      {Series: []Series{{Name: strings.Repeat("x", 90)}, {Name: strings.Repeat("y", 90), Points: true}}},
		"empty field":          {Field: &Field{}},
	} {
		img := draws(t, c)
		if _, n := of(img, ink); n < 100 {
			t.Errorf("%s: no axes", name)
		}
	}
}

func TestChartErrors(t *testing.T) {
	for want, c := range map[string]Chart{
		`series "a" has 1 x, 2 y`:         {Series: []Series{{Name: "a", X: []float64{1}, Y: []float64{1, 2}}}},
		"1 x, 1 y and 2 spreads":          {Series: []Series{{Y: []float64{1}, Spread: []float64{1, 2}}}},
		"a chart of 10×400 pixels":        {Width: 10},
		"a chart of 640×100000 pixels":    {Height: 100000},
		"an axis from 2 to 1":             {X: Axis{Lo: 2, Hi: 1}},
		"an axis from -1 to 1":            {Y: Axis{Lo: -1, Hi: 1, Log: true}},
		"an axis from 0 to +Inf":          {X: Axis{Hi: math.Inf(1)}},
		"series \"b\" has 2 x, 0 y and 0": {Series: []Series{{Name: "b", X: []float64{1, 2}}}},
	} {
		if _, err := c.Draw(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v; want %s", err, want)
		}
	}
}

// A long series looks as it would if all of its points were drawn.
func TestThin(t *testing.T) {
	var line []point
	for i := range 100000 {
		y := 50.0
		if i == 77777 {
			y = 3 // a single spike must not be lost
		}
		line = append(line, point{float64(i) / 200, y})
	}
	got := thin(line)
	spike := false
	for i, p := range got {
		spike = spike || p.y == 3
		if i > 0 && p.x < got[i-1].x {
			t.Fatalf("point %d goes back", i)
		}
	}
	if len(got) > 4*501 || !spike || got[0] != line[0] || got[len(got)-1] != line[len(line)-1] {
		t.Errorf("%d points, spike %v", len(got), spike)
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		a    Axis
		n    int
		want string
	}{
		{Axis{Lo: 0, Hi: 10}, 5, "0 2 4 6 8 10"},
		{Axis{Lo: .93, Hi: 1.02}, 5, "0.94 0.96 0.98 1.00 1.02"},
		{Axis{Lo: -1, Hi: 1}, 4, "-1.0 -0.5 0.0 0.5 1.0"},
		{Axis{Lo: 0, Hi: 3e6}, 3, "0 1e+06 2e+06 3e+06"},
		{Axis{Lo: 1e-3, Hi: 10, Log: true}, 6, "0.001 0.01 0.1 1 10"},
		{Axis{Lo: .3, Hi: 4, Log: true}, 6, "0.5 1 2"},
		{Axis{Lo: 1e-8, Hi: 1e8, Log: true}, 5, "1e-08 0.0001 1 10000 1e+08"},
		{Axis{Lo: 21, Hi: 24, Log: true}, 3, "21 22 23 24"}, // no power near: as on a plain axis
	} {
		_, texts := c.a.ticks(c.n)
		if got := strings.Join(texts, " "); got != c.want {
			t.Errorf("%+v: %s; want %s", c.a, got, c.want)
		}
	}
}

func TestSameBytes(t *testing.T) {
	make := func() []byte {
		var b bytes.Buffer
		img := draws(t, Chart{Title: "Ψ", Series: []Series{{Name: "a", Y: []float64{3, 1, 2}}, {Y: []float64{1, 2, 3}, Points: true}}})
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	if !bytes.Equal(make(), make()) {
		t.Error("the same chart has other bytes")
	}
}
