package familytest

import (
	"context"
	"os"
	"testing"
	"time"

	"lab/core"
	"lab/core/family"
	"lab/core/host"
)

// Main is the TestMain of a family's tests. It makes the test program able to be
// started as the plugin, and as a host that can be killed.
func Main(m *testing.M, families ...family.Family) {
	family.ServeBundled(families...)
	BeHost()
	// Under the race detector every plugin would sleep for a second at its exit.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	os.Exit(m.Run())
}

// Run checks a family. The test program's TestMain must be [Main].
func Run(t *testing.T, f family.Family, options ...Option) {
	t.Helper()
	want, err := f.Describe()
	if err != nil {
		t.Fatal(err)
	}
	c, err := (&host.Finder{Bundled: []string{f.Name}}).Find(f.Name)
	if err != nil {
		t.Fatal(err)
	}
	suite(goTest{t}, subject{candidate: c, declared: &want}, settle(inGo, options))
}

// Check checks an executable of which no more is known than what it says, tells of
// each check when that has ended, and reports whether all went well. The main of the
// program that calls it must begin with [BeHost].
func Check(ctx context.Context, c host.Candidate, o host.Options, tell func(Result), options ...Option) bool {
	r := &report{tell: tell, ctx: ctx}
	return r.Run("", func(t T) { suite(t, subject{candidate: c, options: o}, settle(onCommand, options)) })
}

// subject is what is checked.
type subject struct {
	candidate host.Candidate
	options   host.Options
	declared  *core.Family // what its source declares; nil where nobody knows
}

// ours reports whether the plugin is known to be written with the SDK, which promises
// more than the contract.
func (s subject) ours() bool { return s.declared != nil }

func suite(t T, sub subject, s *settings) {
	sub.options.StopGrace = s.stopWithin + 2*time.Second
	var d core.Family
	t.Run("describe", func(t T) {
		d = sub.launch(t).Family
		checkDescription(t, sub.declared, d)
	})
	if d.Name == "" {
		return
	}
	if name, ok := s.unknown(d); ok {
		t.Fatalf("an option names the recipe %q; family %s has none of that name", name, d.Name)
	}
	ran := ""
	for _, r := range d.Recipes {
		if s.only != "" && r.Name != s.only {
			continue
		}
		t.Run(r.Name, func(t T) {
			p := sub.launch(t)
			t.Run("params", func(t T) { checkParams(t, p, r, s, sub.ours()) })
			if why, ok := s.excluded[r.Name]; ok {
				t.Skipf("declared: %s cannot run in a test: %s", r.Name, why)
			}
			var first *Record
			t.Run("short-run", func(t T) { first = checkShortRun(t, p, r, s) })
			if first == nil {
				return
			}
			ran = r.Name
			t.Run("same-seed-same-bits", func(t T) { checkSameBits(t, p, r, s, first, sub.ours()) })
			t.Run("stop-and-resume", func(t T) { checkStop(t, p, r, s) })
		})
	}
	if ran != "" {
		t.Run("killed-host", func(t T) { checkKilledHost(t, sub.candidate, ran, s) })
	}
}

func (s subject) launch(t T) *host.Plugin {
	t.Helper()
	p, err := host.Launch(t.Context(), s.candidate, s.options)
	if err != nil {
		if s.ours() {
			t.Fatalf("%v (is TestMain familytest.Main?)", err)
		}
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// overrides are those of a short run.
func (s *settings) overrides(r core.Recipe) []string { return s.short[r.Name] }

// longer are those of a run to stop.
func (s *settings) longer(r core.Recipe) []string {
	if o, ok := s.long[r.Name]; ok {
		return o
	}
	return s.short[r.Name]
}
