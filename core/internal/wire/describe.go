package wire

import (
	"lab/core"
	"lab/core/internal/wire/pb"
)

// FromFamily and ToFamily carry a description; neither checks it, see [CheckFamily].
func FromFamily(f core.Family) *pb.Description {
	d := &pb.Description{Name: text(f.Name), Version: text(f.Version), Doc: text(f.Doc)}
	for _, r := range f.Recipes {
		m := &pb.Recipe{Name: text(r.Name), Doc: text(r.Doc), Data: texts(r.Data), From: r.From, Resume: r.Resume}
		for _, p := range r.Params {
			m.Params = append(m.Params, &pb.Param{Key: text(p.Key), Type: string(p.Type), Default: text(p.Default),
				Min: p.Min, Max: p.Max, Choices: texts(p.Choices), Doc: text(p.Doc)})
		}
		for _, s := range r.Metrics {
			m.Metrics = append(m.Metrics, &pb.Metric{Name: text(s.Name), Unit: text(s.Unit), Goal: int32(s.Goal), Doc: text(s.Doc)})
		}
		d.Recipes = append(d.Recipes, m)
	}
	return d
}

// ToFamily is the inverse of [FromFamily].
func ToFamily(d *pb.Description) core.Family {
	f := core.Family{Name: d.GetName(), Version: d.GetVersion(), Doc: d.GetDoc()}
	for _, m := range d.GetRecipes() {
		r := core.Recipe{Name: m.GetName(), Doc: m.GetDoc(), Data: m.GetData(), From: m.GetFrom(), Resume: m.GetResume()}
		for _, p := range m.GetParams() {
			r.Params = append(r.Params, core.ParamSpec{Key: p.GetKey(), Type: core.Type(p.GetType()), Default: p.GetDefault(),
				Min: p.GetMin(), Max: p.GetMax(), Choices: p.GetChoices(), Doc: p.GetDoc()})
		}
		for _, s := range m.GetMetrics() {
			r.Metrics = append(r.Metrics, core.MetricSpec{Name: s.GetName(), Unit: s.GetUnit(), Goal: core.Direction(s.GetGoal()), Doc: s.GetDoc()})
		}
		f.Recipes = append(f.Recipes, r)
	}
	return f
}

// FromSpec carries what a run is told.
func FromSpec(s core.RunSpec) *pb.RunSpec {
	m := &pb.RunSpec{Recipe: text(s.Recipe), Seed: s.Seed, Dir: s.Dir, DataDir: s.DataDir, From: s.From, Resume: s.Resume, Threads: int32(s.Threads), Profile: s.Profile}
	for _, p := range s.Params {
		m.Params = append(m.Params, &pb.Value{Key: text(p.Key), Type: string(p.Type), Value: text(p.Value), Default: p.Default})
	}
	return m
}

// ToSpec is the inverse of [FromSpec].
func ToSpec(m *pb.RunSpec) core.RunSpec {
	s := core.RunSpec{Recipe: m.GetRecipe(), Seed: m.GetSeed(), Dir: m.GetDir(), DataDir: m.GetDataDir(),
		From: m.GetFrom(), Resume: m.GetResume(), Threads: int(m.GetThreads()), Profile: m.GetProfile()}
	for _, v := range m.GetParams() {
		s.Params = append(s.Params, core.Param{Key: v.GetKey(), Type: core.Type(v.GetType()), Value: v.GetValue(), Default: v.GetDefault()})
	}
	return s
}
