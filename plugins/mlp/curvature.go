package mlp

import (
	"lab/core/data"
	"lab/core/graph"
	"lab/core/vm"
)

// curvature is the loss around a network's weights, over all examples: its value, its
// gradient, and products of its Hessian with vectors, exact by differentiating twice
// (Pearlmutter 1994): H v = ∇(∇L · v), v held fixed.
type curvature struct {
	l        *learner
	batches  *data.Batches
	examples int
	n        int // weights
	programs *vm.Cache[int, twice]
}

// twice is a program of first and second derivatives.
type twice struct {
	*vm.Program
	x, y, loss *graph.Node
	v, g, hv   []*graph.Node // of each parameter
}

func newCurvature(l *learner, view data.View, how data.Batching) (*curvature, error) {
	batches, err := view.Batches(how)
	if err != nil {
		return nil, err
	}
	c := &curvature{l: l, batches: batches, examples: view.Len(), n: l.Params.Count()}
	c.programs = vm.NewCache(2, func(size int) (p twice, err error) {
		g := graph.New()
		p.x, p.y = g.Input("x", size, l.sizes[0]), g.Input("y", size)
		p.loss = l.want.Loss(l.eval(p.x), p.y)
		var weights []*graph.Node
		for _, w := range l.Params.Trained() {
			weights = append(weights, g.Param(w))
			p.v = append(p.v, g.Input("v."+w.Name, w.Shape...))
		}
		p.g = graph.Grad(p.loss, weights...)
		along := g.Scalar(0)
		for i, d := range p.g {
			along = graph.Add(along, graph.Sum(graph.Mul(d, p.v[i])))
		}
		p.hv = graph.Grad(along, weights...)
		outputs := append(append([]*graph.Node{p.loss}, p.g...), p.hv...)
		if p.Program, err = vm.Compile(outputs); err == nil {
			p.Named("curvature")
		}
		return p, err
	})
	return c, nil
}

// at computes the loss, its gradient g and the product hv of its Hessian with v, as
// means over all examples.
func (c *curvature) at(v []float64) (loss float64, g, hv []float64, err error) {
	g, hv = make([]float64, c.n), make([]float64, c.n)
	for c.batches.Start(1); c.batches.Next(); {
		p, err := c.programs.For(c.batches.Len())
		if err != nil {
			return 0, nil, nil, err
		}
		c.batches.Inputs(p.Value(p.x))
		c.l.want.Fill(c.batches, p.Value(p.y))
		at := 0
		for _, in := range p.v {
			m := p.Value(in)
			for i := range m {
				m[i] = float32(v[at+i])
			}
			at += len(m)
		}
		p.Run()
		share := float64(c.batches.Len()) / float64(c.examples)
		loss += share * p.Scalar(p.loss)
		sum(g, share, p.Program, p.g)
		sum(hv, share, p.Program, p.hv)
	}
	return loss, g, hv, nil
}

// sum adds a share of the values of nodes, side by side, to a sum.
func sum(to []float64, share float64, p *vm.Program, nodes []*graph.Node) {
	at := 0
	for _, n := range nodes {
		for i, x := range p.Value(n) {
			to[at+i] += share * float64(x)
		}
		at += n.Shape().Size()
	}
}

// product is the Hessian times v.
func (c *curvature) product(v []float64) ([]float64, error) {
	_, _, hv, err := c.at(v)
	return hv, err
}
