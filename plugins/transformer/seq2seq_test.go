package transformer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// TestSeq2SeqShort reverses three to six digits, a token at a time and all at once.
func TestSeq2SeqShort(t *testing.T) {
	for _, decoding := range []string{"autoregressive", "parallel"} {
		r := familytest.Train(t, Family, "seq2seq", "data=reverse", "decoding="+decoding, "layers=1", "heads=2", "width=32", "min_length=3", "max_length=6",
			"steps=400", "eval_every=400", "lr=3e-3", "warm_up=30")
		if got := r.Last("exact"); !(got >= 0.95) {
			t.Errorf("%s: %v exact, want at least 0.95", decoding, got)
		}
		if _, err := os.Stat(r.Dir + "/artifacts/attention-1.png"); err != nil {
			t.Error(err)
		}
	}
}

// TestScheduledSampling learns with its own guesses among the inputs, too.
func TestScheduledSampling(t *testing.T) {
	r := familytest.Train(t, Family, "seq2seq", "data=reverse", "layers=1", "heads=2", "width=32", "min_length=3", "max_length=6",
		"steps=400", "eval_every=400", "lr=3e-3", "warm_up=30", "scheduled_sampling=0.5")
	if got := r.Last("exact"); !(got >= 0.9) {
		t.Errorf("%v exact, want at least 0.9", got)
	}
}

// TestSearch holds greedy decoding with a cache against the decoder run over the whole
// target, and a search with as many beams as there are sequences against them all.
func TestSearch(t *testing.T) {
	const vocabulary, longest = 6, 3 // two tokens besides the special ones
	m := newTranslator(nn.NewScope(rand.New(rand.NewPCG(5, 6))), architecture{Layers: 1, Heads: 2, Width: 8, Context: 8, Positions: "learned"}, false, 9, vocabulary)
	for _, p := range m.Params.All() { // far from indifference
		for i := range p.Value() {
			p.Value()[i] *= 6
		}
	}
	sources := [][]int32{{4, 5, 6}, {8, 7}}
	logp := func(source, target []int32) float64 { // of a target with its end, unless it is cut at the longest
		g := graph.New()
		x, y := g.Input("x", 1, len(source)), g.Input("y", 1, len(target))
		memory, mask := m.encode(x, false)
		l := graph.LogSoftmax(m.decode(y, memory, mask, false))
		p, err := vm.Compile([]*graph.Node{l})
		if err != nil {
			t.Fatal(err)
		}
		fill(p.Value(x), source)
		fill(p.Value(y), append([]int32{begin}, target[:len(target)-1]...))
		p.Run()
		sum := 0.0
		for i, id := range target {
			sum += float64(p.Value(l)[i*vocabulary+int(id)])
		}
		return sum
	}
	var all [][]int32
	for _, a := range []int32{4, 5} {
		all = append(all, []int32{a, end})
		for _, b := range []int32{4, 5} {
			all = append(all, []int32{a, b, end})
			for _, c := range []int32{4, 5} {
				all = append(all, []int32{a, b, c})
			}
		}
	}
	all = append(all, []int32{end})
	wide, err := newDecoder(m, longest, 32, 2).targets(sources)
	if err != nil {
		t.Fatal(err)
	}
	greedy, err := newDecoder(m, longest, 1, 2).targets(sources)
	if err != nil {
		t.Fatal(err)
	}
	for i, source := range sources {
		var best []int32
		most := 0.0
		for _, target := range all {
			tokens := len(target)
			if target[tokens-1] == end {
				tokens--
			}
			if rank := logp(source, target) / float64(tokens+1); best == nil || rank > most {
				best, most = target[:tokens], rank
			}
		}
		if !slices.Equal(wide[i], best) {
			t.Errorf("source %d: found %v, the likeliest is %v", i, wide[i], best)
		}
		var step []int32
		for len(step) < longest {
			next := slices.MaxFunc([]int32{end, 4, 5}, func(a, b int32) int {
				return compare(float32(logp(source, append(slices.Clone(step), a))), float32(logp(source, append(slices.Clone(step), b))))
			})
			if next == end {
				break
			}
			step = append(step, next)
		}
		if !slices.Equal(greedy[i], step) {
			t.Errorf("source %d: greedy %v, want %v", i, greedy[i], step)
		}
	}
}

func TestEditDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"kitten", "sitting", 3}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0}, {"flaw", "lawn", 2}} {
		ids := func(s string) (out []int32) {
			for _, r := range s {
				out = append(out, r)
			}
			return out
		}
		if got := editDistance(ids(c.a), ids(c.b)); got != c.want {
			t.Errorf("%s to %s takes %d edits, not %d", c.a, c.b, got, c.want)
		}
	}
}

// TestSeq2SeqFull holds the recipe to its bars: LAB_FULL=1, some minutes.
func TestSeq2SeqFull(t *testing.T) {
	if os.Getenv("LAB_FULL") == "" {
		t.Skip("takes minutes; LAB_FULL=1 (make check-full) runs it")
	}
	for seed := range 3 {
		for _, data := range []string{"sort", "reverse"} {
			for _, decoding := range []string{"autoregressive", "parallel"} {
				r := familytest.Train(t, Family, "seq2seq", fmt.Sprintf("seed=%d", seed), "data="+data, "decoding="+decoding)
				t.Logf("%s %s, seed %d: exact %v", data, decoding, seed, r.Values("exact"))
				if got := r.Last("exact"); !(got >= 0.98) {
					t.Errorf("%s %s, seed %d: %v exact, want ≥ 0.98", data, decoding, seed, got)
				}
			}
		}
	}
	for seed := range 3 {
		words := func(decoding string) float64 {
			r := familytest.Train(t, Family, "seq2seq", fmt.Sprintf("seed=%d", seed), "data=cmudict", "decoding="+decoding, "steps=2500", "eval_every=2500", "batch_size=64", "lr=3e-3")
			t.Logf("cmudict %s, seed %d: error_rate %.4f, exact %.4f", decoding, seed, r.Last("error_rate"), r.Last("exact"))
			return r.Last("error_rate")
		}
		if one, all := words("autoregressive"), words("parallel"); !(one <= 0.20) || !(one < all) {
			t.Errorf("phoneme error rate %.4f a token at a time, want ≤ 0.20 and below the %.4f of all at once", one, all)
		}
	}
}
