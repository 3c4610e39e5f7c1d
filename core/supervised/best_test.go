package supervised

import (
	"bytes"
	"math"
	"reflect"
	"testing"

	"lab/core/checkpoint"
	"lab/core/graph"
	"lab/core/tensor"
)

func one(v float32) *graph.Params {
	p := graph.NewParams()
	p.Add("w", false, nil, tensor.New(tensor.Shape{1}, []float32{v}))
	return p
}

func value(p *graph.Params) float32 { return p.StateDict()["w"].F[0] }

func set(t *testing.T, p *graph.Params, v float32) {
	t.Helper()
	if err := p.LoadStateDict(map[string]*tensor.Tensor{"w": tensor.New(tensor.Shape{1}, []float32{v})}); err != nil {
		t.Fatal(err)
	}
}

func TestBest(t *testing.T) {
	p := one(0)
	b := NewBest(p, 2)
	for i, c := range []struct {
		loss         float64
		better, over bool
	}{{3, true, false}, {4, false, false}, {2, true, false}, {math.NaN(), false, false}, {2, false, true}} {
		set(t, p, float32(i+1))
		if got := b.Offer(c.loss, i+1); got != c.better || b.Over() != c.over {
			t.Errorf("epoch %d: better %v, over %v", i+1, got, b.Over())
		}
	}
	// Through a checkpoint, into a run that begins anew.
	var file bytes.Buffer
	if err := (checkpoint.Parts{"best": b}).Save(&file); err != nil {
		t.Fatal(err)
	}
	q := one(99)
	again := NewBest(q, 2)
	if err := (checkpoint.Parts{"best": again}).Load(&file); err != nil {
		t.Fatal(err)
	}
	if epoch, ok := again.Epoch(); epoch != 3 || !ok || !again.Over() || again.Offer(2, 6) || !again.Offer(1.9, 7) {
		t.Errorf("the resumed one has epoch %d", epoch)
	}
	if err := b.Restore(); err != nil || value(p) != 3 {
		t.Errorf("restored %v, %v", value(p), err)
	}
}

// Without any finite loss, or without patience, the weights stay and nothing is over.
func TestBestOfNothing(t *testing.T) {
	p := one(7)
	b := NewBest(p, 0)
	for epoch := range 50 {
		if b.Offer(math.Inf(1), epoch+1); b.Over() {
			t.Fatal("over without patience")
		}
	}
	if err := b.Restore(); err != nil || value(p) != 7 {
		t.Errorf("restored %v, %v", value(p), err)
	}
	d := b.StateDict()
	if err := NewBest(p, 3).LoadStateDict(d); err != nil {
		t.Error(err)
	}
	if err := b.LoadStateDict(nil); err == nil {
		t.Error("nothing was loaded")
	}
}

func TestHistory(t *testing.T) {
	var h History
	h.Add("val", 1, 2)
	h.Add("train", 1, 3)
	h.Add("train", 2, math.NaN())
	var again History
	if err := again.LoadStateDict(h.StateDict()); err != nil {
		t.Fatal(err)
	}
	again.Add("val", 2, 1)
	h.Add("val", 2, 1)
	if a, b := h.Series("val", "none"), again.Series("val", "none"); !reflect.DeepEqual(a, b) || len(a) != 1 {
		t.Errorf("got %+v; want %+v", b, a)
	}
	if got := again.Series("train")[0]; !reflect.DeepEqual(got.X, []float64{1, 2}) || got.Y[0] != 3 || !math.IsNaN(got.Y[1]) {
		t.Errorf("got %+v", got)
	}
}
