package nn

import (
	"slices"

	"lab/core/graph"
	"lab/core/tensor"
)

// Cache holds the keys and values of tokens that have been decoded, so that the next
// one costs one token and not a whole sequence. Programs that decode keep it in buffers
// and add a token at every run:
//
//	cache := nn.NewCache(1, 256)
//	token := g.Input("token", 1, 1)
//	logits := model.Decode(token, cache) // layers call MultiheadAttention.Decode
//	p, err := vm.Compile([]*graph.Node{logits})
//	for … { p.Value(token)[0] = next; p.Run() } // reads and advances the cache
//	cache.Reset()
//
// All sequences of a batch are at the same position. A token beyond the cache's length
// is not kept and sees nothing: its attention is 0. Ask [Cache.Len] before a run.
type Cache struct {
	Params *graph.Params // buffers only

	batch, length int
	position      *graph.Param
	layers        map[string]*graph.Param
	at            map[*graph.Graph]*graph.Node
}

// NewCache makes an empty one for the given number of sequences and of tokens of each.
// Layers add their buffers when they are first called with it, which must be before
// any program uses it.
func NewCache(batch, length int) *Cache {
	c := &Cache{Params: graph.NewParams(), batch: batch, length: length,
		layers: map[string]*graph.Param{}, at: map[*graph.Graph]*graph.Node{}}
	c.position = c.Params.Add("position", true, nil, tensor.New(tensor.Shape{}, nil))
	return c
}

// Len is the number of tokens held; the next one stands at that position.
func (c *Cache) Len() int { return int(c.position.Value()[0]) }

// Cap is the number of tokens that can be held.
func (c *Cache) Cap() int { return c.length }

// Reset empties the cache.
func (c *Cache) Reset() { c.Truncate(0) }

// Truncate forgets all but the first n tokens, for example to go on from a prompt once
// more.
func (c *Cache) Truncate(n int) { c.position.Value()[0] = float32(max(0, min(n, c.Len()))) }

// Reorder makes sequence i of the batch what sequence rows[i] was: the beams that go on,
// in beam search.
func (c *Cache) Reorder(rows []int) {
	for _, p := range c.layers {
		v := p.Value()
		size := len(v) / c.batch
		old := slices.Clone(v)
		for i, row := range rows {
			copy(v[i*size:(i+1)*size], old[row*size:(row+1)*size])
		}
	}
}

// Position is the position of the token that a run of the graph decodes, a node of
// shape (). At the end of the run the cache moves on to the next.
func (c *Cache) Position(g *graph.Graph) *graph.Node {
	at := c.at[g]
	if at == nil {
		at = g.Param(c.position)
		c.at[g] = at
		g.Update(c.position, graph.Shift(at, 1))
	}
	return at
}

// add stores the keys and values [B,1,2,H,D] of a layer's newest token. It returns all
// of the layer's, [B,length,2,H,D], and the mask [B,length] of those that count.
func (c *Cache) add(layer string, kv, at *graph.Node, window int) (all, mask *graph.Node) {
	g := kv.Graph()
	p := c.layers[layer]
	if p == nil {
		shape := kv.Shape().Clone()
		shape[1] = c.length
		p = c.Params.Add(layer+"kv", true, nil, tensor.New(shape, nil))
		c.layers[layer] = p
	}
	slot := graph.Iota(g, c.length)
	here := graph.Reshape(graph.Equal(slot, at), 1, c.length, 1, 1, 1)
	all = graph.Where(here, kv, g.Param(p))
	g.Update(p, all)

	seen := graph.Mul(graph.LessEqual(slot, at), graph.Less(at, g.Scalar(float64(c.length))))
	if window > 0 {
		seen = graph.Mul(seen, graph.Less(graph.Sub(at, slot), g.Scalar(float64(window))))
	}
	return all, graph.Expand(graph.Reshape(seen, 1, c.length), c.batch, c.length)
}
