package vm_test

import (
	"slices"
	"strings"
	"testing"

	"lab/core/graph"
	"lab/core/tensor"
	"lab/core/vm"
)

// What a buffer receives is computed in its memory where nobody needs what it held
// before, and copied at the end of the run elsewhere; the numbers are the same.
func TestUpdates(t *testing.T) {
	type build func(g *graph.Graph, x *graph.Node, a, b *graph.Param) (output *graph.Node)
	for _, c := range []struct {
		name   string
		build  build
		run    func(a, b, x []float32) (output []float32) // what a run does to the buffers, 2×2
		copies []string
	}{
		{"element by element", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.Add(graph.Scale(g.Param(a), 2), x)
			g.Update(a, u)
			return graph.MatMul(u, u)
		}, func(a, b, x []float32) []float32 {
			for i := range a {
				a[i] = 2*a[i] + x[i]
			}
			return square(a)
		}, nil},
		{"not read at all", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.MatMul(x, g.Param(b))
			g.Update(a, u)
			return graph.Scale(u, 3)
		}, func(a, b, x []float32) []float32 {
			copy(a, product(x, b))
			return []float32{3 * a[0], 3 * a[1], 3 * a[2], 3 * a[3]}
		}, nil},
		{"read afterwards", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			old := g.Param(a)
			u := graph.MatMul(x, g.Param(b))
			g.Update(a, u)
			return graph.MatMul(graph.Scale(u, 2), graph.Shift(old, 1))
		}, func(a, b, x []float32) []float32 {
			u, old := product(x, b), slices.Clone(a)
			copy(a, u)
			return product([]float32{2 * u[0], 2 * u[1], 2 * u[2], 2 * u[3]}, []float32{old[0] + 1, old[1] + 1, old[2] + 1, old[3] + 1})
		}, []string{"update a"}},
		{"in another order", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.Add(graph.Transpose(g.Param(a)), graph.Add(g.Param(a), x))
			g.Update(a, u)
			return graph.Scale(u, 1)
		}, func(a, b, x []float32) []float32 {
			a[1], a[2] = a[2]+a[1]+x[1], a[1]+a[2]+x[2]
			a[0], a[3] = 2*a[0]+x[0], 2*a[3]+x[3]
			return slices.Clone(a)
		}, nil},
		{"a product of itself", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.MatMul(g.Param(a), x)
			g.Update(a, u)
			return graph.Scale(u, 1)
		}, func(a, b, x []float32) []float32 {
			copy(a, product(a, x))
			return slices.Clone(a)
		}, []string{"update a"}},
		{"an output", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.Add(g.Param(a), x)
			g.Update(a, u)
			return u
		}, func(a, b, x []float32) []float32 {
			for i := range a {
				a[i] += x[i]
			}
			return slices.Clone(a)
		}, []string{"update a"}},
		{"an output in another shape", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u := graph.Add(g.Param(a), x)
			g.Update(a, u)
			return graph.Reshape(u, 4)
		}, func(a, b, x []float32) []float32 {
			for i := range a {
				a[i] += x[i]
			}
			return slices.Clone(a)
		}, []string{"update a"}},
		{"of each other", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u, v := graph.Add(g.Param(a), g.Param(b)), graph.Sub(g.Param(a), g.Param(b))
			g.Update(a, u)
			g.Update(b, v)
			return graph.MatMul(graph.MatMul(u, v), x)
		}, func(a, b, x []float32) []float32 {
			for i := range a {
				a[i], b[i] = a[i]+b[i], a[i]-b[i]
			}
			return product(product(a, b), x)
		}, []string{"update a"}},
		{"each the other", func(g *graph.Graph, x *graph.Node, a, b *graph.Param) *graph.Node {
			u, v := g.Param(a), g.Param(b)
			g.Update(a, v)
			g.Update(b, u)
			return graph.MatMul(u, x)
		}, func(a, b, x []float32) []float32 {
			for i := range a {
				a[i], b[i] = b[i], a[i]
			}
			return product(b, x)
		}, []string{"update a", "update b"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := graph.NewParams()
			a := s.Add("a", true, nil, tensor.New(tensor.Shape{2, 2}, []float32{1, 2, 3, 4}))
			b := s.Add("b", true, nil, tensor.New(tensor.Shape{2, 2}, []float32{-1, 0, 2, 1}))
			g := graph.New()
			x := g.Input("x", 2, 2)
			out := c.build(g, x, a, b)
			p, err := vm.Compile([]*graph.Node{out})
			if err != nil {
				t.Fatal(err)
			}
			copies := slices.DeleteFunc(p.Steps(), func(s string) bool { return !strings.HasPrefix(s, "update ") })
			if !slices.Equal(copies, c.copies) {
				t.Errorf("copied are %v, want %v, by %v", copies, c.copies, p.Steps())
			}
			wantA, wantB := slices.Clone(a.Value()), slices.Clone(b.Value())
			for run := range 3 {
				copy(p.Value(x), []float32{1, float32(run), -1, 2})
				want := c.run(wantA, wantB, p.Value(x))
				p.Run()
				if got := p.Value(out); !slices.Equal(got, want) || !slices.Equal(a.Value(), wantA) || !slices.Equal(b.Value(), wantB) {
					t.Fatalf("run %d: %v, buffers %v and %v; want %v, %v and %v", run, got, a.Value(), b.Value(), want, wantA, wantB)
				}
			}
		})
	}
}

func product(a, b []float32) []float32 {
	return []float32{a[0]*b[0] + a[1]*b[2], a[0]*b[1] + a[1]*b[3], a[2]*b[0] + a[3]*b[2], a[2]*b[1] + a[3]*b[3]}
}

func square(a []float32) []float32 { return product(a, a) }
