package family

import (
	"encoding/binary"
	"io"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lab/core"
)

// deck deals out perEpoch cards an epoch; what it dealt last is epoch and card.
type deck struct {
	perEpoch, epoch, card int
	seeks                 int
}

func (d *deck) Seek(epoch, batches int) { d.epoch, d.card, d.seeks = epoch, batches, d.seeks+1 }

func (d *deck) Next() bool {
	d.card++
	return d.card <= d.perEpoch
}

// sum is a state: the sum of all the cards.
type sum struct{ n int64 }

func (s *sum) Save(w io.Writer) error { return binary.Write(w, binary.LittleEndian, s.n) }
func (s *sum) Load(r io.Reader) error { return binary.Read(r, binary.LittleEndian, &s.n) }

func TestLoop(t *testing.T) {
	type step struct{ step, epoch, card int }
	var steps []step
	var ends []int
	var total sum
	walk := func(spec core.RunSpec, stopped bool, over func() bool) (*Loop, *deck, heard) {
		cards := &deck{perEpoch: 3}
		steps, ends, total = nil, nil, sum{}
		loop := &Loop{Steps: 8, PerEpoch: 3, Samples: 10, State: &total, CheckpointEvery: 6, Batches: []Batches{cards}, Over: over}
		resumed := int64(-1)
		loop.Resumed = func(done int64) { resumed = done }
		h := play(t, spec, stopped, func(s *Session) error {
			for i := range loop.Run(s) {
				if cards.epoch != loop.Epoch() || i != loop.Step() {
					t.Errorf("step %d of epoch %d: the loop says %d of %d", i, cards.epoch, loop.Step(), loop.Epoch())
				}
				steps = append(steps, step{i, cards.epoch, cards.card})
				total.n += int64(10*cards.epoch + cards.card)
				if loop.EpochEnds() {
					ends = append(ends, i)
				}
			}
			return loop.Err()
		})
		if h.done.Status != core.Failed && resumed < 0 {
			t.Error("nobody was told how many steps are done")
		}
		return loop, cards, h
	}
	dir := t.TempDir()
	loop, cards, h := walk(core.RunSpec{Dir: dir}, false, nil)
	whole, want := total, []step{{1, 1, 1}, {2, 1, 2}, {3, 1, 3}, {4, 2, 1}, {5, 2, 2}, {6, 2, 3}, {7, 3, 1}, {8, 3, 2}}
	if !loop.Finished() || !reflect.DeepEqual(steps, want) || !reflect.DeepEqual(ends, []int{3, 6, 8}) || cards.seeks != 3 {
		t.Errorf("steps %v, ends %v, %d seeks", steps, ends, cards.seeks)
	}
	written := all[core.Checkpoint](h)
	if len(written) != 1 || written[0].Step != 6 {
		t.Fatalf("checkpoints %+v; want one at step 6", written)
	}
	if p := all[core.Progress](h); len(p) == 0 || p[len(p)-1] != (core.Progress{Done: 8, Total: 8, Epoch: 3, Epochs: 3, Samples: 80}) {
		t.Errorf("progress %+v", p)
	}

	from := core.RunSpec{Resume: filepath.Join(dir, written[0].Path)}
	if loop, _, _ := walk(from, false, nil); !loop.Finished() || total != whole || !reflect.DeepEqual(steps, want[6:]) {
		t.Errorf("resumed: steps %v and a sum of %d; want %d", steps, total.n, whole.n)
	}
	if loop, _, h := walk(core.RunSpec{}, true, nil); loop.Finished() || loop.Err() != nil || len(steps) > 0 || len(all[core.Checkpoint](h)) != 1 {
		t.Errorf("stopped: steps %v, %v", steps, loop.Err())
	}
	if loop, _, _ := walk(core.RunSpec{}, false, func() bool { return len(steps) == 4 }); !loop.Finished() || len(steps) != 4 {
		t.Errorf("over after four: steps %v", steps)
	}

	short := &Loop{Steps: 8, PerEpoch: 4, State: &total, Batches: []Batches{&deck{perEpoch: 3}}}
	h = play(t, core.RunSpec{}, false, func(s *Session) error {
		for range short.Run(s) {
		}
		return short.Err()
	})
	if short.Finished() || h.done.Status != core.Failed || !strings.Contains(h.done.Reason, "epoch 1 has no batch 4") {
		t.Errorf("batches that end early: %+v", h.done)
	}
}
