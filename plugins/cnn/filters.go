package cnn

import (
	"fmt"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/picture"
	"lab/core/vm"
)

// showFilters draws the kernels of the first layer: of grey or colour images as they
// are, each stretched to its own range; of others a row a filter and a column a channel.
func showFilters(s *family.Session, conv *nn.Conv2d) error {
	w := conv.Weight.Export() // [out,in,kH,kW]
	out, in, h, wide := w.Shape[0], w.Shape[1], w.Shape[2], w.Shape[3]
	pictures := picture.Images{N: out, H: h, W: wide, C: 3}
	columns := 8
	if in != 3 {
		pictures.N, pictures.C = out*in, 1
		if in > 1 {
			columns = in
		}
	}
	size := h * wide * pictures.C
	for i := range pictures.N {
		kernel := w.F[i*size : (i+1)*size] // [C,kH,kW]
		lo, hi := kernel[0], kernel[0]
		for _, v := range kernel {
			lo, hi = min(lo, v), max(hi, v)
		}
		for p := range h * wide {
			for c := range pictures.C {
				pictures.Data = append(pictures.Data, (kernel[c*h*wide+p]-lo)/max(hi-lo, 1e-12))
			}
		}
	}
	img, err := picture.Grid(pictures, picture.Layout{Columns: columns, Pad: 3, Zoom: max(1, 36/h), Back: 96})
	if err != nil {
		return err
	}
	return s.Image("filters", 0, img)
}

const (
	featureImages   = 4  // that are shown
	featureChannels = 16 // of each layer, at the most
)

// showFeatures draws, for each convolution, what its channels make of a few test images:
// a row an image, which comes first, and a column a channel.
func showFeatures(s *family.Session, im *images, net *convNet) error {
	x, err := im.batchOf(im.Split.Test, featureImages)
	if err != nil {
		return err
	}
	n := len(x) / im.shape.Size()
	in := im.input(n)
	var maps []*graph.Node
	h := in
	for i := range net.convs {
		f := net.features(h, i)
		maps = append(maps, f)
		h = net.pooled(f)
	}
	p, err := vm.Compile(maps)
	if err != nil {
		return err
	}
	defer p.Close()
	p.Named("features")
	copy(p.Value(in), x)
	p.Run()
	for i, node := range maps {
		d := node.Shape() // [n,H,W,C]
		height, width, channels := d[1], d[2], min(d[3], featureChannels)
		values := p.Value(node)
		pictures := picture.Images{N: n * channels, H: height, W: width, C: 1}
		for at := range n {
			one := values[at*height*width*d[3] : (at+1)*height*width*d[3]]
			for c := range channels {
				top := float32(1e-12)
				for k := c; k < len(one); k += d[3] {
					top = max(top, one[k])
				}
				for k := c; k < len(one); k += d[3] {
					pictures.Data = append(pictures.Data, one[k]/top)
				}
			}
		}
		img, err := picture.Grid(pictures, picture.Layout{Columns: channels, Pad: 2, Zoom: max(1, 56/height), Back: 96})
		if err != nil {
			return err
		}
		if err := s.Image(fmt.Sprintf("features-conv%d", i+1), 0, img); err != nil {
			return err
		}
	}
	return nil
}
