package familytest

import (
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
	if len(os.Args) > 3 && os.Args[1] == hostArg {
		beHost(os.Args[2], os.Args[3], os.Args[4:])
		return
	}
	// Under the race detector every plugin would sleep for a second at its exit.
	os.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	os.Exit(m.Run())
}

// Run checks a family. The test program's TestMain must be [Main].
func Run(t *testing.T, f family.Family, options ...Option) {
	s := settle(options)
	want, err := f.Describe()
	if err != nil {
		t.Fatal(err)
	}
	if name, ok := s.unknown(want); ok {
		t.Fatalf("an option names the recipe %q; family %s has none of that name", name, f.Name)
	}
	o := host.Options{StopGrace: s.stopWithin + 2*time.Second}
	t.Run("describe", func(t *testing.T) { checkDescription(t, want, launch(t, f.Name, o).Family) })
	ran := ""
	for _, r := range want.Recipes {
		t.Run(r.Name, func(t *testing.T) {
			p := launch(t, f.Name, o)
			t.Run("params", func(t *testing.T) { checkParams(t, p, r, s) })
			if why, ok := s.excluded[r.Name]; ok {
				t.Skipf("declared: %s cannot run in a test: %s", r.Name, why)
			}
			var first *Record
			t.Run("short-run", func(t *testing.T) { first = checkShortRun(t, p, r, s) })
			if first == nil {
				return
			}
			ran = r.Name
			t.Run("same-seed-same-bits", func(t *testing.T) { checkSameBits(t, p, r, s, first) })
			t.Run("stop-and-resume", func(t *testing.T) { checkStop(t, p, r, s) })
		})
	}
	if ran != "" {
		t.Run("killed-host", func(t *testing.T) { checkKilledHost(t, f.Name, ran, s) })
	}
}

// launch starts this test program as the plugin.
func launch(t *testing.T, name string, o host.Options) *host.Plugin {
	t.Helper()
	c, err := (&host.Finder{Bundled: []string{name}}).Find(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := host.Launch(t.Context(), c, o)
	if err != nil {
		t.Fatalf("%v (is TestMain familytest.Main?)", err)
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
