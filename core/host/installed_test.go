package host_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
	"lab/core/host"
)

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "plugins")
	how := host.Installation{Dir: dir, Bundled: []string{"gan"}}
	find := func(name string) (host.Candidate, error) {
		return (&host.Finder{Bundled: how.Bundled, Dirs: []string{dir}}).Find(name)
	}
	for range 2 { // a second time it takes its own place
		c, err := host.Install(t.Context(), thirdParty(t, "toy").Path, how, host.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != "toy" || c.Path != filepath.Join(dir, "lab-plugin-toy") || c.Record.Version != "1.0.0" || len(c.SHA256) != 64 {
			t.Errorf("%+v, %+v", c, c.Record)
		}
	}
	if got := host.Records(dir); !slices.Equal(got, []string{"toy"}) {
		t.Errorf("records of %v", got)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".install*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	c, err := find("toy")
	if err != nil || c.Record == nil {
		t.Fatalf("%+v, %v", c, err)
	}
	launch(t, c, host.Options{})

	// Replaced on disk after that.
	if err := os.Remove(c.Path); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(c.Path, []byte("#!/bin/sh\ntouch "+filepath.Join(dir, "pwned")+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if c, err = find("toy"); err != nil {
		t.Fatal(err)
	}
	_, err = host.Launch(t.Context(), c, host.Options{})
	if err == nil || !strings.Contains(err.Error(), "the file is not the one that was installed: its sha256 differs") || core.KindOf(err) != core.PluginError {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "pwned")); err == nil {
		t.Error("it was started")
	}
	if err := c.Verify(); err == nil {
		t.Error("it is what was installed")
	}

	// A record that cannot be read is no leave to start anything.
	if err := os.WriteFile(c.Path+".json", []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := find("toy"); err == nil || !strings.Contains(err.Error(), "lab-plugin-toy.json") {
		t.Errorf("got %v", err)
	}
	if err := host.Remove(dir, "toy"); err != nil {
		t.Error(err)
	}
	if err := host.Remove(dir, "toy"); core.KindOf(err) != core.Usage {
		t.Errorf("removed twice: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestInstallLink(t *testing.T) {
	dir := t.TempDir()
	from := thirdParty(t, "toy").Path
	c, err := host.Install(t.Context(), from, host.Installation{Dir: dir, Link: true}, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(c.Path); err != nil || to != from {
		t.Errorf("a link to %s, %v", to, err)
	}
	if err := host.Remove(dir, "toy"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(from); err != nil {
		t.Error("what the link led to is gone")
	}
}

func TestInstallRefuses(t *testing.T) {
	dir := t.TempDir()
	flat := filepath.Join(dir, "flat")
	if err := os.WriteFile(flat, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, msg, try string }{
		{filepath.Join(dir, "absent"), "no such file", ""},
		{dir, "is not a file", ""},
		{flat, "is not executable", "chmod +x"},
		{thirdParty(t, "dead").Path, "plugin lab-plugin-dead ended before its handshake; its last words: cannot find libfoo.so", "--link"},
		{thirdParty(t, "toy").Path, "has the name of the bundled family toy", "--shadow"},
	} {
		to := t.TempDir()
		_, err := host.Install(t.Context(), c.path, host.Installation{Dir: to, Bundled: []string{"toy"}}, host.Options{})
		if err == nil || !strings.Contains(err.Error(), c.msg) || !strings.Contains(core.TryOf(err), c.try) {
			t.Errorf("%s: got %v (try %q)", c.path, err, core.TryOf(err))
		}
		if left, _ := os.ReadDir(to); len(left) > 0 {
			t.Errorf("%s: left behind: %v", c.path, left)
		}
	}
}

// A plugin with a bundled family's name takes its place where it was installed to.
func TestShadow(t *testing.T) {
	dir := t.TempDir()
	how := host.Installation{Dir: dir, Bundled: []string{"toy"}, Shadow: true}
	if _, err := host.Install(t.Context(), thirdParty(t, "toy").Path, how, host.Options{}); err != nil {
		t.Fatal(err)
	}
	f := &host.Finder{Bundled: how.Bundled, Dirs: []string{dir}}
	if c, err := f.Find("toy"); err != nil || c.Bundled {
		t.Errorf("%+v, %v", c, err)
	}
	record := filepath.Join(dir, "lab-plugin-toy.json")
	var r host.Installed
	b, err := os.ReadFile(record)
	if err == nil {
		err = json.Unmarshal(b, &r)
	}
	if err != nil || !r.Shadow {
		t.Fatalf("%s: %v", b, err)
	}
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Find("toy"); err == nil {
		t.Error("without the record, the bundled family is still shadowed")
	}
}

func TestPatience(t *testing.T) {
	t.Setenv("LAB_PLUGIN_START_TIMEOUT", "1m30s")
	t.Setenv("LAB_PLUGIN_STOP_GRACE", "5s")
	if o, err := host.Patience(); err != nil || o.StartTimeout.String() != "1m30s" || o.StopGrace.String() != "5s" {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range []string{"", "5", "-1s", "0s"} {
		t.Setenv("LAB_PLUGIN_STOP_GRACE", bad)
		if _, err := host.Patience(); core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), "LAB_PLUGIN_STOP_GRACE") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
