package optim

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"lab/core/checkpoint"
	"lab/core/graph"
	"lab/core/tensor"
)

// fixture is what testdata/make.py wrote: numbers of all parameters, one after the
// other, as PyTorch computes them in float64.
type fixture struct {
	Names      []string
	Shapes     []tensor.Shape
	Start      []float64
	Grads      [][]float64 // at each step
	Optimisers map[string]struct {
		First, Last []float64 // parameters after the first and the last step
		State       map[string][]float64
	}
	Schedules map[string]struct{ LR, Momentum []float64 }
	Clips     []struct {
		Kind               string
		Limit, Scale, Norm float64
		Grads              []float64
	}
	EMA struct {
		Decay   float64
		Average []float64
	}
}

func torch(t *testing.T) *fixture {
	t.Helper()
	b, err := os.ReadFile("testdata/torch.json")
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{}
	if err := json.Unmarshal(b, f); err != nil {
		t.Fatal(err)
	}
	return f
}

// params is the fixture's set of parameters from number lo to hi at their start.
func (f *fixture) params(lo, hi int) *graph.Params {
	s, start := graph.NewParams(), f.Start
	for i, shape := range f.Shapes {
		x := tensor.New(shape, nil)
		for j := range x.F {
			x.F[j] = float32(start[j])
		}
		start = start[len(x.F):]
		if lo <= i && i < hi {
			s.Add(f.Names[i], false, nil, x)
		}
	}
	return s
}

// setGrads gives the sets, which hold all parameters in order, these gradients.
func setGrads(values []float64, sets ...*graph.Params) {
	for _, s := range sets {
		for _, p := range s.Trained() {
			for j := range p.Grad() {
				p.Grad()[j] = float32(values[j])
			}
			values = values[p.Shape.Size():]
		}
	}
}

// within returns what an array over the set holds for the parameters alone.
func within(s *graph.Params, array []float32) (x []float32) {
	for _, p := range s.Trained() {
		lo, _ := p.Span()
		x = append(x, array[lo:lo+p.Shape.Size()]...)
	}
	return x
}

// agree fails unless got is want to 1e-6 of itself or of all values' size.
func agree(t *testing.T, what string, got []float32, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	size := 0.0
	for _, w := range want {
		size += w * w / float64(len(want))
	}
	for i, w := range want {
		if !(math.Abs(float64(got[i])-w) <= 1e-6*math.Max(math.Abs(w), math.Sqrt(size))) {
			t.Fatalf("%s: value %d is %v, torch has %v", what, i, got[i], w)
		}
	}
}

// optimiser is what a training asks of one.
type optimiser interface {
	Step()
	SetLR(lr float64)
	checkpoint.Part
}

func biasRate(p *graph.Param) float64 {
	if Matrices(p) {
		return 1
	}
	return 0.1
}

// The optimisers of make.py, by the same names.
var cases = map[string]func(p *graph.Params) optimiser{
	"sgd":                          func(p *graph.Params) optimiser { return NewSGD(p, 0.1) },
	"sgd decay":                    func(p *graph.Params) optimiser { return sgd(p, 0, 0, 0.05) },
	"sgd momentum":                 func(p *graph.Params) optimiser { return sgd(p, 0.9, 0, 0) },
	"sgd momentum dampening decay": func(p *graph.Params) optimiser { return sgd(p, 0.9, 0.3, 0.05) },
	"sgd schedule":                 func(p *graph.Params) optimiser { return sgd(p, 0.9, 0, 0) },
	"sgd nesterov": func(p *graph.Params) optimiser {
		s := sgd(p, 0.9, 0, 0.05)
		s.Nesterov = true
		return s
	},
	"sgd matrices": func(p *graph.Params) optimiser {
		s := sgd(p, 0.9, 0, 0.05)
		s.DecayOnly(Matrices)
		s.ScaleLR(biasRate)
		return s
	},
	"rmsprop": func(p *graph.Params) optimiser { return NewRMSprop(p, 1e-2) },
	"rmsprop decay": func(p *graph.Params) optimiser {
		s := NewRMSprop(p, 1e-3)
		s.Alpha, s.Eps, s.WeightDecay = 0.9, 1e-3, 0.05
		return s
	},
	"rmsprop momentum": func(p *graph.Params) optimiser {
		s := NewRMSprop(p, 1e-3)
		s.Momentum = 0.9
		return s
	},
	"rmsprop centered": func(p *graph.Params) optimiser {
		s := NewRMSprop(p, 1e-3)
		s.Centered = true
		return s
	},
	"rmsprop all": func(p *graph.Params) optimiser {
		s := NewRMSprop(p, 1e-3)
		s.Alpha, s.Centered, s.Momentum, s.WeightDecay = 0.95, true, 0.5, 0.05
		return s
	},
	"adam":          func(p *graph.Params) optimiser { return NewAdam(p, 0.1) },
	"adam schedule": func(p *graph.Params) optimiser { return NewAdam(p, 0.1) },
	"adam decay": func(p *graph.Params) optimiser {
		a := NewAdam(p, 0.1)
		a.Beta1, a.Beta2, a.Eps, a.WeightDecay = 0.5, 0.9, 0.1, 0.05
		return a
	},
	"adamw": func(p *graph.Params) optimiser { return NewAdamW(p, 0.1) },
	"adamw matrices": func(p *graph.Params) optimiser {
		a := NewAdamW(p, 0.1)
		a.WeightDecay = 0.1
		a.DecayOnly(Matrices)
		a.ScaleLR(biasRate)
		return a
	},
	"lion": func(p *graph.Params) optimiser { return NewLion(p, 0.01) },
	"lion decay": func(p *graph.Params) optimiser {
		l := NewLion(p, 0.01)
		l.Beta1, l.Beta2, l.WeightDecay = 0.95, 0.98, 0.5
		l.DecayOnly(Matrices)
		return l
	},
	"lamb": func(p *graph.Params) optimiser { return NewLAMB(p, 0.1) },
	"lamb matrices": func(p *graph.Params) optimiser {
		l := NewLAMB(p, 0.1)
		l.WeightDecay = 0.1
		l.DecayOnly(Matrices)
		return l
	},
}

