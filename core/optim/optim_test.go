package optim

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lab/core/checkpoint"
	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/tensor"
)

// model is a set with random values and gradients.
func model(seed uint64, shapes ...tensor.Shape) *graph.Params {
	r := rand.New(rand.NewPCG(seed, 1))
	s := graph.NewParams()
	for i, shape := range shapes {
		x := tensor.New(shape, nil)
		for j := range x.F {
			x.F[j] = float32(r.NormFloat64())
		}
		s.Add(string(rune('a'+i)), false, nil, x)
	}
	newGrads(r, s)
	return s
}

func newGrads(r *rand.Rand, s *graph.Params) {
	for _, p := range s.Trained() {
		for j := range p.Grad() {
			p.Grad()[j] = float32(r.NormFloat64())
		}
	}
}

// Large enough for several tasks, with odd ends.
var shapes = []tensor.Shape{{150, 131}, {131}, {3, 3, 2111}, {1}, {40007}}

func same(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%s: value %d is %v, want the bits of %v", what, i, got[i], want[i])
		}
	}
}

// each runs f with every optimiser, and with what else works on gradients and values
// between steps.
func each(t *testing.T, f func(t *testing.T, begin func(*graph.Params) (step func()))) {
	all := map[string]func(*graph.Params) func(){
		"clip norm":  func(p *graph.Params) func() { c := NewClip(p); return func() { c.Norm(0.1) } },
		"clip value": func(p *graph.Params) func() { c := NewClip(p); return func() { c.Value(0.1) } },
		"accumulate": func(p *graph.Params) func() {
			a := NewAccumulator(p)
			return func() { a.Add(); a.Add(); a.Mean() }
		},
		"ema": func(p *graph.Params) func() {
			e, o := NewEMA(p, 0.9), NewSGD(p, 0.1)
			evaluate := func() {}
			return func() { o.Step(); e.Update(); e.With(evaluate) }
		},
	}
	for name, new := range cases {
		all[name] = func(p *graph.Params) func() { return new(p).Step }
	}
	for name, begin := range all {
		t.Run(name, func(t *testing.T) { f(t, begin) })
	}
}

func TestSameBitsOnAnyNumberOfThreads(t *testing.T) {
	defer kernel.SetThreads(kernel.Threads())
	each(t, func(t *testing.T, begin func(*graph.Params) func()) {
		var want []float32
		for threads := 1; threads <= 3; threads++ {
			kernel.SetThreads(threads)
			params := model(3, shapes...)
			step := begin(params)
			for range 3 {
				step()
			}
			values, grads := params.Flat()
			got := append(append([]float32(nil), values...), grads...)
			if want == nil {
				want = got
			}
			same(t, "bits", got, want)
		}
	})
}

func TestStepsDoNotAllocate(t *testing.T) {
	if kernel.ISA() == "go" {
		t.Skip("the twins of the kernels allocate")
	}
	each(t, func(t *testing.T, begin func(*graph.Params) func()) {
		if n := testing.AllocsPerRun(10, begin(model(3, shapes...))); n != 0 {
			t.Errorf("%v allocations a step", n)
		}
	})
}

// A profile hears of every pass over the memory, and changes nothing.
func TestProfiled(t *testing.T) {
	each(t, func(t *testing.T, begin func(*graph.Params) func()) {
		plain, profiled := model(3, shapes...), model(3, shapes...)
		begin(plain)()
		step := begin(profiled)
		on, err := profile.Start()
		if err != nil {
			t.Fatal(err)
		}
		step()
		r := on.Stop()
		values, _ := plain.Flat()
		got, _ := profiled.Flat()
		same(t, "profiled", got, values)
		if len(r.Parts) != 1 || r.Parts[0].Kind != profile.Optimiser || r.Parts[0].Time() <= 0 {
			t.Fatalf("%+v", r.Parts)
		}
		for _, c := range r.Parts[0].Calls {
			if want := fmt.Sprintf("(%d)", len(values)); c.Name == "" || c.Calls < 1 || c.Result != want {
				t.Errorf("%+v, want %s", c, want)
			}
		}
	})
}

// Values between the parameters stay zero, so that whole-memory passes see no others.
func TestGapsStayZero(t *testing.T) {
	each(t, func(t *testing.T, begin func(*graph.Params) func()) {
		params := model(4, tensor.Shape{3}, tensor.Shape{2, 9}, tensor.Shape{1})
		step := begin(params)
		step()
		step()
		values, _ := params.Flat()
		for _, p := range params.Trained() {
			lo, hi := p.Span()
			for i := lo + p.Shape.Size(); i < hi; i++ {
				if values[i] != 0 {
					t.Fatalf("value %d, between parameters, is %v", i, values[i])
				}
			}
		}
	})
}

