package transformer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"lab/core/data/text"
	"lab/core/family/familytest"
	"lab/core/onnx"
	"lab/core/tensor"
)

// TestBERTShort fills gaps in sentences of a kind: what stands around a gap says what
// is in it, which the letters' frequencies (2.6 nats) do not.
func TestBERTShort(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/t.txt", []byte(strings.Repeat("the whale is white and the sea is deep. the ship is old and the sky is low. ", 50)), 0o644); err != nil {
		t.Fatal(err)
	}
	r := familytest.Train(t, Family, "bert", "data="+dir+"/t.txt", "layers=2", "width=32", "heads=2", "context=16", "batch_size=16", "steps=500", "eval_every=500", "lr=5e-3", "warm_up=30")
	if loss := r.Last("val_loss"); !(loss < 1.3) {
		t.Errorf("val_loss %v, want less than 1.3", loss)
	}
}

// TestMasker: as many gaps as asked for, most of them masks, and never in padding.
func TestMasker(t *testing.T) {
	m := newEncoder(rand.New(rand.NewPCG(1, 2)), 0, architecture{Layers: 1, Heads: 1, Width: 4, Context: 16, Positions: "learned", Vocabulary: 30})
	g, err := newGaps(m, 64, 16, false)
	if err != nil {
		t.Fatal(err)
	}
	texts := make([][]int32, 64)
	for i := range texts {
		for k := range 12 {
			texts[i] = append(texts[i], int32(3+(i+k)%27))
		}
	}
	h := masker{0.25, 30, 3}
	h.fill(g, texts, rand.New(rand.NewPCG(1, 2)))
	gapCount, masks := 0, 0
	for i, label := range g.Value(g.labels) {
		token := g.Value(g.tokens)[i]
		switch {
		case i%16 >= 12 && (token != padding || label >= 0):
			t.Fatalf("a gap in padding at %d", i)
		case label >= 0:
			gapCount++
			if token == masked {
				masks++
			}
			fallthrough
		case i%16 < 12 && label < 0 && token != float32(texts[i/16][i%16]):
			if label < 0 {
				t.Fatalf("token %d changed and is not to be predicted", i)
			}
			if label != float32(texts[i/16][i%16]) {
				t.Fatalf("token %d has the label %v", i, label)
			}
		}
	}
	if gapCount < 150 || gapCount > 235 || masks < gapCount*7/10 || masks > gapCount*9/10 {
		t.Errorf("%d gaps of 768 tokens, %d of them masks", gapCount, masks)
	}
}

func TestFew(t *testing.T) {
	var all []text.Example
	for i := range 90 {
		all = append(all, text.Example{Text: fmt.Sprint(i), Label: string(rune('a' + i%3))})
	}
	counts := map[string]int{}
	for _, e := range few(all, 4, rand.New(rand.NewPCG(1, 2))) {
		counts[e.Label]++
	}
	if counts["a"] != 4 || counts["b"] != 4 || counts["c"] != 4 {
		t.Errorf("took %v", counts)
	}
}

// TestFinetuneFull holds fine-tuning to its bar, two points above the network from
// scratch over five seeds, and prototypes above chance: LAB_FULL=1.
func TestFinetuneFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	path := familytest.Train(t, Family, "bert").Model()
	tuned, scratch := 0.0, 0.0
	for seed := range 5 {
		r := familytest.Train(t, Family, "finetune", "from="+path, fmt.Sprintf("seed=%d", seed))
		t.Logf("seed %d: %.4f fine-tuned, %.4f from scratch, %.4f by prototypes", seed, r.Last("accuracy"), r.Last("scratch_accuracy"), r.Last("prototype_accuracy"))
		tuned += r.Last("accuracy") / 5
		scratch += r.Last("scratch_accuracy") / 5
	}
	if !(tuned >= scratch+0.02) {
		t.Errorf("%.4f fine-tuned, %.4f from scratch", tuned, scratch)
	}
}

// TestFinetune learns to tell words of the sea from words of the land, given all labels;
// the file it saves is a classifier.
func TestFinetune(t *testing.T) {
	path := familytest.Train(t, Family, "bert", "data=testdata/whale.txt", "layers=1", "width=16", "heads=2", "context=16", "steps=50", "eval_every=50").Model()
	r := familytest.Train(t, Family, "finetune", "from="+path, "data=testdata/labels.tsv", "shots=0", "steps=150", "eval_every=150", "batch_size=8", "lr=1e-2", "scratch_lr=1e-2")
	if got := r.Last("accuracy"); !(got == 1) {
		t.Errorf("accuracy %v", got)
	}
	frozen := familytest.Train(t, Family, "finetune", "from="+path, "data=testdata/labels.tsv", "shots=0", "steps=1", "eval_every=1", "frozen=true", "scratch=false")
	before, after := weightsOf(t, path), weightsOf(t, frozen.Model())
	same := 0
	for name, w := range before {
		if now, ok := after[name]; ok {
			if same++; !slices.Equal(now.F, w.F) {
				t.Errorf("%s is frozen, and another", name)
			}
		}
	}
	if same < 10 {
		t.Errorf("%d weights in common", same)
	}
}

func weightsOf(t *testing.T, path string) map[string]*tensor.Tensor {
	t.Helper()
	m, err := onnx.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return m.StateDict()
}
