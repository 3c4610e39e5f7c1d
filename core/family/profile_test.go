package family

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
	"lab/core/profile"
)

// A run that shall be profiled leaves its profile behind, however it ends; another does
// not.
func TestProfile(t *testing.T) {
	train := func(s *Session) error {
		profile.Begin(profile.Optimiser, "Adam", 7).End()
		return nil
	}
	for _, c := range []struct {
		name   string
		stop   bool
		train  func(*Session) error
		status core.Status
	}{
		{"finished", false, train, core.Finished},
		{"failed", false, func(s *Session) error { _ = train(s); return errors.New("loss is NaN") }, core.Failed},
		{"panicked", false, func(s *Session) error { _ = train(s); panic("boom") }, core.Failed},
		{"stopped", true, func(s *Session) error { s.Stopped(); return train(s) }, core.Cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			h := play(t, core.RunSpec{Dir: dir, Profile: true}, c.stop, c.train)
			made := all[core.Artifact](h)
			if h.done.Status != c.status || len(made) != 1 || made[0].Name != profile.Artifact || made[0].Kind != "table" || made[0].Step != 0 {
				t.Fatalf("%+v, artifacts %+v", h.done, made)
			}
			f, err := os.Open(filepath.Join(dir, made[0].Path))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			r, err := profile.Read(f)
			if err != nil || len(r.Parts) != 1 || r.Parts[0].Calls[0].Name != "Adam" || r.Outside <= 0 {
				t.Errorf("%+v, %v", r, err)
			}
			if profile.Current() != nil {
				t.Error("the profile is still on")
			}
		})
	}
	if made := all[core.Artifact](play(t, core.RunSpec{}, false, train)); len(made) > 0 {
		t.Errorf("not asked for: %+v", made)
	}
}

// A profile that cannot be had is a warning, and no more.
func TestNoProfile(t *testing.T) {
	on, err := profile.Start()
	if err != nil {
		t.Fatal(err)
	}
	h := play(t, core.RunSpec{Profile: true}, false, func(*Session) error { return nil })
	on.Stop()
	taken := play(t, core.RunSpec{Profile: true}, false, func(s *Session) error { return s.Table("profile", 0, []string{"a"}, nil) })
	for want, h := range map[string]heard{"another profile is on": h, "was already written": taken} {
		log := all[core.Log](h)
		if h.done.Status != core.Finished || len(log) != 1 || log[0].Level != core.Warn || !strings.Contains(log[0].Text, want) {
			t.Errorf("%+v, log %+v; want %q", h.done, log, want)
		}
	}
}
