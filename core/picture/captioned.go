package picture

import (
	"fmt"
	"image"
	"image/draw"
	"strings"
)

// Captioned is Grid with a caption below each image, of one line or several: what a
// classifier took it for. It returns an *image.RGBA on white.
func Captioned(im Images, captions []string, l Layout) (image.Image, error) {
	if len(captions) != im.N {
		return nil, fmt.Errorf("picture: %d captions for %d images", len(captions), im.N)
	}
	if l.Zoom == 0 {
		l.Zoom = 1
	}
	one := Images{N: 1, H: im.H, W: im.W, C: im.C, Lo: im.Lo, Hi: im.Hi}
	all := Layout{Columns: l.Columns, Pad: l.Pad, Zoom: l.Zoom}
	if err := all.settle(&im); err != nil {
		return nil, err
	}
	f := newFace(textSize)
	wide, lines := im.W*l.Zoom, 1
	for _, c := range captions {
		for line := range strings.Lines(c) {
			wide = max(wide, f.width(strings.TrimSpace(line)))
		}
		lines = max(lines, 1+strings.Count(c, "\n"))
	}
	high := im.H*l.Zoom + lines*f.height() + 3
	pad := max(all.Pad, 4)
	rows := (im.N + all.Columns - 1) / all.Columns
	width, height := pad+all.Columns*(wide+pad), pad+rows*(high+pad)
	if width > maxSide || height > maxSide {
		return nil, fmt.Errorf("picture: %d images with captions are too large to draw", im.N)
	}
	c := newCanvas(width, height)
	size := im.H * im.W * im.C
	for n, caption := range captions {
		one.Data = im.Data[n*size : (n+1)*size]
		img, err := Grid(one, Layout{Zoom: l.Zoom})
		if err != nil {
			return nil, err
		}
		x, y := pad+n%all.Columns*(wide+pad), pad+n/all.Columns*(high+pad)
		at := image.Pt(x+(wide-im.W*l.Zoom)/2, y)
		draw.Draw(c, img.Bounds().Add(at), img, image.Point{}, draw.Src)
		y += im.H*l.Zoom + 2
		for line := range strings.Lines(caption) {
			c.text(f, x+wide/2, y, centreTop, ink, strings.TrimSpace(line))
			y += f.height()
		}
	}
	return c.RGBA, nil
}
