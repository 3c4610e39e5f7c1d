package cnn

import (
	"encoding/json"
	"fmt"

	"lab/core"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// ImageParams say what to learn from.
type ImageParams struct {
	Data      string  `default:"fashion-mini" doc:"images to learn from: a set of lab data list, or the path of your own"`
	ImageSize int     `default:"0" min:"0" doc:"pixels a side that a folder of images is brought to; 0 leaves small ones of one size as they are"`
	Gray      bool    `default:"false" doc:"take a folder of images without its colours"`
	Val       float64 `default:"0.1" min:"0" max:"0.9" doc:"share of the training images that is kept to choose the best epoch by"`
	SplitSeed int     `default:"0" min:"0" doc:"seed of the choice of those, which stays the same while seed varies"`
}

// AugmentParams change training images at random; see data.Augment.
type AugmentParams struct {
	Shift  int     `default:"0" min:"0" doc:"augmentation: pixels by which training images are moved at the most"`
	Flip   bool    `default:"false" doc:"augmentation: mirror every other training image"`
	Crop   float64 `default:"1" min:"0.1" max:"1" doc:"augmentation: least share of the sides that is cut out and blown up to the whole"`
	CutOut int     `default:"0" min:"0" doc:"augmentation: side of a square that is blackened"`
}

func (a AugmentParams) augment() data.Augment {
	return data.Augment{Shift: a.Shift, Flip: a.Flip, Crop: a.Crop, CutOut: a.CutOut}
}

// images are the set of a run: its split, and what its training images are normalised by.
type images struct {
	*data.Set
	*data.Split
	normal data.Statistics
	shape  tensor.Shape // [H,W,C] as the network takes them
}

func openImages(s *family.Session, p ImageParams) (*images, error) {
	options := []data.Option{data.ImageSize(p.ImageSize)}
	if p.Gray {
		options = append(options, data.Gray())
	}
	set, err := data.Open(p.Data, s.DataDir(), options...)
	if err != nil {
		return nil, err
	}
	if len(set.Train.Shape) != 3 || set.Train.Labels == nil {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s does not hold labelled images: its examples have shape %v", set.Name, set.Train.Shape), Try: "fashion-mini"}
	}
	split, err := set.Split(int(p.Val*float64(set.Train.Len())), uint64(p.SplitSeed))
	if err != nil {
		return nil, err
	}
	im := &images{set, split, split.Train.Statistics(), set.Train.Shape}
	s.Fact("data.name", set.Name)
	s.Fact("data.sha256", set.SHA256)
	s.Fact("data.split", split.String())
	s.Fact("data.split_sha256", split.SHA256)
	s.Fact("data.mean", list(im.normal.Mean))
	s.Fact("data.std", list(im.normal.Std))
	s.Fact("cpu.isa", vm.ISA())
	return im, nil
}

// input is a place for n images in a new graph.
func (im *images) input(n int) *graph.Node {
	return graph.New().Input("image", n, im.shape[0], im.shape[1], im.shape[2])
}

// batches deals out a view of the images as the network takes them.
func (im *images) batches(v data.View, how data.Batching) (*data.Batches, error) {
	how.Normal, how.Shape = &im.normal, im.shape
	return v.Batches(how)
}

// list writes numbers as JSON.
func list[T any](v []T) string {
	b, _ := json.Marshal(v) // of numbers and texts it does not fail
	return string(b)
}
