package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
	"lab/tracker"
)

// A profile that is missing or spoilt is one warning, for a run that finished; after
// another the user has enough to read.
func TestProfileWarnings(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "profile.csv"), []byte("mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	table := []core.Artifact{{Name: "profile", Kind: "table", Path: "profile.csv"}}
	for _, c := range []struct {
		status core.Status
		made   []core.Artifact
		want   string
	}{
		{core.Finished, nil, "lab: warning: run abc has no profile: the plugin toy does not make one\n"},
		{core.Finished, table, "lab: warning: profile: there is no column \"kind\"\n"},
		{core.Finished, []core.Artifact{{Name: "profile", Kind: "table", Path: "gone.csv"}}, "gone.csv: no such file or directory\n"},
		{core.Crashed, nil, ""},
	} {
		var out, err bytes.Buffer
		a := &app{out: &out, err: &err}
		d := &tracker.Detail{Dir: dir}
		d.UID, d.Family, d.Status, d.Artifacts = "abc", "toy", c.status, c.made
		a.printProfile(d)
		if out.Len() > 0 || !strings.HasSuffix(err.String(), c.want) || strings.Count(err.String(), "\n") != strings.Count(c.want, "\n") {
			t.Errorf("%s, %v: %q, %q; want %q", c.status, c.made, out.String(), err.String(), c.want)
		}
	}
}
