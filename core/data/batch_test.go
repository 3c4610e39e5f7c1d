package data

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/tensor"
)

func batches(t testing.TB, v View, how Batching) *Batches {
	t.Helper()
	b, err := v.Batches(how)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// epoch deals out the rest of an epoch and returns the positions, batch by batch.
func epoch(b *Batches) (out [][]int32) {
	for b.Next() {
		out = append(out, slices.Clone(b.Index()))
	}
	return out
}

func TestBatches(t *testing.T) {
	all := All(counted(0, 1, 2, 3, 4, 5, 6))
	for _, c := range []struct {
		how  Batching
		want string
	}{
		{Batching{Size: 3}, "[[0 1 2] [3 4 5] [6]]"},
		{Batching{Size: 3, DropLast: true}, "[[0 1 2] [3 4 5]]"},
		{Batching{Size: 7, DropLast: true}, "[[0 1 2 3 4 5 6]]"},
		{Batching{Size: 9}, "[[0 1 2 3 4 5 6]]"},
		{Batching{Size: 1, DropLast: true}, "[[0] [1] [2] [3] [4] [5] [6]]"},
	} {
		b := batches(t, all, c.how)
		for e := range 2 {
			b.Start(e)
			got := epoch(b)
			if fmt.Sprint(got) != c.want || len(got) != b.PerEpoch() {
				t.Errorf("%+v: got %v (%d an epoch); want %s", c.how, got, b.PerEpoch(), c.want)
			}
			if b.Next() || b.Len() != 0 {
				t.Errorf("%+v: a batch after the end", c.how)
			}
		}
	}
}

func TestBatchesErrors(t *testing.T) {
	for _, c := range []struct {
		n    int
		how  Batching
		want string
	}{
		{3, Batching{}, "batch size 0 is less than 1"},
		{3, Batching{Size: 4, DropLast: true}, "3 examples do not fill a batch of 4"},
		{0, Batching{Size: 1}, "0 examples do not fill"},
	} {
		v := All(counted(0, 0, 0))
		v.Index = v.Index[:c.n]
		if _, err := v.Batches(c.how); err == nil || !strings.Contains(err.Error(), c.want) || core.KindOf(err) != core.Usage {
			t.Errorf("got %v; want %q", err, c.want)
		}
	}
}

// The seed and the epoch determine the order, whatever happened before.
func TestShuffle(t *testing.T) {
	all := All(counted(make([]int32, 100)...))
	how := Batching{Size: 8, Shuffle: true, Seed: 5}
	b := batches(t, all, how)
	b.Start(1)
	one := epoch(b)
	b.Start(2)
	two := epoch(b)
	if reflect.DeepEqual(one, two) {
		t.Error("two epochs in the same order")
	}
	if got := slices.Sorted(slices.Values(slices.Concat(two...))); !slices.Equal(got, all.Index) {
		t.Errorf("an epoch dealt out %v", got)
	}
	how.Seed = 6
	other := batches(t, all, how)
	if other.Start(1); reflect.DeepEqual(epoch(other), one) {
		t.Error("two seeds in the same order")
	}

	// Resumed in the middle of epoch 2, without having seen epoch 1.
	b.Start(2)
	for range 3 {
		b.Next()
	}
	at, done := b.At()
	how.Seed = 5
	resumed := batches(t, all, how)
	resumed.Seek(at, done)
	if got := epoch(resumed); !reflect.DeepEqual(got, two[3:]) {
		t.Errorf("resumed: %v; want %v", got, two[3:])
	}
	resumed.Seek(2, b.PerEpoch())
	if resumed.Next() {
		t.Error("a batch after the last")
	}
}

// Seeds promise their order for ever: this hash must not change.
func TestShuffleGolden(t *testing.T) {
	b := batches(t, All(counted(make([]int32, 200)...)), Batching{Size: 200, Shuffle: true, Seed: 1})
	b.Start(1)
	b.Next()
	sum := sha256.Sum256(fmt.Append(nil, b.Index()))
	if got := hex.EncodeToString(sum[:8]); got != goldenShuffle {
		t.Errorf("got %s; want %s: order %v…", got, goldenShuffle, b.Index()[:8])
	}
}

const goldenShuffle = "272b6c33270d04ae"

// Each example comes first equally often over many epochs.
func TestShuffleIsUniform(t *testing.T) {
	b := batches(t, All(counted(make([]int32, 10)...)), Batching{Size: 1, Shuffle: true})
	var first [10]int
	const n = 10000
	for e := range n {
		b.Start(e)
		b.Next()
		first[b.Index()[0]]++
	}
	for i, k := range first {
		// Standard deviation is √(n·.1·.9) = 30; five of them.
		if k < n/10-150 || k > n/10+150 {
			t.Errorf("example %d came first %d times of %d", i, k, n)
		}
	}
}

func TestInputs(t *testing.T) {
	e := &Examples{Shape: tensor.Shape{1, 2, 1}, White: 255, Labels: []int32{3, 9},
		Pixels: []uint8{0, 255, 51, 102}}
	b := batches(t, View{e, []int32{1, 0}}, Batching{Size: 2})
	b.Start(1)
	b.Next()
	x := []float32{7, 7, 7, 7, 7}
	if b.Inputs(x); !slices.Equal(x, []float32{.2, .4, 0, 1, 7}) {
		t.Errorf("got %v", x)
	}
	y, yf := make([]int64, 2), make([]float32, 2)
	b.Labels(y)
	b.LabelsFloat(yf)
	if y[0] != 9 || y[1] != 3 || yf[0] != 9 || yf[1] != 3 {
		t.Errorf("labels %v, %v", y, yf)
	}
	signed := batches(t, All(e), Batching{Size: 2, Lo: -1, Hi: 1})
	signed.Start(1)
	signed.Next()
	if signed.Inputs(x); !slices.Equal(x, []float32{-1, 1, -.6, -.2, 7}) {
		t.Errorf("signed: got %v", x)
	}
	e.White = 102
	if lv := e.Levels(0, 1); lv[51] != .5 || lv[102] != 1 {
		t.Errorf("white 102: 51 becomes %v, 102 becomes %v", lv[51], lv[102])
	}
}

// Levels(0, 1) has the bits of a float32 division by 255.
func TestLevelsDivide(t *testing.T) {
	lv := counted(0).Levels(0, 1)
	for v, got := range lv {
		if want := float32(v) / 255; got != want {
			t.Errorf("%d becomes %v; want %v", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	e := &Examples{Shape: tensor.Shape{2}, Values: []float32{1, 2, 3, 4, 5, 6}, Targets: []float32{.1, .2, .3}}
	if err := e.check(0); err != nil || e.Len() != 3 {
		t.Fatalf("%d rows, %v", e.Len(), err)
	}
	b := batches(t, View{e, []int32{2, 0}}, Batching{Size: 2})
	b.Start(1)
	b.Next()
	x, y := make([]float32, 4), make([]float32, 2)
	b.Inputs(x)
	b.Targets(y)
	if !slices.Equal(x, []float32{5, 6, 1, 2}) || !slices.Equal(y, []float32{.3, .1}) {
		t.Errorf("got %v, %v", x, y)
	}
}

func TestNoAllocation(t *testing.T) {
	set := open(t, "fashion-mini")
	b := batches(t, All(set.Train), Batching{Size: 64, Shuffle: true})
	x, y, yf := make([]float32, 64*784), make([]int64, 64), make([]float32, 64)
	n := 0
	b.Start(n)
	if got := testing.AllocsPerRun(200, func() {
		if !b.Next() {
			n++
			b.Start(n)
			b.Next()
		}
		b.Inputs(x)
		b.Labels(y)
		b.LabelsFloat(yf)
	}); got != 0 {
		t.Errorf("%v allocations a batch", got)
	}
}

func TestMisuse(t *testing.T) {
	all := All(counted(0, 0))
	fresh, begun := batches(t, all, Batching{Size: 2}), batches(t, all, Batching{Size: 2})
	begun.Start(1)
	begun.Next()
	for name, f := range map[string]func(){
		"Next before Start":                func() { fresh.Next() },
		"1 numbers of room for 2 examples": func() { begun.Inputs(make([]float32, 1)) },
		"cut 3 of 2 examples":              func() { all.Cut(3, 1) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, name) {
					t.Errorf("got %s; want %s", got, name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkBatch(b *testing.B) {
	set := open(b, "fashion-mini")
	bs := batches(b, All(set.Train), Batching{Size: 64, Shuffle: true})
	x := make([]float32, 64*784)
	epoch := 1
	bs.Start(epoch)
	b.ReportAllocs()
	for b.Loop() {
		if !bs.Next() {
			epoch++
			bs.Start(epoch)
			bs.Next()
		}
		bs.Inputs(x)
	}
}
