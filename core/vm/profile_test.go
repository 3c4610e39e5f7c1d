package vm_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"lab/core/profile"
)

// A profile has every call of a program that was compiled while it was on, and none of
// others; what is computed is the same to the bit.
func TestProfile(t *testing.T) {
	before := newTrainer(t)
	on, err := profile.Start()
	if err != nil {
		t.Fatal(err)
	}
	tr, unnamed := newTrainer(t), newTrainer(t)
	tr.p.Named("step")
	const runs = 3
	for range runs {
		want, got := before.step(), tr.step()
		if math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("loss %v, %v without a profile", got, want)
		}
	}
	unnamed.p.Run()
	r := on.Stop()
	if tr.p.Runs() != runs {
		t.Errorf("%d runs are counted", tr.p.Runs())
	}
	find := func(kind profile.Kind, name string) *profile.Part {
		i := slices.IndexFunc(r.Parts, func(p profile.Part) bool { return p.Kind == kind && p.Name == name })
		if i < 0 {
			t.Fatalf("no %s %q in %+v", kind, name, r.Parts)
		}
		return &r.Parts[i]
	}
	step := find(profile.Program, "step")
	want := map[string]int{}
	for _, name := range tr.p.Steps() {
		want[name] += runs
	}
	got, flops, bytes := map[string]int{}, 0.0, 0.0
	for _, c := range step.Calls {
		got[c.Name] += int(c.Calls)
		flops += c.Flops * float64(c.Calls)
		bytes += c.Bytes * float64(c.Calls)
		if c.Best <= 0 || c.Median < c.Best || c.Total < c.Median {
			t.Errorf("%+v", c)
		}
	}
	if len(got) != len(want) {
		t.Errorf("calls %v, want %v", got, want)
	}
	for name, n := range want {
		if got[name] != n {
			t.Errorf("%d times %s, want %d", got[name], name, n)
		}
	}
	if c := tr.p.Cost(); step.Runs != runs || flops != runs*c.Flops || bytes != runs*c.Bytes {
		t.Errorf("%d runs of %g operations and %g bytes in all; want %d of %+v each", step.Runs, flops, bytes, runs, c)
	}
	if i := slices.IndexFunc(r.Parts, func(p profile.Part) bool {
		return p.Kind == profile.Program && strings.HasPrefix(p.Name, "vm/vm_test.go:") && p.Runs == 1
	}); i < 0 {
		t.Errorf("no program that is named for where it was compiled: %+v", r.Parts)
	}
	if c := find(profile.Compiling, "").Calls; len(c) != 1 || c[0].Calls != 2 {
		t.Errorf("compiling: %+v", c)
	}
	if len(r.Parts) > 4 {
		t.Errorf("parts of programs of before: %+v", r.Parts)
	}
	if r.Threads < 1 || !strings.Contains(r.String(), "peak") {
		t.Errorf("the peak was not measured: %s", r)
	}
}
