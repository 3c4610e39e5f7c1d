package tensor

import (
	"slices"
	"testing"
)

func TestTranspose(t *testing.T) {
	a := New(Shape{2, 3, 2}, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})
	b := a.Transpose(2, 0, 1)
	if !b.Shape.Equal(Shape{2, 2, 3}) || !slices.Equal(b.F, []float32{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11}) {
		t.Errorf("got %v %v", b.Shape, b.F)
	}
	if c := b.Transpose(1, 2, 0); !slices.Equal(c.F, a.F) {
		t.Errorf("back: %v", c.F)
	}
	i := NewInt(Shape{1, 2}, []int64{5, 6}).Transpose(1, 0)
	if i.F != nil || !slices.Equal(i.I, []int64{5, 6}) {
		t.Errorf("ints: %v", i)
	}
}

func TestCloneKeepsTheType(t *testing.T) {
	if c := NewInt(Shape{0}, nil).Clone(); c.I == nil || c.F != nil {
		t.Errorf("an empty int64 tensor became %v", c)
	}
}

func TestBroadcast(t *testing.T) {
	got, err := Broadcast(Shape{2, 1, 4}, Shape{3, 1}, Shape{})
	if err != nil || !got.Equal(Shape{2, 3, 4}) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := Broadcast(Shape{2, 3}, Shape{3}, Shape{2}); err == nil || err.Error() != "shapes (2, 3), (3) and (2) do not broadcast" {
		t.Errorf("%v", err)
	}
}
