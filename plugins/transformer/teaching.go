package transformer

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// teaching is a program over a batch of pairs: teacher forcing, in which the decoder
// sees the right tokens before each that it is to predict.
type teaching struct {
	*vm.Program
	source, given *graph.Node // [B,S] and [B,T]; nothing is given to make all at once
	target        *graph.Node // [B,T]; only in training
	logits, loss  *graph.Node
	size          [2]int // S and T
}

func newTeaching(m *translator, batch int, size [2]int, train bool) teaching {
	g := graph.New()
	t := teaching{source: g.Input("source", batch, size[0]), size: size}
	given := g.Full(0, batch, size[1])
	if !m.parallel {
		t.given = g.Input("given", batch, size[1])
		given = t.given
	}
	memory, mask := m.encode(t.source, train)
	t.logits = m.decode(given, memory, mask, train) // [B,T,V]
	if train {
		t.target = g.Input("target", batch, size[1])
		t.loss = nn.CrossEntropy(t.logits, t.target, nn.IgnoreIndex(padding))
	}
	return t
}

// fill puts pairs into the inputs. A row without a pair has a source of one token and
// no target.
func (t teaching) fill(batch []pairIDs) {
	source := t.Value(t.source)
	clear(source)
	for b := range t.source.Shape()[0] {
		source[b*t.size[0]] = unknown
	}
	for b, p := range batch {
		fill(source[b*t.size[0]:], p.source)
	}
	if t.given != nil {
		given := t.Value(t.given)
		clear(given)
		for b, p := range batch {
			given[b*t.size[1]] = begin
			fill(given[b*t.size[1]+1:], p.target[:len(p.target)-1])
		}
	}
	if t.target != nil {
		target := t.Value(t.target)
		clear(target)
		for b, p := range batch {
			fill(target[b*t.size[1]:], p.target)
		}
	}
}

// mix puts the guesses of a program that ran into some of another's given tokens.
func (t teaching) mix(into teaching, r *rand.Rand, share float64) {
	given, target := into.Value(into.given), into.Value(into.target)
	size := t.logits.Shape()[2]
	for i := range given {
		if i%t.size[1] > 0 && target[i] != padding && r.Float64() < share {
			given[i] = float32(likeliest(t.Value(t.logits)[(i-1)*size : i*size])) // the guess at the place before
		}
	}
}

// paddedPair is the size of the longest source and target, in full fours; all at once,
// targets are as long as any may be.
func paddedPair(batch []pairIDs, m *translator) (size [2]int) {
	for _, p := range batch {
		size[0], size[1] = max(size[0], (len(p.source)+3)/4*4), max(size[1], (len(p.target)+3)/4*4)
	}
	if m.parallel {
		size[1] = m.Context
	}
	return size
}

// teacherForced is the share of target tokens that are right after the right ones.
func teacherForced(guesses *vm.Cache[[2]int, teaching], m *translator, set []pairIDs, batch int) (float64, error) {
	right, all := 0, 0
	for _, pairs := range alike(set, batch, 0, 0) {
		t, err := guesses.For(paddedPair(pairs, m))
		if err != nil {
			return 0, err
		}
		t.fill(pairs)
		t.Run()
		size := t.logits.Shape()[2]
		for b, p := range pairs {
			for i, want := range p.target {
				at := (b*t.size[1] + i) * size
				if all++; likeliest(t.Value(t.logits)[at:at+size]) == want {
					right++
				}
			}
		}
	}
	return float64(right) / float64(all), nil
}

// score is how well targets were made.
type score struct {
	errors, exact float64 // edits per token; share without any
	places        float64 // share of tokens, ends included, that are right at their place
	samples       string
}

// judgePairs makes targets of all sources and compares.
func judgePairs(d *decoder, set []pairIDs, v sides, separator string) (score, error) {
	edits, tokens, exact, right, places := 0, 0, 0, 0, 0
	var samples strings.Builder
	for from := 0; from < len(set); from += d.batch {
		pairs := set[from:min(from+d.batch, len(set))]
		var sources [][]int32
		for _, p := range pairs {
			sources = append(sources, p.source)
		}
		made, err := d.targets(sources)
		if err != nil {
			return score{}, err
		}
		for b, p := range pairs {
			want := p.target[:len(p.target)-1]
			e := editDistance(made[b], want)
			edits, tokens = edits+e, tokens+len(want)
			if e == 0 {
				exact++
			}
			got := append(made[b], end)
			for i, w := range p.target {
				if places++; i < len(got) && got[i] == w {
					right++
				}
			}
			if from == 0 && b < 20 {
				var source strings.Builder
				for _, id := range p.source {
					source.WriteString(v.source.Tokens[id])
				}
				fmt.Fprintf(&samples, "%s → %s", source.String(), strings.Join(v.spell(made[b]), separator))
				if e > 0 {
					fmt.Fprintf(&samples, "   not %s", strings.Join(v.spell(want), separator))
				}
				samples.WriteByte('\n')
			}
		}
	}
	n := float64(len(set))
	return score{float64(edits) / float64(tokens), float64(exact) / n, float64(right) / float64(places), samples.String()}, nil
}

// showAlignment draws which source tokens the last layer of the decoder looks at for
// each target token.
func showAlignment(s *family.Session, m *translator, v sides, p pairIDs, name string) error {
	size := [2]int{len(p.source), len(p.target)}
	if m.parallel {
		size[1] = m.Context
	}
	var attention *graph.Node
	cross := m.decoder.Layers[m.Layers-1].Cross
	cross.Watch = func(watched *graph.Node) { attention = watched } // [1,H,T,S]
	t := newTeaching(m, 1, size, false)
	cross.Watch = nil
	var err error
	if t.Program, err = vm.Compile([]*graph.Node{attention}); err != nil {
		return err
	}
	t.fill([]pairIDs{p})
	t.Run()
	columns := make([]string, len(p.source))
	for i, id := range p.source {
		columns[i] = v.source.Tokens[id]
	}
	rows := v.spell(p.target)
	heads, all := m.Heads, t.Value(attention)
	seen := make([]float32, 0, heads*len(rows)*len(columns))
	for h := range heads { // the rows of the target alone
		from := h * size[1] * size[0]
		seen = append(seen, all[from:from+len(rows)*len(columns)]...)
	}
	return drawAttention(s, name, 0, seen, rows, columns)
}
