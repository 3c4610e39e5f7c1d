package familytest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"lab/core"
	"lab/core/family"
	"lab/core/host"
	"lab/core/profile"
)

// Record is everything a run said. It is a [core.Sink].
type Record struct {
	Outcome     host.Outcome
	Dir         string // the run's folder
	Points      []core.Point
	Artifacts   []core.Artifact
	Checkpoints []core.Checkpoint
	Facts       map[string]string
	Log         []string

	mu   sync.Mutex
	hear func(core.Event) // called after an event was recorded; may be nil
}

// Put records an event.
func (r *Record) Put(e core.Event) error {
	r.mu.Lock()
	switch e := e.(type) {
	case core.Metrics:
		r.Points = append(r.Points, e.Points...)
	case core.Artifact:
		r.Artifacts = append(r.Artifacts, e)
	case core.Checkpoint:
		r.Checkpoints = append(r.Checkpoints, e)
	case core.Log:
		r.Log = append(r.Log, e.Text)
	case core.Fact:
		if r.Facts == nil {
			r.Facts = map[string]string{}
		}
		r.Facts[e.Key] = e.Value
	}
	r.mu.Unlock()
	if r.hear != nil {
		r.hear(e)
	}
	return nil
}

// Values are the values of a metric in the order they were logged.
func (r *Record) Values(metric string) (out []float64) {
	for _, p := range r.Points {
		if p.Metric == metric {
			out = append(out, p.Value)
		}
	}
	return out
}

// Last is the last value of a metric, or NaN if there is none.
func (r *Record) Last(metric string) float64 {
	v := r.Values(metric)
	if len(v) == 0 {
		return math.NaN()
	}
	return v[len(v)-1]
}

// Model is the path of the newest model, or "".
func (r *Record) Model() (path string) {
	step := int64(-1)
	for _, a := range r.Artifacts {
		if a.Kind == "model" && (a.Step >= step || a.Step == 0) {
			path, step = filepath.Join(r.Dir, filepath.FromSlash(a.Path)), a.Step
		}
	}
	return path
}

// Models are the paths of all models, in the order they were saved.
func (r *Record) Models() (paths []string) {
	for _, a := range r.Artifacts {
		if a.Kind == "model" {
			paths = append(paths, filepath.Join(r.Dir, filepath.FromSlash(a.Path)))
		}
	}
	return paths
}

// Profile reads where the time went in a run that was profiled.
func (r *Record) Profile() (*profile.Report, error) {
	for _, a := range r.Artifacts {
		if a.Kind == "table" && a.Name == profile.Artifact && a.Step == 0 {
			f, err := os.Open(filepath.Join(r.Dir, filepath.FromSlash(a.Path)))
			if err != nil {
				return nil, err
			}
			defer f.Close()
			return profile.Read(f)
		}
	}
	return nil, errNoProfile
}

var errNoProfile = errors.New("there is none")

// models are the hashes of all models, by name and step.
func (r *Record) models() map[string]string {
	out := map[string]string{}
	for _, a := range r.Artifacts {
		if a.Kind == "model" {
			out[fmt.Sprintf("%s at step %d", a.Name, a.Step)] = a.SHA256
		}
	}
	return out
}

// Train runs a recipe within the test's own process, where a debugger reaches it,
// over the same messages as ever. Overrides are written as on the command line,
// "epochs=2", and so is the file to start from, "from=model.onnx". A run that does not
// finish fails the test.
func Train(t testing.TB, f family.Family, recipe string, overrides ...string) *Record {
	t.Helper()
	r := Attempt(t, f, recipe, overrides...)
	if r.Outcome.Status != core.Finished {
		t.Fatalf("%s/%s %s: %s\n%s", f.Name, recipe, r.Outcome.Status, r.Outcome.Reason, strings.Join(r.Log, "\n"))
	}
	return r
}

// TrainEach is Train of several runs, each written as recipe and overrides. It shows every
// record to see, and fails the test if a recipe of the family is not among them.
func TrainEach(t testing.TB, f family.Family, runs [][]string, see func(*Record)) {
	t.Helper()
	described, err := f.Describe()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range described.Recipes {
		if !slices.ContainsFunc(runs, func(run []string) bool { return run[0] == r.Name }) {
			t.Errorf("no run of recipe %s", r.Name)
		}
	}
	for _, run := range runs {
		see(Train(t, f, run[0], run[1:]...))
	}
}

// Attempt is Train of a run whose end, good or bad, is for the test to judge:
// Record.Outcome.
func Attempt(t testing.TB, f family.Family, recipe string, overrides ...string) *Record {
	t.Helper()
	p, err := host.InProcess(f.Name, f.Register, host.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := &settings{from: map[string]string{}}
	overrides = slices.DeleteFunc(slices.Clone(overrides), func(o string) bool {
		path, found := strings.CutPrefix(o, "from=")
		if found {
			s.from[recipe] = path
		}
		return found
	})
	return train(t.Context(), t, p, s, request{recipe: recipe, overrides: overrides, threads: 1}, nil)
}

// request is what one run of a test shall do.
type request struct {
	recipe    string
	overrides []string
	threads   int
	profile   bool
	resume    string
}

func train(ctx context.Context, t asserter, p *host.Plugin, s *settings, q request, hear func(core.Event)) *Record {
	t.Helper()
	recipe, ok := p.Family.Recipe(q.recipe)
	if !ok {
		t.Fatalf("family %s has no recipe %q", p.Family.Name, q.recipe)
	}
	params, err := recipe.Resolve(p.Family.Name, parse(q.overrides))
	if err != nil {
		t.Fatal(err)
	}
	r := &Record{Dir: t.TempDir(), hear: hear}
	r.Outcome = p.Train(ctx, core.RunSpec{Recipe: recipe.Name, Params: params, Dir: r.Dir, DataDir: s.dataDir,
		From: s.from[recipe.Name], Resume: q.resume, Threads: q.threads, Profile: q.profile}, r)
	return r
}

func parse(overrides []string) []core.Override {
	var out []core.Override
	for _, o := range overrides {
		key, value, _ := strings.Cut(o, "=")
		out = append(out, core.Override{Key: key, Value: value, Source: o})
	}
	return out
}
