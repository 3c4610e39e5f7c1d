package nn_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// gpt is a small language model: tokens and positions, causal layers, logits.
type gpt struct {
	*nn.Scope
	token     *nn.Embedding
	positions *nn.LearnedPositions // nil with rotary positions
	body      *nn.TransformerEncoder
	head      *nn.Linear
	window    int
}

const vocabulary, width, longest = 11, 8, 12

func newGPT(rotary bool, window int) *gpt {
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	t := nn.TransformerDefaults(width, 2)
	t.Hidden, t.NormFirst, t.Gelu, t.Dropout = 16, true, true, 0
	m := &gpt{Scope: s, token: nn.NewEmbedding(s.Sub("token"), vocabulary, width), window: window}
	if rotary {
		t.Rotary = nn.NewRotary(longest, width/2, 10000)
	} else {
		m.positions = nn.NewLearnedPositions(s.Sub("position"), longest, width)
	}
	m.body = nn.NewTransformerEncoder(s.Sub("body"), 2, t)
	m.head = nn.NewLinear(s.Sub("head"), width, vocabulary, false)
	return m
}

func (m *gpt) forward(tokens *graph.Node, train bool) *graph.Node {
	x := m.token.Forward(tokens) // [B,T,E]
	if m.positions != nil {
		x = m.positions.Forward(x)
	}
	return m.head.Forward(m.body.Forward(x, nil, graph.AttentionAttr{Causal: true, Window: m.window}, train))
}

func (m *gpt) decode(token *graph.Node, cache *nn.Cache) *graph.Node {
	x := m.token.Forward(token) // [B,1,E]
	if m.positions != nil {
		x = m.positions.At(x, cache.Position(token.Graph()))
	}
	return m.head.Forward(m.body.Decode(x, cache, m.window))
}

// A token at a time, with a cache, gives what the whole sequence at once gives.
func TestDecode(t *testing.T) {
	const batch, length = 2, 7
	for name, m := range map[string]*gpt{"learned positions": newGPT(false, 0), "rotary": newGPT(true, 0), "rotary in a window": newGPT(true, 3)} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 4))
			tokens := make([]float32, batch*length)
			for i := range tokens {
				tokens[i] = float32(r.IntN(vocabulary))
			}
			g := graph.New()
			x := g.Input("tokens", batch, length)
			y := m.forward(x, false)
			all, err := vm.Compile([]*graph.Node{y})
			if err != nil {
				t.Fatal(err)
			}
			copy(all.Value(x), tokens)
			all.Run()

			cache := nn.NewCache(batch, longest)
			dg := graph.New()
			dx := dg.Input("token", batch, 1)
			dy := m.decode(dx, cache)
			one, err := vm.Compile([]*graph.Node{dy})
			if err != nil {
				t.Fatal(err)
			}
			decode := func(from int) {
				for i := from; i < length; i++ {
					if cache.Len() != i {
						t.Fatalf("the cache holds %d tokens, not %d", cache.Len(), i)
					}
					for b := range batch {
						one.Value(dx)[b] = tokens[b*length+i]
					}
					one.Run()
					for b := range batch {
						at := (b*length + i) * vocabulary
						same(t, "logits", one.Value(dy)[b*vocabulary:(b+1)*vocabulary], all.Value(y)[at:at+vocabulary], 1e-5)
					}
				}
			}
			decode(0)
			cache.Truncate(3) // what is forgotten is overwritten
			decode(3)
			cache.Reset()
			decode(0)
		})
	}
}

// A decoder layer with memory decodes likewise.
func TestDecodeWithMemory(t *testing.T) {
	const batch, length, source = 2, 5, 4
	s := nn.NewScope(rand.New(rand.NewPCG(1, 2)))
	config := nn.TransformerDefaults(width, 2)
	config.Hidden = 16
	d := nn.NewTransformerDecoder(s, 2, config)
	r := rand.New(rand.NewPCG(3, 4))
	g := graph.New()
	x, memory := g.Input("x", batch, length, width), g.Input("memory", batch, source, width)
	mask := g.Input("mask", batch, source)
	y := d.Forward(x, memory, nn.Masks{Memory: mask}, causal, false)
	cache := nn.NewCache(batch, length)
	token := g.Input("token", batch, 1, width)
	dy := d.Decode(token, memory, mask, cache)
	p, err := vm.Compile([]*graph.Node{y, dy})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*graph.Node{x, memory} {
		for i := range p.Value(n) {
			p.Value(n)[i] = float32(r.NormFloat64())
		}
	}
	copy(p.Value(mask), []float32{1, 1, 0, 1, 1, 1, 1, 1})
	for i := range length {
		for b := range batch {
			copy(p.Value(token)[b*width:(b+1)*width], p.Value(x)[(b*length+i)*width:])
		}
		p.Run()
		for b := range batch {
			at := (b*length + i) * width
			same(t, "result", p.Value(dy)[b*width:(b+1)*width], p.Value(y)[at:at+width], 1e-5)
		}
	}
}

