package family

import (
	"errors"
	"reflect"

	"lab/core"
)

// Recipe is one experiment of a family. Make one with [NewRecipe].
type Recipe struct {
	spec core.Recipe
	err  error // the first mistake in the declaration; reported by Family.Describe
	// bind decodes resolved parameters and returns the training that awaits them.
	bind func([]core.Param) (func(*Session) error, error)
}

// Option adds to what a recipe promises.
type Option func(*core.Recipe)

// NewRecipe declares a recipe. Every exported field of the struct P is a
// parameter: its key is the field's name in snake case (LR is lr, BatchSize is
// batch_size), the fields of a struct in a field get a dotted key, those of an
// embedded struct a plain one. A field is a bool, int, int64, float64, string,
// [time.Duration], []int, []float64 or []string with the tags
//
//	default:"0.1"   required
//	doc:"one line"
//	min:"0" max:"1" for numbers and the elements of lists
//	enum:"adam,sgd" makes a string one of a few
//
// Recipes that share parameters embed one struct of them; the tag
//
//	default:"lr=1e-3 epochs=20"
//
// of the struct says which of its defaults are others here.
//
// The parameter seed is added to every recipe; see [Session.Rand].
//
// A mistake in the declaration is reported by [Family.Describe] and [Serve].
func NewRecipe[P any](name, doc string, train func(*Session, P) error, options ...Option) Recipe {
	r := Recipe{spec: core.Recipe{Name: name, Doc: doc}}
	var fields []field
	if fields, r.err = fieldsOf(reflect.TypeFor[P]()); r.err != nil {
		return r
	}
	if train == nil {
		r.err = errors.New("no function to train with")
		return r
	}
	for _, f := range fields {
		r.spec.Params = append(r.spec.Params, f.spec)
	}
	r.spec.Params = append(r.spec.Params, core.ParamSpec{Key: "seed", Type: core.Int, Default: "0", Min: "0",
		Doc: "seed of every random stream; the same seed gives the same bits"})
	for _, o := range options {
		o(&r.spec)
	}
	r.bind = func(params []core.Param) (func(*Session) error, error) {
		var p P
		if err := decode(reflect.ValueOf(&p).Elem(), fields, params); err != nil {
			return nil, err
		}
		return func(s *Session) error { return train(s, p) }, nil
	}
	return r
}

// Metric promises that the recipe logs a metric. The first one is the headline.
func Metric(name, unit string, goal core.Direction, doc string) Option {
	return func(r *core.Recipe) {
		r.Metrics = append(r.Metrics, core.MetricSpec{Name: name, Unit: unit, Goal: goal, Doc: doc})
	}
}

// Data names the datasets that the recipe can train on, default first.
func Data(names ...string) Option {
	return func(r *core.Recipe) { r.Data = append(r.Data, names...) }
}

// StartsFrom says that the recipe can start from an ONNX file; see [Session.From].
func StartsFrom() Option { return func(r *core.Recipe) { r.From = true } }

// Resumes promises that the recipe writes a checkpoint when it is stopped, and
// continues from one to the bits of an uninterrupted run; see [Session.Resume].
func Resumes() Option { return func(r *core.Recipe) { r.Resume = true } }