// A training that is cut and goes on from its checkpoint ends with the same bits.
func TestResume(t *testing.T) {
	small := []tensor.Shape{{5, 7}, {7}, {700}}
	for name, new := range cases {
		t.Run(name, func(t *testing.T) {
			begin := func() (*graph.Params, optimiser, *EMA, checkpoint.Parts) {
				params := model(5, small...)
				o, e := new(params), NewEMA(params, 0.9)
				return params, o, e, checkpoint.Parts{"model": params, "optimiser": o, "ema": e}
			}
			train := func(p *graph.Params, o optimiser, e *EMA, from, to int) {
				for step := from; step < to; step++ {
					newGrads(rand.New(rand.NewPCG(uint64(step), 2)), p)
					o.Step()
					e.Update()
				}
			}
			want, o, e, parts := begin()
			var file bytes.Buffer
			train(want, o, e, 0, 4)
			if err := parts.Save(&file); err != nil {
				t.Fatal(err)
			}
			train(want, o, e, 4, 7)

			got, o2, e2, parts := begin()
			train(got, o2, e2, 0, 1) // what was there before is replaced
			if err := parts.Load(&file); err != nil {
				t.Fatal(err)
			}
			train(got, o2, e2, 4, 7)
			w, _ := want.Flat()
			g, _ := got.Flat()
			same(t, "values", g, w)
			same(t, "average", e2.average, e.average)
		})
	}
}

func TestLoadStateDictRefuses(t *testing.T) {
	for name, new := range cases {
		t.Run(name, func(t *testing.T) {
			params := model(6, tensor.Shape{20})
			o := new(params)
			o.Step()
			before := o.StateDict()
			expect := func(what, message string, d map[string]*tensor.Tensor) {
				t.Helper()
				if err := o.LoadStateDict(d); err == nil || !strings.Contains(err.Error(), message) {
					t.Errorf("%s: error %v, want %q in it", what, err, message)
				}
			}
			expect("nothing", "there is no number of steps", nil)
			other := new(model(6, tensor.Shape{200}))
			other.Step()
			if d := other.StateDict(); len(d) > 1 {
				expect("another model's state", "has 208 values, the model needs 32", d)
			}
			for key, x := range before {
				same(t, key, o.StateDict()[key].F, x.F)
			}
		})
	}
}

// The average of weights that stand still is those weights, however long.
func TestEMAOfConstants(t *testing.T) {
	params := model(10, tensor.Shape{100})
	values, _ := params.Flat()
	e := NewEMA(params, 0.9999)
	for range 1000 {
		e.Update()
	}
	same(t, "average", e.average, values)
}

func TestAccumulator(t *testing.T) {
	params := model(7, tensor.Shape{3}, tensor.Shape{1000})
	_, grads := params.Flat()
	a := NewAccumulator(params)
	for round := range 2 { // the second starts from nothing
		sum := make([]float64, len(grads))
		for batch := range 4 {
			newGrads(rand.New(rand.NewPCG(uint64(round), uint64(batch))), params)
			a.Add()
			for i, g := range grads {
				sum[i] += float64(g)
			}
		}
		if round == 0 {
			a.Sum()
		} else {
			a.Mean()
			for i := range sum {
				sum[i] /= 4
			}
		}
		agree(t, "gradients", grads, sum)
	}
}

// The norm of many values keeps its digits, and one that is no number is told.
func TestClipNormOfMany(t *testing.T) {
	params := model(8, tensor.Shape{300001})
	_, grads := params.Flat()
	sum := 0.0
	for _, g := range grads {
		sum += float64(g) * float64(g)
	}
	c := NewClip(params)
	if got, want := c.Norm(math.Inf(1)), math.Sqrt(sum); math.Abs(got-want) > 1e-7*want {
		t.Errorf("norm %v, want %v", got, want)
	}
	if got := c.Norm(2); math.Abs(got-math.Sqrt(sum)) > 1e-7*got {
		t.Errorf("measuring changed the gradients: norm %v", got)
	}
	if got := c.Norm(3); math.Abs(got-2) > 1e-5 {
		t.Errorf("clipped to 2, the norm is %v", got)
	}
	grads[7] = float32(math.NaN())
	if got := c.Norm(1); !math.IsNaN(got) || !math.IsNaN(float64(grads[8])) {
		t.Errorf("with a NaN the norm is %v and another gradient %v", got, grads[8])
	}
}

// A factor 0 freezes parameters, whatever the decay; others go on.
func TestScaleLRFreezes(t *testing.T) {
	for name, new := range cases {
		params := model(9, tensor.Shape{40}, tensor.Shape{4, 10}, tensor.Shape{17})
		before := params.StateDict()
		o := new(params)
		o.(interface {
			ScaleLR(func(*graph.Param) float64)
		}).ScaleLR(func(p *graph.Param) float64 {
			if p.Name == "b" {
				return 0
			}
			return 1
		})
		o.Step()
		for key, x := range params.StateDict() {
			frozen := true
			for i := range x.F {
				frozen = frozen && x.F[i] == before[key].F[i]
			}
			if frozen != (key == "b") {
				t.Errorf("%s: parameter %s frozen: %v", name, key, frozen)
			}
		}
	}
}

func TestSchedulesEnd(t *testing.T) {
	for name, got := range map[string]float64{
		"constant": Constant(0.25)(1e9), "cosine": Cosine(1, 0.25, 10)(11), "linear": Linear(1, 0.25, 10)(11),
		"no warm-up": WarmUp(0, 0, Constant(0.25))(0), "no steps": Cosine(1, 0.25, 0)(0),
		"one cycle": 0.25 + NewOneCycle(1, 10).LR(99) - NewOneCycle(1, 10).LR(9),
	} {
		if got != 0.25 {
			t.Errorf("%s: %v, want 0.25", name, got)
		}
	}
}
