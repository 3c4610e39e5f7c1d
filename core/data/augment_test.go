package data

import (
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/tensor"
)

// numbersSet are n images [4,3,C] of which no two pixels are alike, none of them black.
func numbersSet(n, channels int) *Examples {
	e := &Examples{Shape: tensor.Shape{4, 3, channels}, White: 255, Labels: make([]int32, n)}
	for i := range n * e.Shape.Size() {
		e.Pixels = append(e.Pixels, uint8(1+i%255))
	}
	return e
}

// epochOf deals out one epoch and returns the inputs of each example, by its position.
func epochOf(t *testing.T, e *Examples, how Batching, epoch int) map[int32][]float32 {
	t.Helper()
	b, err := All(e).Batches(how)
	if err != nil {
		t.Fatal(err)
	}
	size := e.Shape.Size()
	if how.Shape != nil {
		size = how.Shape.Size()
	}
	out := map[int32][]float32{}
	x := make([]float32, how.Size*size)
	for b.Start(epoch); b.Next(); {
		b.Inputs(x)
		for i, at := range b.Index() {
			out[at] = slices.Clone(x[i*size : (i+1)*size])
		}
	}
	return out
}

// What happens to an image follows from seed, epoch and image alone.
func TestAugmentRepeats(t *testing.T) {
	e := numbersSet(50, 3)
	all := Augment{Shift: 1, Flip: true, Crop: 0.6, CutOut: 2}
	a := epochOf(t, e, Batching{Size: 7, Seed: 1, Augment: all}, 3)
	b := epochOf(t, e, Batching{Size: 50, Seed: 1, Shuffle: true, Augment: all}, 3)
	other := epochOf(t, e, Batching{Size: 7, Seed: 1, Augment: all}, 4)
	reseeded := epochOf(t, e, Batching{Size: 7, Seed: 2, Augment: all}, 3)
	same, sameSeed := 0, 0
	for at, x := range a {
		if !slices.Equal(x, b[at]) {
			t.Fatalf("image %d depends on the batches", at)
		}
		if slices.Equal(x, other[at]) {
			same++
		}
		if slices.Equal(x, reseeded[at]) {
			sameSeed++
		}
	}
	if same > 2 || sameSeed > 2 {
		t.Errorf("%d of 50 images are the same in another epoch, %d under another seed", same, sameSeed)
	}
}

// Each change is what it says, pixel by pixel, and takes all its values.
func TestAugmentKinds(t *testing.T) {
	e := numbersSet(200, 1)
	plain := epochOf(t, e, Batching{Size: 200}, 1)
	h, w := 4, 3
	at := func(x []float32, r, c int) float32 {
		if r < 0 || c < 0 || r >= h || c >= w {
			return 0
		}
		return x[r*w+c]
	}
	changed := func(a Augment) map[int32][]float32 {
		return epochOf(t, e, Batching{Size: 200, Seed: 9, Augment: a}, 1)
	}
	shifts := map[[2]int]int{}
	for i, x := range changed(Augment{Shift: 2}) {
		found := false
		for dy := -2; dy <= 2; dy++ {
			for dx := -2; dx <= 2; dx++ {
				fits := true
				for r := range h {
					for c := range w {
						fits = fits && at(x, r, c) == at(plain[i], r+dy, c+dx)
					}
				}
				if fits {
					shifts[[2]int{dy, dx}]++
					found = true
				}
			}
		}
		if !found {
			t.Fatalf("image %d was not shifted: %v from %v", i, x, plain[i])
		}
	}
	if len(shifts) != 25 {
		t.Errorf("%d different shifts: %v", len(shifts), shifts)
	}
	flipped := 0
	for i, x := range changed(Augment{Flip: true}) {
		if slices.Equal(x, plain[i]) {
			continue
		}
		flipped++
		for r := range h {
			for c := range w {
				if at(x, r, c) != at(plain[i], r, w-1-c) {
					t.Fatalf("image %d is not mirrored: %v from %v", i, x, plain[i])
				}
			}
		}
	}
	if flipped < 70 || flipped > 130 {
		t.Errorf("%d of 200 were mirrored", flipped)
	}
	cuts := map[int]int{}
	for i, x := range changed(Augment{CutOut: 2}) {
		black := 0
		for j, v := range x {
			if v == 0 {
				black++
			} else if v != plain[i][j] {
				t.Fatalf("a cut-out changed a pixel of image %d", i)
			}
		}
		cuts[black]++
	}
	if cuts[4] < 50 || cuts[0] != 0 || cuts[4]+cuts[2]+cuts[1] != 200 {
		t.Errorf("sizes of the squares: %v", cuts)
	}
	for i, x := range changed(Augment{Crop: 0.5}) {
		lo, hi := slices.Min(plain[i]), slices.Max(plain[i])
		if slices.Min(x) < lo || slices.Max(x) > hi || slices.Equal(x, plain[i]) {
			t.Fatalf("a crop of image %d: %v from %v", i, x, plain[i])
		}
	}
}

func TestAugmentErrors(t *testing.T) {
	images, table := numbersSet(3, 1), &Examples{Shape: tensor.Shape{2}, Values: make([]float32, 6)}
	for _, c := range []struct {
		e    *Examples
		a    Augment
		want string
	}{
		{images, Augment{Shift: 3}, "a shift by 3 pixels does not suit images of 4×3"},
		{images, Augment{Crop: 1.5}, "a crop to 1.5 of the sides"},
		{images, Augment{CutOut: 5}, "a cut-out of 5 pixels"},
		{table, Augment{Flip: true}, "only images can be augmented"},
	} {
		_, err := All(c.e).Batches(Batching{Size: 1, Augment: c.a})
		if err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("%+v: got %v", c.a, err)
		}
	}
}

func BenchmarkAugment(b *testing.B) {
	set := open(b, "fashion-mini")
	batches, err := All(set.Train).Batches(Batching{Size: 32, Augment: Augment{Shift: 2, Flip: true, CutOut: 8}})
	if err != nil {
		b.Fatal(err)
	}
	x := make([]float32, 32*28*28)
	for b.Loop() {
		batches.Start(1)
		batches.Next()
		batches.Inputs(x)
	}
}
