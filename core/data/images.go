package data

import (
	"errors"
	"fmt"
	"image"
	_ "image/jpeg" // registers its decoder
	_ "image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"

	"golang.org/x/image/draw"

	"lab/core/tensor"
)

const (
	// keepPixels bounds images that keep their size where none is asked for.
	keepPixels = 64 * 64

	// defaultSide is the size of images that have to be brought to one size where none
	// is asked for.
	defaultSide = 32

	// maxPixels bounds a single image as it is decoded.
	maxPixels = 1 << 26

	// maxSetPixels bounds those of a set.
	maxSetPixels = 1 << 30
)

// picture is an image file: what to read, and the class it belongs to.
type picture struct {
	path  string // below the set's folder
	class int32
	size  image.Point // of the file
	img   *image.RGBA // brought to the set's size
	gray  bool        // red, green and blue are equal everywhere
}

// openImages reads a folder of pictures, PNG or JPEG, a sub-folder a class. Where the
// folder holds train and test (or val), these hold the classes; otherwise a fifth of
// each class, drawn by a fixed seed, is kept for the test. Pictures of one size up to
// 64×64 keep it, others are squeezed to 32×32, or all to the size that is asked for,
// by the mean over the area. They are grey where all are, or where that is asked for.
func openImages(dir string, o options) (*Set, error) {
	train, test := dir, ""
	if isDir(filepath.Join(dir, "train")) {
		train = filepath.Join(dir, "train")
		for _, name := range []string{"test", "val"} {
			if test == "" && isDir(filepath.Join(dir, name)) {
				test = filepath.Join(dir, name)
			}
		}
		if test == "" {
			return nil, fmt.Errorf("there is a folder train, but none called test or val")
		}
	}
	classes, err := subfolders(train)
	if err != nil {
		return nil, err
	}
	if len(classes) < 2 {
		return nil, fmt.Errorf("%d sub-folders with images in %s; each class has one, and there are at least two", len(classes), train)
	}
	all, err := list(train, classes)
	if err != nil {
		return nil, err
	}
	trained := len(all)
	if test != "" {
		others, err := subfolders(test)
		if err != nil {
			return nil, err
		}
		for _, c := range others {
			if !slices.Contains(classes, c) {
				return nil, fmt.Errorf("%s is a class in %s, but not in %s", c, test, train)
			}
		}
		more, err := list(test, classes)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	pixels, shape, err := decodeAll(all, o)
	if err != nil {
		return nil, err
	}
	labels := make([]int32, len(all))
	for i, p := range all {
		labels[i] = p.class
	}
	set := &Set{Name: filepath.Base(filepath.Clean(dir)), Source: dir, Classes: classes}
	part := func(lo, hi int) *Examples {
		return &Examples{Shape: shape, White: 255, Pixels: pixels[lo*shape.Size() : hi*shape.Size()], Labels: labels[lo:hi]}
	}
	if test != "" {
		set.Train, set.Test = part(0, trained), part(trained, len(all))
	} else {
		set.Train = part(0, len(all))
		if err := set.Train.check(len(classes)); err != nil {
			return nil, err
		}
		if set.Train.Len() < testShare {
			return nil, fmt.Errorf("%d images are too few to keep some for the test", set.Train.Len())
		}
		kept, rest := All(set.Train).Cut(set.Train.Len()/testShare, testSeed)
		set.Train, set.Test = rest.extract(), kept.extract()
	}
	set.SHA256 = set.contentHash()
	return set, set.finish()
}

// subfolders lists the folders in a folder, in order: the classes. Pictures that lie
// beside them belong to none.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		switch {
		case strings.HasPrefix(e.Name(), "."):
		case isDir(filepath.Join(dir, e.Name())):
			names = append(names, e.Name())
		case slices.Contains([]string{".png", ".jpg", ".jpeg"}, strings.ToLower(filepath.Ext(e.Name()))):
			return nil, fmt.Errorf("%s is in no class: pictures lie in a sub-folder, whose name is their class", filepath.Join(dir, e.Name()))
		}
	}
	return names, nil
}

