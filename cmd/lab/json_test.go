package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"lab/core"
	"lab/tracker"
)

// TestJSON compares what every command prints with the shapes of docs/json.md.
func TestJSON(t *testing.T) {
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	shapes := map[string]any{}
	for _, m := range regexp.MustCompile("(?s)```json ([^\n]+)\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		var shape any
		if err := json.Unmarshal([]byte(m[2]), &shape); err != nil {
			t.Fatalf("%s: %v", m[1], err)
		}
		shapes[m[1]] = shape
	}
	home, dir := t.TempDir(), t.TempDir()
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	t.Setenv("LAB_PLUGIN_PATH", "")
	a, b := jsonRuns(t, home)
	zip := filepath.Join(dir, "runs.zip")
	small := []string{"plugin=gan", "epochs=1", "batch_size=100", "channels=4", "latent_dim=8", "fid_samples=200", "--quiet"}
	tested := map[string]bool{}
	for _, c := range []struct {
		shape string
		args  []string
	}{
		{"report", []string{"report"}},
		{"report", []string{"report", "--columns", "lr,last(fid),name,env.host.os"}},
		{"report", []string{"tag", "a", "new"}},
		{"report --by", []string{"report", "--fold", "--columns", "lr"}},
		{"report --by", []string{"report", "--by", "lr,plugin"}},
		{"show", []string{"show", a}},
		{"show", append([]string{"run", "--name", "c"}, small...)},
		{"show", append([]string{"run", "from=c", "lr=0"}, small...)},
		{"diff", []string{"diff", "a", "b"}},
		{"diff", []string{"diff", "a", "c"}},
		{"diff", []string{"diff", "a", "a"}},
		{"verify", []string{"verify", "a", "--records"}},
		{"verify", []string{"verify", "c", "--quiet"}},
		{"config", []string{"config", "@1"}},
		{"export", []string{"export", "c", "-o", filepath.Join(dir, "m.onnx")}},
		{"export --format zip", []string{"export", "a", "b", "-o", zip}},
		{"export --format zip", []string{"export", "a", "b", "--format", "tensorboard", "-o", filepath.Join(dir, "logs")}},
		{"import", []string{"import", zip}},
		{"rm", []string{"rm", b}},
		{"restore", []string{"restore", b}},
		{"rm", []string{"rm", b}},
		{"gc", []string{"gc", "--yes"}},
		{"plugins", []string{"plugins"}},
		{"plugin list", []string{"plugin", "list"}},
		{"doctor", []string{"doctor"}},
		{"version", []string{"version"}},
	} {
		var out, said bytes.Buffer
		if code := (&app{out: &out, err: &said}).main(append(c.args, "--json", "--home", home)); code != 0 {
			t.Errorf("lab %s: %d: %s", strings.Join(c.args, " "), code, said.String())
			continue
		}
		var got any
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Errorf("lab %s: %v", strings.Join(c.args, " "), err)
			continue
		}
		shape, ok := shapes[c.shape]
		if !ok {
			t.Fatalf("docs/json.md has no block %q", c.shape)
		}
		tested[c.shape] = true
		if c.args[0] == "tag" { // which prints one of the list
			shape = shape.([]any)[0]
		}
		for _, fault := range unlike(shape, got, "") {
			t.Errorf("lab %s: %s", strings.Join(c.args, " "), fault)
		}
	}
	for name := range shapes {
		if !tested[name] {
			t.Errorf("the block %q is not tested", name)
		}
	}
}

// jsonRuns records two runs and returns their ids.
func jsonRuns(t *testing.T, home string) (a, b string) {
	t.Helper()
	db, err := tracker.Open(home, tracker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var ids []string
	for i, name := range []string{"a", "b"} {
		run, err := db.Start(tracker.NewRun{Family: "gan", Recipe: "dcgan", Name: name, Seed: uint64(i), Tags: []string{"t"}, CommandLine: []string{"lab"},
			Params:      []core.Param{{Key: "lr", Type: core.Float, Value: "0.1"}, {Key: "seed", Type: core.Int, Value: fmt.Sprint(i)}},
			Metrics:     []core.MetricSpec{{Name: "fid", Goal: core.Lower, Unit: "px"}},
			Environment: []core.Fact{{Key: "host.os", Value: name}, {Key: "data.x", Value: name}, {Key: "git.commit", Value: name}, {Key: "note", Value: name}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := run.Put(core.Metrics{Points: []core.Point{{Metric: "fid", Step: 1, Value: float64(i)}, {Metric: name, Step: 1, Value: 1}}}); err != nil {
			t.Fatal(err)
		}
		if err := run.Close(tracker.Exit{Status: core.Finished, PeakMemory: 1}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, run.UID())
	}
	return ids[0], ids[1]
}

// unlike says where a value differs from its documented shape.
func unlike(shape, got any, at string) (faults []string) {
	bad := func(format string, args ...any) {
		faults = append(faults, strings.TrimPrefix(at+": ", ": ")+fmt.Sprintf(format, args...))
	}
	switch s := shape.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if got == nil && at != "" {
			return nil // a side or an end that is not there
		}
		if !ok {
			bad("%v is not an object", got)
			return faults
		}
		for key, v := range g {
			documented, ok := s[key]
			for _, other := range []string{key + "?", "…"} {
				if !ok {
					documented, ok = s[other]
				}
			}
			if !ok {
				bad("%s is not documented", key)
				continue
			}
			faults = append(faults, unlike(documented, v, at+"."+key)...)
		}
		for key := range s {
			if _, ok := g[key]; !ok && key != "…" && !strings.HasSuffix(key, "?") {
				bad("%s is missing", key)
			}
		}
	case []any:
		g, ok := got.([]any)
		if !ok {
			bad("%v is not a list", got)
		}
		for _, v := range g {
			faults = append(faults, unlike(s[0], v, at+"[]")...)
		}
	case float64:
		switch v := got.(type) {
		case float64, nil:
		case string:
			if v != "nan" && v != "inf" && v != "-inf" && !strings.Contains(at, "columns") {
				bad("%q is not a number", v)
			}
		default:
			bad("%v is not a number", got)
		}
	default:
		if got != nil && fmt.Sprintf("%T", got) != fmt.Sprintf("%T", shape) {
			bad("%v is a %T, not a %T", got, got, shape)
		}
	}
	return faults
}
