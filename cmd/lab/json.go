package main

import (
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"lab/core"
	"lab/tracker"
)

func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// jsonNumber is a float as JSON; what JSON does not know is the string "nan", "inf"
// or "-inf".
type jsonNumber float64

func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return json.Marshal(core.FormatFloat(v))
	}
	return json.Marshal(float64(n))
}

type jsonMetric struct {
	Name     string     `json:"name"`
	Unit     string     `json:"unit,omitempty"`
	Better   string     `json:"better"` // "lower", "higher" or "neutral"
	Points   int64      `json:"points"`
	Last     jsonNumber `json:"last"`
	LastStep int64      `json:"last_step"`
	Best     jsonNumber `json:"best"`
	BestStep int64      `json:"best_step"`
	Min      jsonNumber `json:"min"`
	Max      jsonNumber `json:"max"`
}

type jsonParam struct {
	Key     string `json:"key"`
	Type    string `json:"type"`
	Value   string `json:"value"`
	Default bool   `json:"default"`
}

// jsonSummary is a run as lab report --json prints it.
type jsonSummary struct {
	Number   int          `json:"number"` // @N
	ID       string       `json:"id"`
	Name     string       `json:"name,omitempty"`
	Plugin   string       `json:"plugin"`
	Version  string       `json:"plugin_version"`
	Recipe   string       `json:"recipe"`
	Status   core.Status  `json:"status"`
	Reason   string       `json:"reason,omitempty"`
	Started  time.Time    `json:"started"`
	Ended    *time.Time   `json:"ended"`
	Seconds  float64      `json:"seconds"`
	Seed     uint64       `json:"seed"`
	Note     string       `json:"note,omitempty"`
	Tags     []string     `json:"tags"`
	Params   []jsonParam  `json:"params"`
	Metrics  []jsonMetric `json:"metrics"`
	PeakByte int64        `json:"peak_memory_bytes,omitempty"`
	Hash     string       `json:"hash,omitempty"`

	Columns map[string]any `json:"columns,omitempty"` // of lab report --columns
}

func summaryJSON(s *tracker.Summary) jsonSummary {
	j := jsonSummary{Number: s.Number, ID: s.UID, Name: s.Name, Plugin: s.Family, Version: s.FamilyVersion, Recipe: s.Recipe, Status: s.Status,
		Reason: s.Reason, Started: s.Started, Seconds: s.Elapsed.Seconds(), Seed: s.Seed, Note: s.Note, Tags: append([]string{}, s.Tags...),
		Params: []jsonParam{}, Metrics: []jsonMetric{}, PeakByte: s.PeakMemory, Hash: hex.EncodeToString(s.Hash)}
	if !s.Ended.IsZero() {
		j.Ended = &s.Ended
	}
	for _, p := range s.Params {
		j.Params = append(j.Params, jsonParam{p.Key, string(p.Type), p.Value, p.Default})
	}
	for i := range s.Metrics {
		if s.Metrics[i].Points > 0 {
			j.Metrics = append(j.Metrics, *metricJSON(&s.Metrics[i]))
		}
	}
	return j
}

func metricJSON(m *tracker.Metric) *jsonMetric {
	if m == nil {
		return nil
	}
	return &jsonMetric{m.Name, m.Unit, m.Goal.String(), m.Points, jsonNumber(m.Last), m.LastStep,
		jsonNumber(m.Best), m.BestStep, jsonNumber(m.Min), jsonNumber(m.Max)}
}

