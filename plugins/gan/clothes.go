package gan

import (
	"fmt"

	"lab/core/data"
	"lab/core/family"
	"lab/core/vm"
)

// clothesParams are the parameters of every recipe that learns to draw clothes.
type clothesParams struct {
	Data            string  `default:"fashion-mini" enum:"fashion-mini,fashion-mnist" doc:"images to learn from"`
	Epochs          int     `default:"10" min:"1" doc:"passes over the training images, a batch for each step of the discriminator"`
	BatchSize       int     `default:"32" min:"2" doc:"images a step"`
	LR              float64 `default:"1e-3" min:"0" doc:"Adam's learning rate"`
	LRCritic        float64 `default:"0" min:"0" doc:"that of the discriminator; 0 takes lr"`
	Beta1           float64 `default:"0.5" min:"0" max:"0.9999" doc:"Adam's decay of the mean gradient"`
	LatentDim       int     `default:"64" min:"1" doc:"size of the noise that an image is drawn from"`
	Channels        int     `default:"64" min:"2" doc:"channels of the widest layer; the others have half"`
	FIDSamples      int     `default:"5000" min:"200" doc:"images drawn to measure fid, and agreement where there are classes, after an epoch"`
	CheckpointEvery int     `default:"5" min:"0" doc:"epochs between checkpoints; 0 writes one only when the run is stopped"`
}

// loop leads through the epochs.
func (p clothesParams) loop(images clothes, state family.State) family.Loop {
	n := images.PerEpoch()
	return family.Loop{Steps: p.Epochs * n, PerEpoch: n, Samples: p.BatchSize, State: state, CheckpointEvery: p.CheckpointEvery * n, Batches: []family.Batches{images}}
}

// clothes are the images that a recipe learns to draw, 28×28 grey, in batches with
// pixels in [-1,1].
type clothes struct {
	set   *data.Set
	split *data.Split
	*data.Batches
}

func openClothes(s *family.Session, name string, batch int) (c clothes, err error) {
	if c.set, err = data.Open(name, s.DataDir()); err != nil {
		return c, err
	}
	if c.split, err = c.set.Split(0, s.Seed()); err != nil {
		return c, err
	}
	c.Batches, err = c.split.Train.Batches(data.Batching{Size: batch, Shuffle: true, DropLast: true, Seed: s.Seed(), Lo: -1, Hi: 1})
	return c, err
}

// facts records what a run is made of.
func (c clothes) facts(s *family.Session, parameters int) {
	s.Fact("data.name", c.set.Name)
	s.Fact("data.sha256", c.set.SHA256)
	s.Fact("data.split", c.split.String())
	s.Fact("data.split_sha256", c.split.SHA256)
	s.Fact("model.parameters", fmt.Sprint(parameters))
	s.Fact("cpu.isa", vm.ISA())
}
