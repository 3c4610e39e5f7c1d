package vm_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

// shaped is the step of net over a batch, with dropout, or an evaluation of it.
type shaped struct {
	*vm.Program
	x, y, loss *graph.Node
}

func (n *net) step(batch int, train bool) (s shaped, err error) {
	g := graph.New()
	s.x, s.y = g.Input("x", batch, 8, 8, 2), g.Input("y", batch, 3)
	x := s.x
	if train {
		x = graph.Dropout(x, 0.3, 7)
	}
	s.loss = n.loss(x, s.y, train)
	if !train {
		s.Program, err = vm.Compile([]*graph.Node{s.loss})
		return s, err
	}
	s.Program, err = vm.Compile([]*graph.Node{s.loss}, graph.Backward(s.loss, n.scope.Params))
	return s, err
}

// feed fills a batch of the examples from first on.
func (s shaped) feed(first int) {
	x, y := s.Value(s.x), s.Value(s.y)
	clear(y)
	for i := range x {
		x[i] = float32(math.Sin(float64(first*8*8*2 + i)))
	}
	for i := range len(y) / 3 {
		y[i*3+(first+i)%3] = 1
	}
}

// Batches of 6, 6 and 2, again and again: a cache trains and evaluates to the bits of
// programs that are compiled for every single batch, and compiles each once.
func TestCacheTrains(t *testing.T) {
	train := func(next func(n *net, batch int, step int64) (train, eval shaped)) []float32 {
		n := newNet()
		adam := optim.NewAdam(n.scope.Params, 1e-2)
		var losses []float32
		for step := range int64(12) {
			first := int(step%3) * 6
			p, eval := next(n, min(6, 14-first), step)
			p.feed(first)
			p.Run()
			adam.Step()
			eval.feed(first)
			eval.Run()
			losses = append(losses, float32(p.Scalar(p.loss)), float32(eval.Scalar(eval.loss)))
		}
		return append(losses, values(n)...)
	}
	must := func(s shaped, err error) shaped {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := train(func(n *net, batch int, step int64) (shaped, shaped) {
		p := must(n.step(batch, true))
		p.SetRuns(step)
		return p, must(n.step(batch, false))
	})
	built := 0
	var steps, evals *vm.Cache[int, shaped]
	got := train(func(n *net, batch int, step int64) (shaped, shaped) {
		if steps == nil {
			steps = vm.NewCache(2, func(b int) (shaped, error) { built++; return n.step(b, true) })
			evals = vm.NewCache(2, func(b int) (shaped, error) { built++; return n.step(b, false) })
		}
		return must(steps.For(batch)), must(evals.For(batch))
	})
	if built != 4 || steps.Runs() != 12 {
		t.Errorf("%d programs were built for 2 shapes of 2; %d runs", built, steps.Runs())
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("value %d of losses and weights is %v, want %v", i, got[i], want[i])
		}
	}
}

func values(n *net) (v []float32) {
	for _, p := range n.scope.Params.All() {
		v = append(v, p.Value()...)
	}
	return v
}

// dropping is dropout of n ones.
type dropping struct {
	*vm.Program
	x, y *graph.Node
}

func drops(n int) (d dropping, err error) {
	d.x = graph.New().Input("x", n)
	d.y = graph.Dropout(d.x, 0.5, 3)
	d.Program, err = vm.Compile([]*graph.Node{d.y})
	if err == nil {
		for i := range d.Value(d.x) {
			d.Value(d.x)[i] = 1
		}
	}
	return d, err
}

// Random ops go on from shape to shape, and from the run that is set.
func TestCacheCountsRuns(t *testing.T) {
	c := vm.NewCache(2, drops)
	run := func(n int) []float32 {
		d, err := c.For(n)
		if err != nil {
			t.Fatal(err)
		}
		d.Run()
		return slices.Clone(d.Value(d.y))
	}
	first, short, third := run(64), run(32), run(64)
	if slices.Equal(first[:32], short) || slices.Equal(first, third) {
		t.Error("the same is dropped in another run")
	}
	if d, _ := c.For(32); d.Runs() != 3 || c.Runs() != 3 {
		t.Errorf("a program says %d runs, the cache %d; want 3", d.Runs(), c.Runs())
	}
	c.SetRuns(1)
	if again := run(64); !slices.Equal(again[:32], short) {
		t.Error("run 1 drops other values in another shape")
	}
}

// The least recently used program makes room; a failure is said again, not kept.
func TestCacheLimit(t *testing.T) {
	var built []int
	c := vm.NewCache(2, func(n int) (dropping, error) {
		built = append(built, n)
		if n == 0 {
			return dropping{}, errors.New("no batch of 0")
		}
		return drops(n)
	})
	for _, n := range []int{1, 2, 1, 0, 3, 1, 2, 1, 0, 2} { // 3 takes the place of 2, 2 that of 3
		d, err := c.For(n)
		if (n == 0) != (err != nil) {
			t.Fatalf("for %d: %v", n, err)
		}
		if err == nil && len(d.Value(d.x)) != n {
			t.Fatalf("for %d a program of %d", n, len(d.Value(d.x)))
		}
	}
	if got := fmt.Sprint(built); got != "[1 2 0 3 2 0]" {
		t.Errorf("built %s", got)
	}
	if n := testing.AllocsPerRun(10, func() { c.For(1); c.For(2) }); n != 0 {
		t.Errorf("%v allocations to find programs", n)
	}
	defer func() {
		if r := recover(); r != "vm: a cache of 0 programs" {
			t.Errorf("recovered %v", r)
		}
	}()
	vm.NewCache(0, drops)
}

// A program alone can be kept as well, by a key of several sizes.
func TestCacheOfPrograms(t *testing.T) {
	c := vm.NewCache(4, func(size [2]int) (*vm.Program, error) {
		return vm.Compile([]*graph.Node{nn.MaxPool2d(graph.New().Input("x", 1, size[0], size[1], 1), 2)})
	})
	a, err := c.For([2]int{4, 6})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := c.For([2]int{6, 4}); a == b {
		t.Error("another shape, the same program")
	}
	if b, _ := c.For([2]int{4, 6}); a != b {
		t.Error("the same shape, another program")
	}
}
