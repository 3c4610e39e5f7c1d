package data

import (
	"fmt"
	"math/rand/v2"

	"lab/core"
	"lab/core/tensor"
)

// Batching says how a view is dealt out. The zero value of all but Size is
// useful: in the view's order, to the last example, pixels in [0,1].
type Batching struct {
	Size     int     // examples in a batch, at least 1
	Shuffle  bool    // a new order each epoch
	DropLast bool    // leave out the last batch where it is not full
	Seed     uint64  // of the shuffle
	Lo, Hi   float32 // what black and white become; 0 and 1 where both are 0

	// Normal are what inputs are normalised by, (x-mean)/std for each channel or
	// feature; Lo and Hi must be 0 then. Take them from the training examples.
	Normal *Statistics

	Augment Augment      // changes images at random; for training only
	Shape   tensor.Shape // [H,W,C] that images are brought to; nil leaves them as they are
}

// Batches deals out a view, epoch by epoch, into the caller's memory. The seed
// and the epoch alone determine the order, so a run that is resumed at
// Seek(epoch, batch) sees what it would have seen without the break. After
// [View.Batches] nothing is allocated.
type Batches struct {
	view   View
	how    Batching
	levels []*Levels  // of each channel, or one for all; nil for tables
	change *augmenter // nil where images stay as they are
	fit    *fit       // likewise
	row    [2][]float32
	pcg    *rand.PCG
	rnd    *rand.Rand
	order  []int32 // this epoch's order, positions in view.Examples
	batch  []int32 // the current batch, part of order
	next   int     // number of the batch after it
	epoch  int
	begun  bool
}

// Batches prepares to deal out the view. Call Start before the first batch.
func (v View) Batches(how Batching) (*Batches, error) {
	if how.Size < 1 {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("batch size %d is less than 1", how.Size), Try: "1 or more"}
	}
	if v.Len() == 0 || how.DropLast && how.Size > v.Len() {
		return nil, &core.Error{Kind: core.Usage,
			Msg: fmt.Sprintf("%d examples do not fill a batch of %d", v.Len(), how.Size),
			Try: fmt.Sprintf("a batch size of at most %d", max(1, v.Len()))}
	}
	if how.Lo == 0 && how.Hi == 0 {
		how.Hi = 1
	}
	b := &Batches{view: v, how: how, order: make([]int32, v.Len()), pcg: rand.NewPCG(0, 0)}
	b.rnd = rand.New(b.pcg)
	if err := b.prepare(); err != nil {
		return nil, err
	}
	return b, nil
}

// Start begins an epoch. Any number may be its name; recipes count from 1.
func (b *Batches) Start(epoch int) { b.Seek(epoch, 0) }

// Seek goes to where the given number of batches of that epoch have been dealt
// out.
func (b *Batches) Seek(epoch, batches int) {
	copy(b.order, b.view.Index)
	if b.how.Shuffle {
		b.pcg.Seed(b.how.Seed, streamShuffle+uint64(epoch))
		shuffle(b.order, b.rnd)
	}
	b.epoch, b.next, b.batch, b.begun = epoch, batches, nil, true
}

// At tells where Seek has to go to continue from here: the epoch, and how many
// of its batches have been dealt out.
func (b *Batches) At() (epoch, batches int) { return b.epoch, b.next }

// PerEpoch is the number of batches in an epoch.
func (b *Batches) PerEpoch() int {
	if b.how.DropLast {
		return len(b.order) / b.how.Size
	}
	return (len(b.order) + b.how.Size - 1) / b.how.Size
}

// Next goes to the next batch; it returns false at the end of the epoch. It
// panics before the first Start.
func (b *Batches) Next() bool {
	if !b.begun {
		panic("data: Next before Start")
	}
	if b.next >= b.PerEpoch() {
		b.batch = nil
		return false
	}
	from := b.next * b.how.Size
	b.batch = b.order[from:min(from+b.how.Size, len(b.order))]
	b.next++
	return true
}

// Len is the number of examples in the batch: Size, or fewer in the last one.
func (b *Batches) Len() int { return len(b.batch) }

// Index says which examples the batch holds, as positions in the view's
// Examples. It is overwritten by the next Start.
func (b *Batches) Index() []int32 { return b.batch }

// Labels fills dst with the class of each example. It panics where the set has
// no labels.
func (b *Batches) Labels(dst []int64) {
	for i, at := range b.batch {
		dst[i] = int64(b.view.Examples.Labels[at])
	}
}

// LabelsFloat is Labels for a loss that takes classes as floats.
func (b *Batches) LabelsFloat(dst []float32) {
	for i, at := range b.batch {
		dst[i] = float32(b.view.Examples.Labels[at])
	}
}

// Targets fills dst with the number to predict for each example. It panics where
// the set has none.
func (b *Batches) Targets(dst []float32) {
	for i, at := range b.batch {
		dst[i] = b.view.Examples.Targets[at]
	}
}
