package gan

import (
	"fmt"

	"lab/core/data"
	"lab/core/family"
	"lab/core/vm"
)

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
