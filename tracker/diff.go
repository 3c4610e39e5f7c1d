package tracker

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"lab/core"
)

// Change is something that two runs do not share: its value in each, nil in the
// one that lacks it.
type Change struct {
	Key  string
	A, B *string
}

// MetricChange is what became of one metric in each of two runs; nil in the one
// that has no points of it.
type MetricChange struct {
	Name string
	A, B *Metric
}

// FileChange is an artifact that two runs do not share, or that has other bytes.
type FileChange struct {
	Kind, Name string
	Step       int64
	A, B       *core.Artifact // nil in the run that lacks it
}

// Diff is what differs between two runs. What both have alike is left out, but
// for the metrics: of those all are listed, the promised ones first.
type Diff struct {
	A, B    *Detail
	Params  []Change // the seed too
	Code    []Change // recipe, versions, commit, changes, binaries: facts git.*, build.*, exe.*, plugin.*, go.*, code.*
	Data    []Change // data sets and what the weights start from: facts data.*
	Machine []Change // facts host.*, cpu.*, variable.*, threads
	Other   []Change // every other fact
	Metrics []MetricChange
	Files   []FileChange
	Same    bool // the hashes are equal: same points, same models
}

// Diff compares what is recorded of two runs. [DB.Compare] goes on, to the points.
func (db *DB) Diff(ctx context.Context, a, b string) (*Diff, error) {
	x, err := db.Show(ctx, a)
	if err != nil {
		return nil, err
	}
	y, err := db.Show(ctx, b)
	if err != nil {
		return nil, err
	}
	d := &Diff{A: x, B: y, Same: len(x.Hash) > 0 && string(x.Hash) == string(y.Hash)}
	d.Params = changes(pairs(x.Params, paramPair), pairs(y.Params, paramPair))
	for _, c := range changes(codeOf(x), codeOf(y)) {
		switch section(c.Key) {
		case "git", "build", "exe", "plugin", "go", "code", "recipe":
			d.Code = append(d.Code, c)
		case "data", "from":
			d.Data = append(d.Data, c)
		case "host", "cpu", "variable", "threads":
			d.Machine = append(d.Machine, c)
		default:
			d.Other = append(d.Other, c)
		}
	}
	d.Metrics = metricChanges(x.Metrics, y.Metrics)
	d.Files = fileChanges(x.Artifacts, y.Artifacts)
	return d, nil
}

// section is the key up to its first dot.
func section(key string) string {
	s, _, _ := strings.Cut(key, ".")
	return s
}

type pair struct{ key, value string }

func pairs[T any](list []T, f func(T) pair) []pair {
	ps := make([]pair, len(list))
	for i := range list {
		ps[i] = f(list[i])
	}
	return ps
}

func paramPair(p core.Param) pair { return pair{p.Key, p.Value} }

// codeOf is everything recorded of a run that may explain its result, but for
// the parameters.
func codeOf(d *Detail) []pair {
	ps := []pair{{"recipe", d.Family + "/" + d.Recipe}, {"plugin.version", d.FamilyVersion}}
	for _, f := range d.Facts {
		ps = append(ps, pair{f.Key, f.Value})
	}
	for _, s := range d.Sources {
		ps = append(ps, pair{"from.sha256", s.SHA256})
	}
	for _, a := range d.Artifacts {
		if a.Name == diffName {
			ps = append(ps, pair{"code.changes_sha256", a.SHA256})
		}
	}
	return ps
}

// changes returns what differs, in the order of a, then what only b has.
func changes(a, b []pair) []Change {
	var cs []Change
	inB := map[string]string{}
	for _, p := range b {
		inB[p.key] = p.value
	}
	inA := map[string]bool{}
	for _, p := range a {
		inA[p.key] = true
		if v, ok := inB[p.key]; !ok {
			cs = append(cs, Change{p.key, &p.value, nil})
		} else if v != p.value {
			cs = append(cs, Change{p.key, &p.value, &v})
		}
	}
	for _, p := range b {
		if !inA[p.key] {
			cs = append(cs, Change{p.key, nil, &p.value})
		}
	}
	return cs
}

func metricChanges(a, b []Metric) []MetricChange {
	var cs []MetricChange
	at := map[string]int{}
	for i := range a {
		if a[i].Points > 0 {
			at[a[i].Name] = len(cs)
			cs = append(cs, MetricChange{Name: a[i].Name, A: &a[i]})
		}
	}
	for i := range b {
		if b[i].Points == 0 {
			continue
		}
		if k, ok := at[b[i].Name]; ok {
			cs[k].B = &b[i]
		} else {
			cs = append(cs, MetricChange{Name: b[i].Name, B: &b[i]})
		}
	}
	return cs
}

func fileChanges(a, b []core.Artifact) []FileChange {
	type key struct {
		kind, name string
		step       int64
	}
	both := map[key]*FileChange{}
	get := func(x *core.Artifact) *FileChange {
		k := key{x.Kind, x.Name, x.Step}
		if both[k] == nil {
			both[k] = &FileChange{Kind: x.Kind, Name: x.Name, Step: x.Step}
		}
		return both[k]
	}
	for i := range a {
		get(&a[i]).A = &a[i]
	}
	for i := range b {
		get(&b[i]).B = &b[i]
	}
	var cs []FileChange
	for _, c := range both {
		if c.A == nil || c.B == nil || c.A.SHA256 != c.B.SHA256 {
			cs = append(cs, *c)
		}
	}
	slices.SortFunc(cs, func(x, y FileChange) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name), cmp.Compare(x.Step, y.Step))
	})
	return cs
}
