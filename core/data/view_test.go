package data

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/tensor"
)

// counted makes examples of one pixel each, whose values are their positions.
func counted(labels ...int32) *Examples {
	e := &Examples{Shape: tensor.Shape{1, 1, 1}, White: 255, Labels: labels}
	for i := range labels {
		e.Pixels = append(e.Pixels, uint8(i))
	}
	return e
}

func counts(v View, classes int) []int {
	n := make([]int, classes)
	for _, at := range v.Index {
		n[v.Examples.Labels[at]]++
	}
	return n
}

func TestCut(t *testing.T) {
	// Classes of 6, 3 and 1 among ten.
	all := All(counted(0, 1, 0, 2, 0, 1, 0, 1, 0, 0))
	for _, c := range []struct {
		n    int
		want []int
	}{
		{0, []int{0, 0, 0}},
		{1, []int{1, 0, 0}},  // shares .6 .3 .1
		{2, []int{1, 1, 0}},  // 1.2 .6 .2
		{5, []int{3, 2, 0}},  // 3, 1.5, .5: of equal remainders the lower class
		{10, []int{6, 3, 1}}, // everything
	} {
		for seed := range uint64(20) {
			taken, rest := all.Cut(c.n, seed)
			if got := counts(taken, 3); !reflect.DeepEqual(got, c.want) {
				t.Errorf("cut of %d has %v of each class; want %v", c.n, got, c.want)
			}
			if !slices.IsSorted(taken.Index) || !slices.IsSorted(rest.Index) {
				t.Errorf("cut of %d: order lost: %v, %v", c.n, taken.Index, rest.Index)
			}
			both := slices.Sorted(slices.Values(append(slices.Clone(taken.Index), rest.Index...)))
			if !slices.Equal(both, all.Index) {
				t.Errorf("cut of %d: %v and %v are not the whole", c.n, taken.Index, rest.Index)
			}
		}
	}
}

// Every example is taken equally often over many seeds.
func TestCutIsUniform(t *testing.T) {
	e := counted(make([]int32, 10)...)
	e.Labels = nil
	var taken [10]int
	const n = 10000
	for seed := range uint64(n) {
		v, _ := All(e).Cut(3, seed)
		for _, at := range v.Index {
			taken[at]++
		}
	}
	for i, k := range taken {
		// Standard deviation is √(n·.3·.7) = 46; five of them.
		if k < .3*n-230 || k > .3*n+230 {
			t.Errorf("example %d was taken %d times of %d; want about %d", i, k, n, 3*n/10)
		}
	}
}

func TestCutOfCut(t *testing.T) {
	all := All(counted(0, 1, 0, 1, 0, 1, 0, 1))
	_, rest := all.Cut(4, 1)
	taken, _ := rest.Cut(2, 1)
	for _, at := range taken.Index {
		if !slices.Contains(rest.Index, at) {
			t.Errorf("%d was taken from %v", at, rest.Index)
		}
	}
	if got := counts(taken, 2); got[0] != 1 || got[1] != 1 {
		t.Errorf("got %v of each class", got)
	}
}

func TestSplit(t *testing.T) {
	set := open(t, "fashion-mini")
	sp, err := set.Split(600, 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := sp.String(), "5400 train, 600 val, 1000 test"; got != want {
		t.Errorf("got %s; want %s", got, want)
	}
	for l, n := range counts(sp.Val, 10) {
		if n != 60 {
			t.Errorf("%d validation examples of class %d; want 60", n, l)
		}
	}
	// Seeds promise their split for ever: this hash must not change.
	if want := goldenSplit; sp.SHA256 != want {
		t.Errorf("split of seed 1 is %s; want %s", sp.SHA256, want)
	}
	again, _ := set.Split(600, 1)
	other, _ := set.Split(600, 2)
	if again.SHA256 != sp.SHA256 || other.SHA256 == sp.SHA256 {
		t.Errorf("seed 1: %s and %s, seed 2: %s", sp.SHA256, again.SHA256, other.SHA256)
	}
	whole, err := set.Split(0, 1)
	if err != nil || whole.Val.Len() != 0 || whole.Train.Len() != 6000 {
		t.Errorf("split without validation is %v, %v", whole, err)
	}
	for _, val := range []int{-1, 6000} {
		if _, err := set.Split(val, 1); err == nil || core.KindOf(err) != core.Usage || !strings.Contains(core.TryOf(err), "0 to 5999") {
			t.Errorf("val %d: got %v (try %q)", val, err, core.TryOf(err))
		}
	}
}

const goldenSplit = "99af6991d9c8c9a0bce0e64affe396d481653eb500347791d9191fc3422fabd7"
