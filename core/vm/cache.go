package vm

import (
	"fmt"
	"slices"
)

// Shaped is a program, or a struct that embeds one beside the nodes by which it is fed
// and read.
type Shaped interface{ program() *Program }

func (p *Program) program() *Program { return p }

// Cache keeps a program for each shape that its inputs come in: a program has fixed
// sizes, and the last batch of an epoch, the next sentence, are of others. K is what
// tells the shapes apart: an int for a batch size, a [2]int for batch and length.
//
//	type evaluation struct {
//		*vm.Program
//		x, logits *graph.Node
//	}
//	eval := vm.NewCache(2, func(n int) (e evaluation, err error) {
//		e.x = graph.New().Input("x", n, 28, 28, 1)
//		e.logits = net.Forward(e.x)
//		e.Program, err = vm.Compile([]*graph.Node{e.logits})
//		return e, err
//	})
//	for batches.Next() {
//		e, err := eval.For(batches.Len())
//		…
//		batches.Inputs(e.Value(e.x))
//		e.Run()
//	}
//
// What the programs share needs no care: weights, gradients and running statistics lie
// in the graph.Params that they were built on, and an optimiser works there. Runs are
// counted for all of them together, so that random ops go on from one shape to the
// next. One goroutine at a time.
type Cache[K comparable, P Shaped] struct {
	build func(K) (P, error)
	limit int
	kept  []kept[K, P] // the last used first
	runs  int64
}

type kept[K comparable, P Shaped] struct {
	key     K
	program P
}

// NewCache returns an empty cache. Build makes the program for a shape when it first
// comes, in a graph of its own. At most limit programs are kept, each with memory of its
// own for what it computes; it is built again when a shape comes back that was used
// least recently of more. It panics for a limit below 1.
func NewCache[K comparable, P Shaped](limit int, build func(K) (P, error)) *Cache[K, P] {
	if limit < 1 {
		panic(fmt.Sprintf("vm: a cache of %d programs", limit))
	}
	return &Cache[K, P]{build: build, limit: limit}
}

// For returns the program for a shape. An error is build's, and not kept.
func (c *Cache[K, P]) For(key K) (P, error) {
	at := slices.IndexFunc(c.kept, func(e kept[K, P]) bool { return e.key == key })
	if at < 0 {
		p, err := c.build(key)
		if err != nil {
			return p, err
		}
		p.program().runs = &c.runs
		if len(c.kept) < c.limit {
			c.kept = append(c.kept, kept[K, P]{})
		}
		at = len(c.kept) - 1 // of the new one, or of the one to be forgotten
		c.kept[at] = kept[K, P]{key, p}
	}
	found := c.kept[at]
	copy(c.kept[1:at+1], c.kept[:at])
	c.kept[0] = found
	return found.program, nil
}

// Runs is how often the programs ran, all together.
func (c *Cache[K, P]) Runs() int64 { return c.runs }

// SetRuns sets the number of the next run, for a training that is resumed.
func (c *Cache[K, P]) SetRuns(n int64) { c.runs = n }
