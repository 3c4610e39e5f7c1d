package familytest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"time"

	"lab/core"
	"lab/core/host"
)

// checkShortRun runs the recipe to its end. It returns nil if that went wrong.
func checkShortRun(t T, p *host.Plugin, r core.Recipe, s *settings) *Record {
	rec := train(t.Context(), t, p, s, request{recipe: r.Name, overrides: s.overrides(r), threads: 1}, nil)
	if rec.Outcome.Status != core.Finished {
		t.Errorf("%s: %s\n%s", rec.Outcome.Status, rec.Outcome.Reason, strings.Join(rec.Log, "\n"))
		return nil
	}
	for _, m := range r.Metrics {
		if len(rec.Values(m.Name)) == 0 {
			t.Errorf("the promised metric %s was not logged", m.Name)
		}
	}
	if v := rec.Last(r.Metrics[0].Name); math.IsNaN(v) {
		t.Errorf("the headline metric %s ends as NaN", r.Metrics[0].Name)
	}
	model := rec.Model()
	why, modelless := s.modelless[r.Name]
	switch {
	case model == "" && modelless:
		t.Logf("declared: %s saves no model: %s", r.Name, why)
	case model == "":
		t.Errorf("no model was saved; if that is meant, declare it by %s", s.say.noModel)
	case modelless:
		t.Errorf("declared to save no model (%s), it saved %s", why, model)
	case s.reload == nil:
		t.Logf("declared: no Reload was given; %s is not loaded again", filepath.Base(model))
	default:
		for _, a := range rec.Artifacts {
			if a.Kind != "model" {
				continue
			}
			if err := s.reload(filepath.Join(rec.Dir, filepath.FromSlash(a.Path))); err != nil {
				t.Errorf("%s does not load again: %v", a.Path, err)
			}
		}
	}
	return rec
}

// checkSameBits runs once more, on another number of threads, and profiled. The SDK
// makes the profile; the contract leaves it to the plugin.
func checkSameBits(t T, p *host.Plugin, r core.Recipe, s *settings, first *Record, ours bool) {
	again := train(t.Context(), t, p, s, request{recipe: r.Name, overrides: s.overrides(r), threads: 3, profile: true}, nil)
	if again.Outcome.Status != core.Finished {
		t.Fatalf("%s: %s", again.Outcome.Status, again.Outcome.Reason)
	}
	a, b := s.stable(first.Points), s.stable(again.Points)
	for i := range min(len(a), len(b)) {
		if x, y := a[i], b[i]; x.Metric != y.Metric || x.Step != y.Step || math.Float64bits(x.Value) != math.Float64bits(y.Value) {
			t.Errorf("the runs part at point %d: %s at step %d is %v, %s at step %d is %v; the same seed, 1 thread and 3 threads with a profile",
				i, x.Metric, x.Step, x.Value, y.Metric, y.Step, y.Value)
			break
		}
	}
	if len(a) != len(b) {
		t.Errorf("%d and %d points", len(a), len(b))
	}
	if diff := sameMap(first.models(), again.models()); diff != "" {
		t.Errorf("models differ: %s", diff)
	}
	switch _, err := again.Profile(); {
	case errors.Is(err, errNoProfile) && !ours:
		t.Logf("asked for a profile: it made none")
	case err != nil:
		t.Errorf("asked for a profile: %v", err)
	}
}

// stable drops the points that were declared to vary.
func (s *settings) stable(points []core.Point) (out []core.Point) {
	for _, p := range points {
		if !s.varying[p.Metric] {
			out = append(out, p)
		}
	}
	return out
}

// checkStop stops a run at its first sign of life, and resumes it if the recipe
// promises that it can be.
func checkStop(t T, p *host.Plugin, r core.Recipe, s *settings) {
	q := request{recipe: r.Name, overrides: s.longer(r), threads: 1}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var asked time.Time
	cut := train(ctx, t, p, s, q, func(e core.Event) {
		switch e.(type) {
		case core.Metrics, core.Progress:
			if asked.IsZero() {
				asked = time.Now()
				stop()
			}
		}
	})
	took := time.Since(asked)
	if !asked.IsZero() && took > s.stopWithin {
		t.Errorf("it ended %v after Stop; allowed are %v", took, s.stopWithin)
	}
	switch {
	case asked.IsZero():
		t.Fatalf("the run neither logged a metric nor told its progress: %s %s", cut.Outcome.Status, cut.Outcome.Reason)
	case cut.Outcome.Status == core.Finished:
		t.Fatalf("the run finished all the same: it never asks whether it shall stop, or it had ended before; give it more to do by %s", s.say.long)
	case cut.Outcome.Status != core.Cancelled:
		t.Fatalf("%s: %s", cut.Outcome.Status, cut.Outcome.Reason)
	}
	if !r.Resume {
		if len(cut.Checkpoints) > 0 {
			t.Errorf("it wrote %s and does not promise to resume: declare family.Resumes()", cut.Checkpoints[0].Path)
		}
		t.Logf("declared: %s does not resume", r.Name)
		return
	}
	if len(cut.Checkpoints) == 0 {
		t.Fatal("it was stopped and left no checkpoint")
	}
	last := cut.Checkpoints[len(cut.Checkpoints)-1]
	whole := train(t.Context(), t, p, s, q, nil)
	q.resume = filepath.Join(cut.Dir, filepath.FromSlash(last.Path))
	rest := train(t.Context(), t, p, s, q, nil)
	for name, rec := range map[string]*Record{"the uninterrupted run": whole, "the resumed run": rest} {
		if rec.Outcome.Status != core.Finished {
			t.Fatalf("%s %s: %s", name, rec.Outcome.Status, rec.Outcome.Reason)
		}
	}
	// Stopped and resumed, the two parts together must say at last what the whole
	// run says. What only the first part says, at its stop, is its own affair.
	want, got := s.final(whole), s.final(rest)
	for k, v := range s.final(cut) {
		if _, ok := got[k]; !ok && want[k] != "" {
			got[k] = v
		}
	}
	if diff := sameMap(want, got); diff != "" {
		t.Errorf("stopped at step %d and resumed, the run goes on otherwise: %s", last.Step, diff)
	}
}

// final is what a run said last about every metric, as text so that NaN equals
// itself, and the models it saved.
func (s *settings) final(r *Record) map[string]string {
	out := map[string]string{}
	for _, p := range s.stable(r.Points) {
		out[p.Metric] = fmt.Sprintf("%v at step %d", p.Value, p.Step)
	}
	for k, sum := range r.models() {
		out["model "+k] = sum
	}
	return out
}
