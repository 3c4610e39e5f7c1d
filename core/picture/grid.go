package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"
)

// Images are N images of H×W pixels and C channels, 1 for grey or 3 for RGB, one
// after another as [N,H,W,C].
type Images struct {
	Data       []float32
	N, H, W, C int

	// Lo is drawn as black and Hi as full brightness; what lies outside is
	// clipped. 0 and 1 where both are 0. NaN is drawn as black.
	Lo, Hi float32
}

// Layout says how images are put side by side.
type Layout struct {
	Columns int   // 0 makes the grid about square, at least as wide as high
	Pad     int   // pixels around and between images, not zoomed
	Zoom    int   // each pixel is drawn Zoom×Zoom; 0 means 1
	Back    uint8 // brightness of the padding and of empty cells, 0 for black
}

// maxPixels bounds a picture to what a viewer can open.
const maxPixels = 1 << 26

// Grid draws the images row by row. It returns an *image.Gray or, for three
// channels, an *image.RGBA.
func Grid(im Images, l Layout) (image.Image, error) {
	if err := l.settle(&im); err != nil {
		return nil, err
	}
	rows := (im.N + l.Columns - 1) / l.Columns
	width, okW := extent(l.Columns, im.W, l)
	height, okH := extent(rows, im.H, l)
	if !okW || !okH || width > maxPixels/height {
		return nil, fmt.Errorf("picture: %d images of %d×%d at zoom %d are too large to draw", im.N, im.H, im.W, l.Zoom)
	}
	bounds := image.Rect(0, 0, width, height)
	grey, rgb := image.NewGray(bounds), (*image.RGBA)(nil)
	if im.C == 3 {
		grey, rgb = nil, image.NewRGBA(bounds)
	}
	fill(grey, rgb, l.Back)
	for n := range im.N {
		x0 := l.Pad + n%l.Columns*(im.W*l.Zoom+l.Pad)
		y0 := l.Pad + n/l.Columns*(im.H*l.Zoom+l.Pad)
		for y := range im.H * l.Zoom {
			for x := range im.W * l.Zoom {
				px := im.Data[((n*im.H+y/l.Zoom)*im.W+x/l.Zoom)*im.C:]
				if rgb != nil {
					rgb.SetRGBA(x0+x, y0+y, color.RGBA{im.level(px[0]), im.level(px[1]), im.level(px[2]), 255})
				} else {
					grey.SetGray(x0+x, y0+y, color.Gray{Y: im.level(px[0])})
				}
			}
		}
	}
	if rgb != nil {
		return rgb, nil
	}
	return grey, nil
}

// settle fills in defaults and checks what is to be drawn.
func (l *Layout) settle(im *Images) error {
	if im.Lo == 0 && im.Hi == 0 {
		im.Hi = 1
	}
	if l.Zoom == 0 {
		l.Zoom = 1
	}
	if l.Columns == 0 {
		l.Columns = int(math.Ceil(math.Sqrt(float64(max(0, im.N)))))
	}
	if err := im.check(); err != nil {
		return err
	}
	if l.Columns < 1 || l.Pad < 0 || l.Zoom < 1 {
		return fmt.Errorf("picture: layout of %d columns, padding %d, zoom %d", l.Columns, l.Pad, l.Zoom)
	}
	l.Columns = min(l.Columns, im.N)
	return nil
}

// Strip draws the images in one row: the steps of an interpolation, or one image
// under growing noise. The layout's Columns is ignored.
func Strip(im Images, l Layout) (image.Image, error) {
	l.Columns = max(1, im.N)
	return Grid(im, l)
}

func (im *Images) check() error {
	switch {
	case im.N < 1 || im.H < 1 || im.W < 1:
		return fmt.Errorf("picture: %d images of %d×%d: nothing to draw", im.N, im.H, im.W)
	case im.C != 1 && im.C != 3:
		return fmt.Errorf("picture: images of %d channels; 1 (grey) or 3 (RGB) can be drawn", im.C)
	case !(im.Lo < im.Hi) || math.IsInf(float64(im.Hi)-float64(im.Lo), 0):
		return fmt.Errorf("picture: black at %v and white at %v", im.Lo, im.Hi)
	}
	// Divide instead of multiplying: the product of bad sizes could overflow.
	left := len(im.Data)
	for _, d := range []int{im.N, im.H, im.W, im.C} {
		if left%d != 0 || left == 0 {
			left = -1
			break
		}
		left /= d
	}
	if left != 1 {
		return fmt.Errorf("picture: %d numbers for images of shape (%d, %d, %d, %d)", len(im.Data), im.N, im.H, im.W, im.C)
	}
	return nil
}

// level turns a number into a brightness, rounded to the nearest.
func (im *Images) level(v float32) uint8 {
	f := (float64(v) - float64(im.Lo)) / (float64(im.Hi) - float64(im.Lo)) * 255
	switch {
	case f >= 255:
		return 255
	case f > 0:
		return uint8(f + .5)
	}
	return 0 // NaN too
}

// extent is the length of a row of n cells, or false where it is too long.
func extent(n, size int, l Layout) (int, bool) {
	if n > maxPixels || size > maxPixels || l.Zoom > maxPixels/size || l.Pad > maxPixels {
		return 0, false
	}
	cell := size*l.Zoom + l.Pad
	if cell > maxPixels/n {
		return 0, false
	}
	return l.Pad + n*cell, true
}

func fill(grey *image.Gray, rgb *image.RGBA, v uint8) {
	if grey != nil {
		for i := range grey.Pix {
			grey.Pix[i] = v
		}
		return
	}
	for i := range rgb.Pix {
		rgb.Pix[i] = v
		if i%4 == 3 {
			rgb.Pix[i] = 255
		}
	}
}