// list lists the pictures of the classes, each in the order of the files' names.
func list(dir string, classes []string) ([]picture, error) {
	var all []picture
	for label, class := range classes {
		entries, err := os.ReadDir(filepath.Join(dir, class))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a class that the test does not have
		}
		if err != nil {
			return nil, err
		}
		before := len(all)
		for _, e := range entries {
			if !strings.HasPrefix(e.Name(), ".") && e.Name() != "Thumbs.db" && e.Name() != "desktop.ini" {
				all = append(all, picture{path: filepath.Join(dir, class, e.Name()), class: int32(label)})
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("the class %s holds no images", filepath.Join(dir, class))
		}
	}
	return all, nil
}

// open decodes the header, which tells the size, or the picture.
func (p *picture) open(whole bool) (image.Image, error) {
	f, err := os.Open(p.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c, _, err := image.DecodeConfig(f)
	if errors.Is(err, image.ErrFormat) {
		return nil, fmt.Errorf("%s is not a PNG or JPEG image", p.path)
	}
	if err == nil && (c.Width < 1 || c.Height < 1 || c.Width > maxPixels/c.Height) {
		err = fmt.Errorf("%d×%d pixels", c.Width, c.Height)
	}
	p.size = image.Pt(c.Width, c.Height)
	if err == nil && whole {
		if _, err = f.Seek(0, io.SeekStart); err == nil {
			var img image.Image
			if img, _, err = image.Decode(f); err == nil {
				return img, nil
			}
		}
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", p.path, err)
	}
	return nil, err
}

// decode sets the picture's pixels, at that size; what is transparent becomes white.
func (p *picture) decode(size image.Point) error {
	img, err := p.open(true)
	if err != nil {
		return err
	}
	full := image.NewRGBA(image.Rectangle{Max: p.size})
	draw.Draw(full, full.Bounds(), image.White, image.Point{}, draw.Src)
	draw.Draw(full, full.Bounds(), img, img.Bounds().Min, draw.Over)
	p.img = full
	if p.size != size {
		p.img = image.NewRGBA(image.Rectangle{Max: size})
		draw.BiLinear.Scale(p.img, p.img.Bounds(), full, full.Bounds(), draw.Src, nil)
	}
	p.gray = true
	for i := 0; i < len(p.img.Pix) && p.gray; i += 4 {
		p.gray = p.img.Pix[i] == p.img.Pix[i+1] && p.img.Pix[i] == p.img.Pix[i+2]
	}
	return nil
}

// decodeAll returns the pixels of all pictures, at one size and number of channels.
func decodeAll(all []picture, o options) ([]uint8, tensor.Shape, error) {
	if err := each(all, func(p *picture) error { _, err := p.open(false); return err }); err != nil {
		return nil, nil, err
	}
	size := all[0].size
	for _, p := range all {
		if p.size != all[0].size || p.size.X*p.size.Y > keepPixels {
			size = image.Pt(defaultSide, defaultSide)
		}
	}
	if o.side > 0 {
		size = image.Pt(o.side, o.side)
	}
	if len(all) > maxSetPixels/(size.X*size.Y) {
		return nil, nil, fmt.Errorf("%d images of %d×%d pixels are more than fit into memory", len(all), size.Y, size.X)
	}
	if err := each(all, func(p *picture) error { return p.decode(size) }); err != nil {
		return nil, nil, err
	}
	shape := tensor.Shape{size.Y, size.X, 1}
	for _, p := range all {
		if !p.gray && !o.gray {
			shape[2] = 3
		}
	}
	pixels := make([]uint8, 0, len(all)*shape.Size())
	for i := range all {
		for at, pix := 0, all[i].img.Pix; at < len(pix); at += 4 {
			if r, g, b := pix[at], pix[at+1], pix[at+2]; shape[2] == 3 {
				pixels = append(pixels, r, g, b)
			} else {
				pixels = append(pixels, luma(r, g, b))
			}
		}
		all[i].img = nil
	}
	return pixels, shape, nil
}

// each calls f for every picture, on all cores. Of several errors it returns the first
// by the pictures' order.
func each(all []picture, f func(*picture) error) error {
	errs := make([]error, len(all))
	var wait sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(all))
	for w := range workers {
		wait.Go(func() {
			for i := w; i < len(all); i += workers {
				errs[i] = f(&all[i])
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// luma is the brightness of a colour (ITU-R BT.601), rounded; of a grey it is itself.
func luma(r, g, b uint8) uint8 {
	return uint8((19595*uint32(r) + 38470*uint32(g) + 7471*uint32(b) + 1<<15) >> 16)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
