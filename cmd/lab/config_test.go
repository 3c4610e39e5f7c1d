package main

import (
	"os"
	"path/filepath"
	"testing"

	"lab/core"
	"lab/tracker"
)

// What configOf writes, readConfig reads, whatever the values look like.
func TestConfigRoundTrip(t *testing.T) {
	d := &tracker.Detail{}
	d.Family, d.Recipe, d.UID = "gan", "no", "abc"
	d.Params = []core.Param{
		{Key: "a", Type: core.String, Value: "5"}, {Key: "b", Type: core.String, Value: "# x: y"}, {Key: "c", Type: core.String, Value: ""},
		{Key: "d", Type: core.String, Value: "null"}, {Key: "e", Type: core.Float, Value: "inf"}, {Key: "f", Type: core.Float, Value: "1e-10"},
		{Key: "g.h", Type: core.Strings, Value: core.FormatList([]string{"a,b", "yes", "", "[c]"})}, {Key: "i", Type: core.Ints, Value: "[1,2]"},
		{Key: "j", Type: core.Duration, Value: "1m30s"}, {Key: "k", Type: core.Bool, Value: "true"}, {Key: "l", Type: core.String, Value: "two\nlines"},
		{Key: "m", Type: core.Int, Value: "-3", Default: true}, {Key: "n", Type: core.Ints, Value: "[]"},
	}
	text, err := configOf(d)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := readConfig(path)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	want := append([]core.Param{{Key: "plugin", Value: "gan"}, {Key: "recipe", Value: "no"}}, d.Params...)
	if len(got) != len(want) {
		t.Fatalf("%d of %d\n%s", len(got), len(want), text)
	}
	for i, o := range got {
		if o.Key != want[i].Key || o.Value != want[i].Value {
			t.Errorf("%s=%q; want %s=%q\n%s", o.Key, o.Value, want[i].Key, want[i].Value, text)
		}
	}
}

func TestReadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("plugin: gan # c\noptim: &o {lr: 1e-3, betas: [.5, .999]}\nx: .inf\ny: -.INF\nz: 'true'\nw: ~\nother: *o\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	got, err := readConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []core.Override{{Key: "plugin", Value: "gan"}, {Key: "optim.lr", Value: "1e-3"}, {Key: "optim.betas", Value: "[.5,.999]"}, {Key: "x", Value: "inf"},
		{Key: "y", Value: "-inf"}, {Key: "z", Value: "true", Quoted: true}, {Key: "w", Value: "~"}, {Key: "other.lr", Value: "1e-3"}, {Key: "other.betas", Value: "[.5,.999]"}}
	if len(got) != len(want) {
		t.Fatalf("%v", got)
	}
	for i, o := range got {
		if o.Key != want[i].Key || o.Value != want[i].Value || o.Quoted != want[i].Quoted {
			t.Errorf("%+v; want %+v", o, want[i])
		}
	}
	all := over(got, []core.Override{{Key: "x", Value: "1"}})
	if len(all) != len(want) || all[len(all)-1].Value != "1" {
		t.Errorf("%v", all)
	}
}
