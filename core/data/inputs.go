package data

import (
	"fmt"

	"lab/core"
)

// prepare sets up what Inputs does.
func (b *Batches) prepare() error {
	e, how := b.view.Examples, b.how
	if n := how.Normal; n != nil && (len(n.Mean) != e.Shape[len(e.Shape)-1] || len(n.Std) != len(n.Mean)) {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("statistics of %d channels for examples of shape %v", len(n.Mean), e.Shape)}
	}
	if e.Pixels != nil {
		b.levels = []*Levels{e.Levels(how.Lo, how.Hi)}
		if n := how.Normal; n != nil {
			b.levels = b.levels[:0]
			for c := range n.Mean {
				b.levels = append(b.levels, e.normalised(n.Mean[c], n.Std[c]))
			}
		}
	}
	if err := how.Augment.check(e.Shape); err != nil {
		return err
	}
	if how.Augment.On() {
		if b.levels == nil {
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("only images can be augmented, not numbers of shape %v", e.Shape)}
		}
		black := make([]float32, e.Shape[2])
		for c := range black {
			black[c] = b.levels[c%len(b.levels)][0]
		}
		b.change = newAugmenter(how.Augment, e.Shape, black, how.Seed)
	}
	if how.Shape != nil && !how.Shape.Equal(e.Shape) {
		var err error
		if b.fit, err = newFit(e.Shape, how.Shape); err != nil {
			return &core.Error{Kind: core.Usage, Msg: err.Error()}
		}
	}
	for i := range b.row {
		b.row[i] = make([]float32, e.Shape.Size())
	}
	return nil
}

// Inputs fills dst with the batch: images as [Len,H,W,C], tables as
// [Len,features]. Like Labels and Targets it leaves the rest of dst alone and
// panics when dst is too short.
func (b *Batches) Inputs(dst []float32) {
	e := b.view.Examples
	if b.change == nil && b.fit == nil && len(b.levels) <= 1 && (b.levels != nil || b.how.Normal == nil) {
		var lv *Levels
		if b.levels != nil {
			lv = b.levels[0]
		}
		e.Copy(dst, b.batch, lv)
		return
	}
	size := e.Shape.Size()
	if b.fit != nil {
		size = b.fit.to.Size()
	}
	if len(dst) < len(b.batch)*size {
		panic(fmt.Sprintf("data: %d numbers of room for %d examples of %d", len(dst), len(b.batch), size))
	}
	for i, at := range b.batch {
		row := b.row[0]
		b.copy(row, at)
		if b.change != nil {
			b.change.apply(b.row[1], row, b.epoch, at)
			row = b.row[1]
		}
		to := dst[i*size : (i+1)*size]
		if b.fit != nil {
			b.fit.apply(to, row)
		} else {
			copy(to, row)
		}
	}
}

// copy fills dst with one example, normalised.
func (b *Batches) copy(dst []float32, at int32) {
	e, size := b.view.Examples, len(dst)
	from := int(at) * size
	if e.Values != nil {
		copy(dst, e.Values[from:from+size])
		if n := b.how.Normal; n != nil {
			for j, v := range dst {
				c := j % len(n.Mean)
				dst[j] = float32((float64(v) - n.Mean[c]) / n.Std[c])
			}
		}
		return
	}
	for j, v := range e.Pixels[from : from+size] {
		dst[j] = b.levels[j%len(b.levels)][v]
	}
}

// normalised maps a pixel to (v/white - mean)/std, rounded once.
func (e *Examples) normalised(mean, std float64) *Levels {
	var lv Levels
	for v := range lv {
		lv[v] = float32((float64(v)/float64(e.White) - mean) / std)
	}
	return &lv
}
