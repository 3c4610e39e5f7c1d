package vm

import (
	"time"

	"lab/core/graph"
	"lab/core/internal/kernel"
	"lab/core/profile"
	"lab/core/vm/peak"
)

// timer times the calls of a program that was compiled while a profile was on.
type timer struct {
	profile *profile.Profile
	into    *profile.Recorder // from the first run on, when the name is known
	took    []time.Duration   // of each call in one run
}

// timed prepares p for the profile that is on, if one is.
func (p *Program) timed() {
	on := profile.Current()
	if on == nil {
		return
	}
	on.SetPeak(func() (int, float64) { return kernel.Threads(), peak.Measure(kernel.Threads(), 100*time.Millisecond) })
	p.name = graph.Caller()
	p.timer = &timer{profile: on, took: make([]time.Duration, len(p.steps))}
}

// Named gives the program the name that a profile lists it by, instead of where it was
// compiled. Before its first run.
func (p *Program) Named(name string) { p.name = name }

// run makes the program's calls by the clock.
func (t *timer) run(p *Program) {
	if t.into == nil {
		ops := make([]profile.Op, len(p.steps))
		for i, s := range p.steps {
			ops[i] = profile.Op{Name: s.name, Result: s.shape.String(), Flops: s.flops, Bytes: s.bytes}
		}
		t.into = t.profile.Program(p.name, ops)
	}
	last := time.Now()
	for i := range p.steps {
		p.steps[i].run()
		now := time.Now()
		t.took[i] = now.Sub(last)
		last = now
	}
	t.into.Add(t.took)
}
