package transformer

import (
	"cmp"
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// decoder makes targets of sources: the likeliest token at each place (greedy), or the
// likeliest of several sequences that are followed at once (beam search), with the keys
// and values of what was made before in a cache; or all at once.
type decoder struct {
	m       *translator
	longest int // tokens of a target, with its end
	beams   int
	batch   int
	ready   *vm.Cache[int, decoding] // by the length of the source
}

// decoding is the encoder, and the decoder for one token more of each beam of each
// source; all at once, the encoder and the decoder.
type decoding struct {
	*vm.Program                      // the encoder
	source, memory, mask *graph.Node // [B,S], [B,S,E], [B,S]
	logits               *graph.Node // all at once

	step                  *vm.Program
	token, kept, keptMask *graph.Node // [B·beams,1], [B·beams,S,E], [B·beams,S]
	next                  *graph.Node
	cache                 *nn.Cache
}

func newDecoder(m *translator, longest, beams, batch int) *decoder {
	d := &decoder{m: m, longest: longest, beams: beams, batch: batch}
	d.ready = vm.NewCache(16, func(length int) (p decoding, err error) {
		g := graph.New()
		p.source = g.Input("source", batch, length)
		p.memory, p.mask = m.encode(p.source, false)
		outputs := []*graph.Node{p.memory, p.mask}
		if m.parallel {
			p.logits = m.decode(g.Full(0, batch, longest), p.memory, p.mask, false)
			outputs = []*graph.Node{p.logits}
		}
		if p.Program, err = vm.Compile(outputs); err != nil || m.parallel {
			return p, err
		}
		p.Named("encoder")
		rows := batch * beams
		p.cache = nn.NewCache(rows, longest)
		h := graph.New()
		p.token, p.kept, p.keptMask = h.Input("token", rows, 1), h.Input("memory", rows, length, m.Width), h.Input("mask", rows, length)
		p.next = graph.LogSoftmax(m.next(p.token, p.kept, p.keptMask, p.cache))
		if p.step, err = vm.Compile([]*graph.Node{p.next}); err == nil {
			p.step.Named("decoder")
		}
		return p, err
	})
	return d
}

// targets makes a target, without its end, of each source; there are at most as many as
// the decoder's batch.
func (d *decoder) targets(sources [][]int32) ([][]int32, error) {
	length := 1
	for _, s := range sources {
		length = max(length, (len(s)+3)/4*4)
	}
	p, err := d.ready.For(length)
	if err != nil {
		return nil, err
	}
	x := p.Value(p.source)
	clear(x)
	for b := range d.batch {
		if x[b*length] = unknown; b < len(sources) { // a row without a source has one token
			fill(x[b*length:], sources[b])
		}
	}
	p.Run()
	if d.m.parallel {
		return d.allAtOnce(p, len(sources)), nil
	}
	return d.search(p, len(sources)), nil
}

func (d *decoder) allAtOnce(p decoding, n int) [][]int32 {
	out := make([][]int32, n)
	size := p.logits.Shape()[2]
	for b := range out {
		for t := range d.longest {
			at := (b*d.longest + t) * size
			token := likeliest(p.Value(p.logits)[at : at+size])
			if token == end {
				break
			}
			out[b] = append(out[b], token)
		}
	}
	return out
}

// beam is a target so far.
type beam struct {
	tokens []int32
	score  float64 // ln p
	row    int     // where its keys and values are
}

// rank orders by score per token, with the end: sums would favour short ones.
func (b beam) rank() float64 { return b.score / float64(len(b.tokens)+1) }

func (d *decoder) search(p decoding, n int) [][]int32 {
	k, size := d.beams, p.next.Shape()[2]
	for _, x := range []struct{ from, to []float32 }{{p.Value(p.memory), p.step.Value(p.kept)}, {p.Value(p.mask), p.step.Value(p.keptMask)}} {
		one := len(x.from) / d.batch
		for row := range d.batch * k {
			copy(x.to[row*one:], x.from[row/k*one:(row/k+1)*one])
		}
	}
	p.cache.Reset()
	token := p.step.Value(p.token)
	for i := range token {
		token[i] = begin
	}
	open, done := make([][]beam, n), make([][]beam, n)
	for b := range open {
		open[b] = []beam{{row: b * k}} // all beams are alike: one is followed
	}
	rows := make([]int, d.batch*k)
	for t := range d.longest {
		p.step.Run()
		logp := p.step.Value(p.next)
		for i := range rows {
			rows[i] = i
		}
		going := false
		for b := range open {
			var next []beam
			for _, o := range open[b] {
				for token, l := range logp[o.row*size : (o.row+1)*size] {
					if token == end || token >= len(sequenceTokens) {
						next = append(next, beam{append(slices.Clone(o.tokens), int32(token)), o.score + float64(l), o.row})
					}
				}
			}
			slices.SortStableFunc(next, func(a, b beam) int { return cmp.Compare(b.score, a.score) })
			open[b] = nil
			for _, c := range next[:min(k, len(next))] {
				if last := c.tokens[len(c.tokens)-1]; last == end || t == d.longest-1 {
					if last == end {
						c.tokens = c.tokens[:len(c.tokens)-1]
					}
					done[b] = append(done[b], c)
					continue
				}
				row := b*k + len(open[b])
				rows[row], c.row = c.row, row
				token[row] = float32(c.tokens[len(c.tokens)-1])
				open[b] = append(open[b], c)
			}
			if len(done[b]) >= k {
				open[b] = nil
			}
			going = going || open[b] != nil
		}
		if !going {
			break
		}
		if k > 1 {
			p.cache.Reorder(rows)
		}
	}
	out := make([][]int32, n)
	for b := range out {
		best := math.Inf(-1)
		for _, c := range done[b] {
			if c.rank() > best {
				best, out[b] = c.rank(), c.tokens
			}
		}
	}
	return out
}

func likeliest(logits []float32) int32 {
	return int32(slices.Index(logits, slices.Max(logits)))
}

// editDistance is how many tokens must be put in, taken out or changed to make b of a
// (Levenshtein 1966).
func editDistance(a, b []int32) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := before
			if x != y {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
