package core

// Family is a model family: one plugin, one or more recipes.
type Family struct {
	Name    string   // "gan"; [a-z][a-z0-9-]*
	Version string   // of the family, "1.0.0"
	Doc     string   // one line
	Recipes []Recipe // the first is the default
}

// Recipe returns the recipe of that name, or the default one for "".
func (f *Family) Recipe(name string) (*Recipe, bool) {
	for i := range f.Recipes {
		if name == "" || f.Recipes[i].Name == name {
			return &f.Recipes[i], true
		}
	}
	return nil, false
}

// Recipe is one experiment a family can run.
type Recipe struct {
	Name    string
	Doc     string // one line
	Params  []ParamSpec
	Metrics []MetricSpec // headline metric first
	Data    []string     // names of the datasets it can train on, default first
	From    bool         // whether it can start from an earlier run or an ONNX file
	Resume  bool         // whether it writes checkpoints and continues from them
}

// Param returns the spec of that key.
func (r *Recipe) Param(key string) (*ParamSpec, bool) {
	for i := range r.Params {
		if r.Params[i].Key == key {
			return &r.Params[i], true
		}
	}
	return nil, false
}

// Direction says which way a metric improves.
type Direction int

const (
	Neutral Direction = iota // neither way is better
	Lower                    // lower is better
	Higher                   // higher is better
)

func (d Direction) String() string {
	switch d {
	case Lower:
		return "lower"
	case Higher:
		return "higher"
	}
	return "neutral"
}

// MetricSpec describes a metric that a recipe promises to log.
type MetricSpec struct {
	Name string
	Unit string // "" for a bare number
	Goal Direction
	Doc  string
}

// RunSpec is everything a family is told about one run.
type RunSpec struct {
	Recipe  string
	Params  []Param // every key of the recipe, resolved
	Seed    uint64
	Dir     string // the run's folder: everything the family writes goes below it
	DataDir string // where fetched datasets lie; may not exist
	From    string // path of the ONNX file to start from, or ""
	Resume  string // path of the checkpoint to continue from, or ""
	Threads int    // worker threads, at least 1
	Profile bool   // whether to time the parts of the run; changes nothing else
}