func sgd(p *graph.Params, momentum, dampening, decay float64) *SGD {
	s := NewSGD(p, 0.1)
	s.Momentum, s.Dampening, s.WeightDecay = momentum, dampening, decay
	return s
}

// Parameters and state are PyTorch's after one step and after ten.
func TestOptimisersAgreeWithTorch(t *testing.T) {
	f := torch(t)
	if len(f.Optimisers) != len(cases) {
		t.Errorf("%d cases for %d in the fixture", len(cases), len(f.Optimisers))
	}
	for name, want := range f.Optimisers {
		t.Run(name, func(t *testing.T) {
			params := f.params(0, len(f.Names))
			o := cases[name](params)
			schedule := Cosine(0.1, 0, len(f.Grads))
			values, _ := params.Flat()
			for step, grads := range f.Grads {
				setGrads(grads, params)
				if name == "adam schedule" || name == "sgd schedule" {
					o.SetLR(schedule(step))
				}
				o.Step()
				if step == 0 {
					agree(t, "first step", within(params, values), want.First)
				}
			}
			agree(t, "last step", within(params, values), want.Last)
			state := o.StateDict()
			if len(state) != len(want.State)+1 { // and the number of steps
				t.Errorf("the state has %d entries, torch's %d", len(state), len(want.State)+1)
			}
			for key, w := range want.State {
				agree(t, key, within(params, state[key].F), w)
			}
		})
	}
}

func TestClipAgreesWithTorch(t *testing.T) {
	f := torch(t)
	for _, want := range f.Clips {
		one, two := f.params(0, 2), f.params(2, len(f.Names)) // of both sets together
		grads := slices.Clone(f.Grads[0])
		for i := range grads {
			grads[i] *= want.Scale
		}
		setGrads(grads, one, two)
		c := NewClip(one, two)
		if want.Kind == "value" {
			c.Value(want.Limit)
		} else if norm := c.Norm(want.Limit); math.Abs(norm-want.Norm) > 1e-6*want.Norm {
			t.Errorf("norm %v, torch has %v", norm, want.Norm)
		}
		_, g1 := one.Flat()
		_, g2 := two.Flat()
		agree(t, want.Kind, append(within(one, g1), within(two, g2)...), want.Grads)
	}
}

func TestEMAAgreesWithTorch(t *testing.T) {
	f := torch(t)
	params := f.params(0, len(f.Names))
	values, _ := params.Flat()
	o, e := cases["sgd"](params), NewEMA(params, f.EMA.Decay)
	for _, grads := range f.Grads {
		setGrads(grads, params)
		o.Step()
		e.Update()
	}
	own := append([]float32(nil), values...)
	e.With(func() { agree(t, "average", within(params, values), f.EMA.Average) })
	same(t, "after With", values, own)
}

func TestSchedulesAgreeWithTorch(t *testing.T) {
	linear := NewOneCycle(0.3, 23)
	linear.PctStart, linear.Linear, linear.DivFactor, linear.FinalDivFactor = 0.4, true, 10, 100
	linear.BaseMomentum, linear.MaxMomentum = 0.8, 0.9
	three := NewOneCycle(0.3, 21)
	three.ThreePhase = true
	cycles := map[string]*OneCycle{"onecycle": NewOneCycle(0.3, 20), "onecycle linear": linear, "onecycle three": three}
	schedules := map[string]Schedule{
		"step":   StepDecay(0.1, 3, 0.5),
		"cosine": Cosine(0.1, 0.01, 20),
		"linear": Linear(0.1, 0, 20),
		"warmup": WarmUp(0.1, 5, Cosine(0.1, 0, 15)),
	}
	for name, c := range cycles {
		schedules[name] = c.LR
	}
	for name, want := range torch(t).Schedules {
		for step, w := range want.LR {
			if got := schedules[name](step); math.Abs(got-w) > 1e-12 {
				t.Errorf("%s: step %d has rate %v, torch %v", name, step, got, w)
			}
			if c := cycles[name]; c != nil && math.Abs(c.Momentum(step)-want.Momentum[step]) > 1e-12 {
				t.Errorf("%s: step %d has momentum %v, torch %v", name, step, c.Momentum(step), want.Momentum[step])
			}
		}
	}
}