type jsonFile struct {
	Name   string `json:"name"`
	Kind   string `json:"kind"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
	Step   int64  `json:"step"`
}

func fileJSON(d *tracker.Detail, x core.Artifact) jsonFile {
	return jsonFile{x.Name, x.Kind, d.Path(x), x.SHA256, x.Bytes, x.Step}
}

type jsonSource struct {
	Run    string `json:"run,omitempty"`
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
}

// jsonRun is a run as lab show --json and lab run --json print it.
type jsonRun struct {
	jsonSummary
	Command []string          `json:"command"`
	Host    string            `json:"host"`
	Dir     string            `json:"dir"`
	Log     string            `json:"log,omitempty"`
	Files   []jsonFile        `json:"files"`
	From    []jsonSource      `json:"from"`
	Facts   map[string]string `json:"facts"`
}

func runJSON(d *tracker.Detail) jsonRun {
	j := jsonRun{jsonSummary: summaryJSON(&d.Summary), Command: d.CommandLine, Host: d.Host, Dir: d.Dir, Log: d.LogPath,
		Files: []jsonFile{}, From: []jsonSource{}, Facts: map[string]string{}}
	for _, x := range d.Artifacts {
		j.Files = append(j.Files, fileJSON(d, x))
	}
	for _, f := range d.Sources {
		j.From = append(j.From, jsonSource{f.Run, f.Path, f.SHA256})
	}
	for _, f := range d.Facts {
		j.Facts[f.Key] = f.Value
	}
	return j
}

type jsonSpec struct {
	Key     string   `json:"key"`
	Type    string   `json:"type"`
	Default string   `json:"default"`
	Min     string   `json:"min,omitempty"`
	Max     string   `json:"max,omitempty"`
	Choices []string `json:"choices,omitempty"`
	Doc     string   `json:"doc"`
}

type jsonMetricSpec struct {
	Name   string `json:"name"`
	Unit   string `json:"unit,omitempty"`
	Better string `json:"better"`
	Doc    string `json:"doc"`
}

type jsonRecipe struct {
	Name    string           `json:"name"`
	Doc     string           `json:"doc"`
	Params  []jsonSpec       `json:"params"`
	Metrics []jsonMetricSpec `json:"metrics"`
	Data    []string         `json:"data"`
	From    bool             `json:"from"`
	Resume  bool             `json:"resume"`
}

func recipeJSON(r *core.Recipe) jsonRecipe {
	j := jsonRecipe{Name: r.Name, Doc: r.Doc, Params: []jsonSpec{}, Metrics: []jsonMetricSpec{}, Data: append([]string{}, r.Data...), From: r.From, Resume: r.Resume}
	for _, p := range r.Params {
		j.Params = append(j.Params, jsonSpec{p.Key, string(p.Type), p.Default, p.Min, p.Max, p.Choices, p.Doc})
	}
	for _, m := range r.Metrics {
		j.Metrics = append(j.Metrics, jsonMetricSpec{m.Name, m.Unit, m.Goal.String(), m.Doc})
	}
	return j
}

func familyJSON(f *core.Family) any {
	recipes := []jsonRecipe{}
	for i := range f.Recipes {
		recipes = append(recipes, recipeJSON(&f.Recipes[i]))
	}
	return struct {
		Name    string       `json:"name"`
		Version string       `json:"version"`
		Doc     string       `json:"doc"`
		Recipes []jsonRecipe `json:"recipes"`
	}{f.Name, f.Version, f.Doc, recipes}
}

// jsonGroup is a row of lab report --json --fold or --by.
type jsonGroup struct {
	Key     map[string]string        `json:"key,omitempty"` // what it was grouped by
	N       int                      `json:"n"`
	Runs    []string                 `json:"runs"`
	Repeats []string                 `json:"repeats"` // equal to one of them, seed included, and not counted
	Plugin  string                   `json:"plugin"`  // and so on: of the first run
	Recipe  string                   `json:"recipe"`
	Status  core.Status              `json:"status"`
	Params  []jsonParam              `json:"params"`
	Metrics map[string]jsonStatistic `json:"metrics"` // of the best values
	Columns map[string]jsonStatistic `json:"columns,omitempty"`
	Seconds jsonStatistic            `json:"seconds"`
}

type jsonStatistic struct {
	N        int        `json:"n"`
	Diverged int        `json:"diverged"`
	Mean     jsonNumber `json:"mean"`
	Std      jsonNumber `json:"std"`
	Min      jsonNumber `json:"min"`
	Max      jsonNumber `json:"max"`
}

func statisticJSON(s tracker.Statistic) jsonStatistic {
	return jsonStatistic{s.N, s.Diverged, jsonNumber(s.Mean), jsonNumber(s.Std), jsonNumber(s.Min), jsonNumber(s.Max)}
}

func groupJSON(g *tracker.Group, by, columns []string) jsonGroup {
	first := g.Runs[0]
	j := jsonGroup{N: len(g.Runs), Runs: []string{}, Repeats: []string{}, Plugin: first.Family, Recipe: first.Recipe, Status: first.Status,
		Params: []jsonParam{}, Metrics: map[string]jsonStatistic{}, Seconds: statisticJSON(g.Seconds())}
	if len(by) > 0 {
		j.Key = map[string]string{}
		for i, name := range by {
			j.Key[name] = g.Key[i].Text
		}
	}
	for _, r := range g.Runs {
		j.Runs = append(j.Runs, r.UID)
		for _, m := range r.Metrics {
			if _, seen := j.Metrics[m.Name]; !seen && m.Points > 0 {
				j.Metrics[m.Name] = statisticJSON(g.Metric("best", m.Name))
			}
		}
	}
	for _, r := range g.Repeats {
		j.Repeats = append(j.Repeats, r.UID)
	}
	for _, p := range first.Params {
		same := true
		for _, r := range g.Runs {
			q, ok := r.Param(p.Key)
			same = same && ok && q.Value == p.Value
		}
		if same {
			j.Params = append(j.Params, jsonParam{p.Key, string(p.Type), p.Value, p.Default})
		}
	}
	for i, name := range columns {
		if j.Columns == nil {
			j.Columns = map[string]jsonStatistic{}
		}
		j.Columns[name] = statisticJSON(g.Column(i))
	}
	return j
}

// columnsJSON are the values of --columns: a number, a text, or null where the run has
// none.
func columnsJSON(names []string, values []tracker.Value) map[string]any {
	if len(names) == 0 {
		return nil
	}
	out := map[string]any{}
	for i, name := range names {
		switch v := values[i]; {
		case !v.Known:
			out[name] = nil
		case v.Number:
			out[name] = jsonNumber(v.Num)
		default:
			out[name] = v.Text
		}
	}
	return out
}
