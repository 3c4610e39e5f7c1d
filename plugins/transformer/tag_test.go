package transformer

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"lab/core/data/text"
	"lab/core/family/familytest"
)

// TestTagShort: with attention the grammar's ambiguous words are told apart, without it
// they are not, whatever is learned.
func TestTagShort(t *testing.T) {
	with := familytest.Train(t, Family, "tag", "epochs=3", "width=32", "lr=3e-3")
	without := familytest.Train(t, Family, "tag", "epochs=2", "layers=0", "lr=1e-2")
	floor := with.Last("floor_accuracy")
	if got := with.Last("test_accuracy"); !(got > 0.97) {
		t.Errorf("with attention %v, want more than 0.97", got)
	}
	if got := without.Last("test_accuracy"); !(got < floor+0.02) || !(got > floor-0.05) {
		t.Errorf("without attention %v, want about %v", got, floor)
	}
	if _, err := os.Stat(with.Dir + "/artifacts/attention.png"); err != nil {
		t.Error(err)
	}
}

// Every kind of attention and of positions learns.
func TestTagKinds(t *testing.T) {
	for _, c := range []struct {
		least     float64
		overrides string
	}{
		{0.92, "attention=additive"}, {0.92, "positions=rotary"}, {0.92, "positions=sinusoidal"}, {0.92, "window=3"},
		{0.81, "positions=none"}, // knows which words there are, not in which order
	} {
		r := familytest.Train(t, Family, "tag", append(strings.Fields(c.overrides), "epochs=2", "width=32", "layers=1", "lr=5e-3")...)
		if got := r.Last("val_accuracy"); !(got > c.least) {
			t.Errorf("%s: %v, want more than %v", c.overrides, got, c.least)
		}
	}
}

func TestWordFeatures(t *testing.T) {
	for word, want := range map[string]int32{"whale": 0, "Whale": 1, "4th": 2, "USA": 5, "I": 1, "3": 2, "U2": 7} {
		if got := shape(word); got != want {
			t.Errorf("shape of %s is %d, not %d", word, got, want)
		}
	}
	if got := suffix("Größe"); got != "öße" {
		t.Errorf("suffix %q", got)
	}
	long := text.Sentence{Words: strings.Fields(strings.Repeat("a b ", 40)), Tags: strings.Fields(strings.Repeat("X Y ", 40))}
	v := newWords(&text.Tagged{Train: []text.Sentence{long}, Tags: []string{"X", "Y"}})
	if e := v.encode([]text.Sentence{long}); len(e) != 2 || len(e[0].tags) != 64 || len(e[1].tags) != 16 {
		t.Errorf("80 words became %d sentences", len(e))
	}
}

// TestTagFull holds the recipe to its bars: LAB_FULL=1, LAB_DATA with the English Web
// Treebank for the second.
func TestTagFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for seed := range 3 {
		r := familytest.Train(t, Family, "tag", fmt.Sprintf("seed=%d", seed))
		t.Logf("grammar, seed %d: %.4f", seed, r.Values("test_accuracy"))
		if got := r.Last("test_accuracy"); !(got >= 0.99) {
			t.Errorf("grammar, seed %d: %v, want ≥ 0.99", seed, got)
		}
		if os.Getenv("LAB_DATA") == "" {
			continue
		}
		r = familytest.Train(t, Family, "tag", fmt.Sprintf("seed=%d", seed), "data=ewt")
		t.Logf("ewt, seed %d: %.4f", seed, r.Values("test_accuracy"))
		if got := r.Last("test_accuracy"); !(got >= 0.898) {
			t.Errorf("ewt, seed %d: %v, want ≥ 0.898", seed, got)
		}
	}
}