// What is watched are the probabilities that the kernel computes with.
func TestWatch(t *testing.T) {
	const batch, length, width = 2, 5, 8
	m := nn.NewMultiheadAttention(nn.NewScope(rand.New(rand.NewPCG(1, 2))), width, 2, 0, true)
	g := graph.New()
	x := g.Input("x", batch, length, width)
	plain := m.Forward(x, nil, graph.AttentionAttr{Causal: true}, false)
	var p *graph.Node
	m.Watch = func(watched *graph.Node) { p = watched }
	defined := m.Forward(x, nil, graph.AttentionAttr{Causal: true}, false)
	prog, err := vm.Compile([]*graph.Node{plain, defined, p})
	if err != nil {
		t.Fatal(err)
	}
	for i := range prog.Value(x) {
		prog.Value(x)[i] = float32(i%7) - 3
	}
	prog.Run()
	for i, want := range prog.Value(plain) {
		if d := prog.Value(defined)[i] - want; d > 1e-5 || d < -1e-5 {
			t.Fatalf("element %d is %v while watched, %v otherwise", i, prog.Value(defined)[i], want)
		}
	}
	for i := range batch * 2 * length { // rows, of which row i%length sees so many and one
		sum := float32(0)
		for k, v := range prog.Value(p)[i*length : (i+1)*length] {
			if sum += v; k > i%length && v != 0 {
				t.Fatalf("query %d sees key %d", i%length, k)
			}
		}
		if sum < 0.9999 || sum > 1.0001 {
			t.Fatalf("probabilities of query %d add up to %v", i, sum)
		}
	}
}

// A query that sees no key gets nothing and passes no gradient on, by the kernel and by
// the definition.
func TestSeesNothing(t *testing.T) {
	const batch, length, width = 2, 3, 4
	m := nn.NewMultiheadAttention(nn.NewScope(rand.New(rand.NewPCG(1, 2))), width, 2, 0, false)
	for _, watch := range []func(*graph.Node){nil, func(*graph.Node) {}} {
		m.Watch = watch
		g := graph.New()
		x, mask := g.Input("x", batch, length, width), g.Input("mask", batch, length)
		y := m.Forward(x, mask, graph.AttentionAttr{}, false)
		dx := graph.Grad(graph.Sum(graph.Square(y)), x)[0]
		p, err := vm.Compile([]*graph.Node{y, dx})
		if err != nil {
			t.Fatal(err)
		}
		for i := range p.Value(x) {
			p.Value(x)[i] = float32(i%5) - 2
		}
		copy(p.Value(mask), []float32{1, 1, 0}) // and none of the second sequence
		p.Run()
		for which, v := range [][]float32{p.Value(y), p.Value(dx)} {
			for i, got := range v {
				if got != got || i >= length*width && got != 0 {
					t.Errorf("watched %v, value %d: element %d is %v", watch != nil, which, i, got)
				}
			}
		}
	}
}

// Sequences that change places decode as they would have in their old ones.
func TestReorder(t *testing.T) {
	m := newGPT(false, 0)
	cache := nn.NewCache(3, longest)
	x := graph.New().Input("token", 3, 1)
	y := m.decode(x, cache)
	p, err := vm.Compile([]*graph.Node{y})
	if err != nil {
		t.Fatal(err)
	}
	after := func(order ...int) []float32 { // of tokens that sequences 0, 1 and 2 read, in that order after the first
		cache.Reset()
		copy(p.Value(x), []float32{1, 2, 3})
		p.Run()
		cache.Reorder(order)
		copy(p.Value(x), []float32{4, 4, 4})
		p.Run()
		return slices.Clone(p.Value(y))
	}
	want, got := after(0, 1, 2), after(2, 0, 0)
	for i, row := range []int{2, 0, 0} {
		if !slices.Equal(got[i*vocabulary:(i+1)*vocabulary], want[row*vocabulary:(row+1)*vocabulary]) {
			t.Errorf("sequence %d is not what sequence %d was", i, row)
		}
	}
}
