package transformer

import (
	"math/rand/v2"
	"slices"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/picture"
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

// drawAttention draws the mean over heads of the probabilities [H,rows,columns] as a
// heat map with the tokens on its axes.
func drawAttention(s *family.Session, name string, step int, p []float32, rows, columns []string) error {
	r, c := len(rows), len(columns)
	heads := len(p) / (r * c)
	mean := make([][]float64, r)
	for i := range mean {
		mean[i] = make([]float64, c)
		for j := range c {
			for h := range heads {
				mean[i][j] += float64(p[(h*r+i)*c+j]) / float64(heads)
			}
		}
	}
	img, err := picture.HeatMap{Title: name, RowLabel: "from", ColumnLabel: "to", Rows: rows, Columns: columns, Values: mean, Hi: 1}.Draw()
	if err != nil {
		return err
	}
	return s.Image(name, step, img)
}
