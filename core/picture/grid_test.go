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

// rows renders a grey image as text, one hex digit a pixel.
func rows(t *testing.T, img image.Image) string {
	t.Helper()
	g, ok := img.(*image.Gray)
	if !ok {
		t.Fatalf("got %T", img)
	}
	var b strings.Builder
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			b.WriteByte("0123456789abcdef"[g.GrayAt(x, y).Y>>4])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestGrid(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	for _, c := range []struct {
		name string
		im   Images
		l    Layout
		want string
	}{
		{"one", Images{Data: []float32{0, 1, .5, .25}, N: 1, H: 2, W: 2, C: 1}, Layout{}, "0f\n84\n"},
		{"range", Images{Data: []float32{-1, 0, 1}, N: 1, H: 1, W: 3, C: 1, Lo: -1, Hi: 1}, Layout{}, "08f\n"},
		{"clipped", Images{Data: []float32{-9, 9, inf, -inf, nan}, N: 1, H: 1, W: 5, C: 1}, Layout{}, "0ff00\n"},
		{"zoom", Images{Data: []float32{0, 1}, N: 1, H: 1, W: 2, C: 1}, Layout{Zoom: 2}, "00ff\n00ff\n"},
		{"padded, last row not full", Images{Data: []float32{1, 1, 1}, N: 3, H: 1, W: 1, C: 1},
			Layout{Pad: 1, Back: 0x40}, "44444\n4f4f4\n44444\n4f444\n44444\n"},
		{"columns", Images{Data: []float32{0, 1, .5}, N: 3, H: 1, W: 1, C: 1}, Layout{Columns: 1}, "0\nf\n8\n"},
		{"more columns than images", Images{Data: []float32{0, 1}, N: 2, H: 1, W: 1, C: 1}, Layout{Columns: 9}, "0f\n"},
		{"odd sizes", Images{Data: []float32{0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 0}, N: 2, H: 3, W: 2, C: 1},
			Layout{Columns: 2, Pad: 1, Back: 0x80}, "8888888\n80f8ff8\n80f8f08\n8ff8f08\n8888888\n"},
	} {
		img, err := Grid(c.im, c.l)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
		} else if got := rows(t, img); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.name, got, c.want)
		}
	}
}

func TestGridColour(t *testing.T) {
	img, err := Grid(Images{Data: []float32{1, 0, 0, 0, .2, 1}, N: 2, H: 1, W: 1, C: 3}, Layout{Pad: 1, Back: 9})
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range []color.RGBA{{9, 9, 9, 255}, {255, 0, 0, 255}, {9, 9, 9, 255}, {0, 51, 255, 255}} {
		if got := img.At(x, 1); got != want {
			t.Errorf("pixel %d is %v; want %v", x, got, want)
		}
	}
}

func TestStrip(t *testing.T) {
	img, err := Strip(Images{Data: []float32{0, .5, 1, .5}, N: 4, H: 1, W: 1, C: 1}, Layout{Columns: 2})
	if err != nil || rows(t, img) != "08f8\n" {
		t.Errorf("got %v, %v", img, err)
	}
}

func TestGridErrors(t *testing.T) {
	nan := float32(math.NaN())
	one := []float32{1}
	for _, c := range []struct {
		im   Images
		l    Layout
		want string
	}{
		{Images{}, Layout{}, "nothing to draw"},
		{Images{N: -1, H: -1, W: 1, C: 1, Data: one}, Layout{}, "nothing to draw"},
		{Images{N: 1, H: 1, W: 1, C: 2, Data: []float32{1, 1}}, Layout{}, "2 channels; 1 (grey) or 3 (RGB)"},
		{Images{N: 2, H: 1, W: 1, C: 1, Data: one}, Layout{}, "1 numbers for images of shape (2, 1, 1, 1)"},
		{Images{N: 1, H: 1, W: 1, C: 1}, Layout{}, "0 numbers"},
		{Images{N: 1 << 32, H: 1 << 32, W: 1, C: 1, Data: one}, Layout{}, "1 numbers"},
		{Images{N: 1, H: 1, W: 1, C: 1, Data: one, Lo: 1, Hi: -1}, Layout{}, "black at 1 and white at -1"},
		{Images{N: 1, H: 1, W: 1, C: 1, Data: one, Hi: nan}, Layout{}, "white at NaN"},
		{Images{N: 1, H: 1, W: 1, C: 1, Data: one}, Layout{Columns: -1}, "layout of -1 columns"},
		{Images{N: 1, H: 1, W: 1, C: 1, Data: one}, Layout{Zoom: 1 << 20}, "too large to draw"},
		{Images{N: 1, H: 1, W: 1, C: 1, Data: one}, Layout{Pad: 1 << 62}, "too large to draw"},
	} {
		if _, err := Grid(c.im, c.l); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v %v: got %v; want %q", c.im, c.l, err, c.want)
		}
	}
}

func TestWritePNG(t *testing.T) {
	img, err := Grid(Images{Data: []float32{0, 1, .5, .25}, N: 4, H: 1, W: 1, C: 1}, Layout{Pad: 2, Zoom: 3})
	if err != nil {
		t.Fatal(err)
	}
	var a, b bytes.Buffer
	if err := WritePNG(&a, img); err != nil {
		t.Fatal(err)
	}
	if err := WritePNG(&b, img); err != nil || !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Errorf("two writings differ (%v)", err)
	}
	back, err := png.Decode(&a)
	if err != nil || rows(t, back) != rows(t, img) {
		t.Errorf("read back as %v, %v", back, err)
	}
}
