package transformer

import (
	"math"
	"math/rand/v2"
	"slices"

	"lab/core/data/text"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/vm"
)

// tagging is a program over a batch of sentences of one length, and its inputs [B,T].
type tagging struct {
	*vm.Program
	words, suffixes, shapes, tags *graph.Node
	logits, loss                  *graph.Node
	length                        int
}

func newTagging(batch, length int) tagging {
	g := graph.New()
	return tagging{words: g.Input("words", batch, length), suffixes: g.Input("suffixes", batch, length), shapes: g.Input("shapes", batch, length),
		tags: g.Input("tags", batch, length), length: length}
}

// fill puts sentences into the inputs; what they leave is padding, and has the tag -1.
// A row without a sentence gets one word, so that attention has something to see.
func (t tagging) fill(batch []encoded) {
	for _, x := range []struct {
		node *graph.Node
		ids  func(e encoded) []int32
		none float32
	}{
		{t.words, func(e encoded) []int32 { return e.words }, padding},
		{t.suffixes, func(e encoded) []int32 { return e.suffixes }, padding},
		{t.shapes, func(e encoded) []int32 { return e.shapes }, 0},
		{t.tags, func(e encoded) []int32 { return e.tags }, -1},
	} {
		if x.node == t.tags && t.loss == nil {
			continue
		}
		dst := t.Value(x.node)
		for i := range dst {
			dst[i] = x.none
		}
		for b, e := range batch {
			fill(dst[b*t.length:], x.ids(e))
		}
	}
	for b := len(batch); b < t.words.Shape()[0]; b++ {
		t.Value(t.words)[b*t.length] = unknown
	}
}

// byLength deals sentences out in batches of about one length, in an order that the
// seed and the epoch determine.
func byLength(set []encoded, size int, seed, epoch uint64) [][]encoded {
	r := rand.New(rand.NewPCG(seed, epoch))
	type keyed struct {
		encoded
		key float64
	}
	all := make([]keyed, len(set))
	for i, e := range set {
		all[i] = keyed{e, float64(len(e.words)) + 4*r.Float64()}
	}
	slices.SortStableFunc(all, func(a, b keyed) int { return compare(float32(a.key), float32(b.key)) })
	var batches [][]encoded
	for chunk := range slices.Chunk(all, size) {
		var batch []encoded
		for _, k := range chunk {
			batch = append(batch, k.encoded)
		}
		batches = append(batches, batch)
	}
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches
}

// paddedLength is the length of the longest sentence, in full eights.
func paddedLength(batch []encoded) int {
	n := 1
	for _, e := range batch {
		n = max(n, len(e.words))
	}
	return (n + 7) / 8 * 8
}

// showAttention draws who looks at whom in a sentence: the mean over the heads of the last layer.
func showAttention(s *family.Session, m *tagger, v words, sentence text.Sentence) error {
	e := v.encode([]text.Sentence{sentence})[0]
	n := len(e.words)
	t := newTagging(1, n)
	var p *graph.Node
	last := m.body.Layers[m.Layers-1].Attention
	last.Watch = func(watched *graph.Node) { p = watched } // [1,H,T,T]
	m.forward(t.words, t.suffixes, t.shapes, false)
	last.Watch = nil
	var err error
	if t.Program, err = vm.Compile([]*graph.Node{p}); err != nil {
		return err
	}
	t.fill([]encoded{e})
	t.Run()
	return drawAttention(s, "attention", 0, t.Value(p), sentence.Words[:n], sentence.Words[:n])
}

// judgeTags is the share of words tagged right, and how often a tag (row) was taken for
// another (column).
func judgeTags(judges *vm.Cache[int, tagging], set []encoded, size, tags int) (float64, [][]int, error) {
	confusion := make([][]int, tags)
	for i := range confusion {
		confusion[i] = make([]int, tags)
	}
	right, all := 0, 0
	for _, batch := range byLength(set, size, 0, 0) {
		t, err := judges.For(paddedLength(batch))
		if err != nil {
			return math.NaN(), nil, err
		}
		t.fill(batch)
		t.Run()
		for b, e := range batch {
			for i, want := range e.tags {
				at := (b*t.length + i) * tags
				logits := t.Value(t.logits)[at : at+tags]
				got := slices.Index(logits, slices.Max(logits))
				if all++; want >= 0 {
					confusion[want][got]++
					if int(want) == got {
						right++
					}
				}
			}
		}
	}
	return float64(right) / float64(all), confusion, nil
}
