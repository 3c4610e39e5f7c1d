package data

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strconv"

	"lab/core/tensor"
)

// Set is a data set: what its source calls training and test examples, and
// where they come from.
type Set struct {
	Name    string
	Train   *Examples
	Test    *Examples
	Classes []string // name of each label; nil where there are no labels

	Features []string // of a table: the name of each feature
	Target   string   // of a table: the column to predict

	// SHA256 identifies the content, however it was compressed or stored: the
	// hash of the set's raw files one after another, in the registry's order.
	SHA256 string

	Licence string // SPDX name and holder
	Notice  string // full text of the licence, for a set that lab itself ships
	Source  string // where the set was published
}

// Examples are n examples of one shape. Exactly one of Pixels and Values holds
// them, one after another; at most one of Labels and Targets says what they are.
type Examples struct {
	Shape   tensor.Shape // of one example: [H,W,C] for images, [features] for tables
	Pixels  []uint8      // images, [n,H,W,C]
	White   uint8        // the value of a pixel at full brightness: 255, 16 for 4-bit images
	Values  []float32    // tables, [n,features]
	Labels  []int32      // classes, counted from 0, [n]
	Targets []float32    // numbers to predict, [n]
}

// Len is the number of examples.
func (e *Examples) Len() int {
	return (len(e.Pixels) + len(e.Values)) / e.Shape.Size()
}

// Levels says which number each stored pixel value becomes.
type Levels [256]float32

// Levels maps a pixel of 0 to lo and one of full brightness to hi, rounded once:
// lo + (hi-lo)·v/white. With white at 255 Levels(0, 1) is PyTorch's ToTensor,
// to the same bits.
func (e *Examples) Levels(lo, hi float32) *Levels {
	var lv Levels
	for v := range lv {
		lv[v] = float32(float64(lo) + (float64(hi)-float64(lo))*float64(v)/float64(e.White))
	}
	return &lv
}

// Copy fills dst with the examples at index, one after another: images as NHWC,
// their pixels turned into numbers by lv; tables as they are, and then lv may be
// nil. It panics when dst is too short.
func (e *Examples) Copy(dst []float32, index []int32, lv *Levels) {
	size := e.Shape.Size()
	if len(dst) < len(index)*size {
		panic(fmt.Sprintf("data: %d numbers of room for %d examples of shape %v", len(dst), len(index), e.Shape))
	}
	for i, at := range index {
		to, from := dst[i*size:(i+1)*size], int(at)*size
		if e.Values != nil {
			copy(to, e.Values[from:from+size])
			continue
		}
		for j, v := range e.Pixels[from : from+len(to)] {
			to[j] = lv[v]
		}
	}
}

// check reports what does not fit together. A loader calls it last.
func (e *Examples) check(classes int) error {
	size := e.Shape.Size()
	if size < 1 {
		return fmt.Errorf("examples of shape %v hold nothing", e.Shape)
	}
	stored := len(e.Pixels) + len(e.Values)
	n := stored / size
	switch {
	case (e.Pixels == nil) == (e.Values == nil):
		return fmt.Errorf("examples must have either pixels or values")
	case e.Pixels != nil && e.White == 0:
		return fmt.Errorf("examples do not say what white is")
	case n == 0 || n*size != stored:
		return fmt.Errorf("%d numbers are not a whole count of examples of shape %v", stored, e.Shape)
	case e.Labels != nil && len(e.Labels) != n:
		return fmt.Errorf("%d examples but %d labels", n, len(e.Labels))
	case e.Targets != nil && len(e.Targets) != n:
		return fmt.Errorf("%d examples but %d targets", n, len(e.Targets))
	}
	for i, l := range e.Labels {
		if l < 0 || int(l) >= classes {
			return fmt.Errorf("label %d of example %d is out of range: there are %d classes, counted from 0", l, i, classes)
		}
	}
	return nil
}

// finish checks a set that was read: a loader calls it last. Classes that have no names
// get their numbers.
func (s *Set) finish() error {
	if s.Classes == nil && s.Train.Labels != nil {
		var err error
		if s.Classes, err = numbered(s.Train.Labels); err != nil {
			return fmt.Errorf("training set: %w", err)
		}
	}
	if err := s.Train.check(len(s.Classes)); err != nil {
		return fmt.Errorf("training set: %w", err)
	}
	if err := s.Test.check(len(s.Classes)); err != nil {
		return fmt.Errorf("test set: %w", err)
	}
	if !s.Train.Shape.Equal(s.Test.Shape) {
		return fmt.Errorf("training examples are %v, test examples %v", s.Train.Shape, s.Test.Shape)
	}
	if (s.Train.Labels == nil) != (s.Test.Labels == nil) {
		return fmt.Errorf("of training and test examples, one has classes and the other has not")
	}
	return nil
}

// numbered names as many classes as the labels use by their numbers. Some may be left out,
// but where most are, the largest label is none.
func numbered(labels []int32) ([]string, error) {
	most, at, used := int32(-1), 0, map[int32]bool{}
	for i, l := range labels {
		used[l] = true
		if l > most {
			most, at = l, i
		}
	}
	if int(most) >= 2*len(used) {
		return nil, fmt.Errorf("label %d of example %d is out of range: there are %d different labels, and they count from 0", most, at, len(used))
	}
	names := make([]string, most+1)
	for i := range names {
		names[i] = strconv.Itoa(i)
	}
	return names, nil
}

// contentHash identifies what the examples are where no file's bytes do: the hash of
// their shape, values and labels, little-endian, those of the training set first.
func (s *Set) contentHash() string {
	h := sha256.New()
	for _, e := range []*Examples{s.Train, s.Test} {
		fmt.Fprintln(h, e.Shape, e.Len())
		h.Write(e.Pixels)
		for _, v := range [][]float32{e.Values, e.Targets} {
			binary.Write(h, binary.LittleEndian, v) // a hash never fails
		}
		binary.Write(h, binary.LittleEndian, e.Labels)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// PerClass counts the examples of each class.
func (e *Examples) PerClass(classes int) []int {
	counts := make([]int, classes)
	for _, l := range e.Labels {
		counts[l]++
	}
	return counts
}
