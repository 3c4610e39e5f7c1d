package familytest

import (
	"time"

	"lab/core"
)

// Option fits the suite to a family. What a recipe does not promise has to be
// declared by one; the suite skips nothing in silence.
type Option func(*settings)

type settings struct {
	short, long map[string][]string // overrides by recipe
	from        map[string]string   // model to start from, by recipe
	excluded    map[string]string   // reason by recipe
	modelless   map[string]string   // reason by recipe
	varying     map[string]bool     // metrics
	only        string              // recipe, or "" for all
	reload      func(path string) error
	dataDir     string
	stopWithin  time.Duration
	say         words
}

// words are how the options are named where the suite runs.
type words struct{ noModel, long string }

var (
	inGo      = words{"familytest.NoModel", "familytest.Long"}
	onCommand = words{"--no-model", "--long"}
)

func settle(say words, options []Option) *settings {
	s := &settings{say: say, short: map[string][]string{}, long: map[string][]string{}, from: map[string]string{},
		excluded: map[string]string{}, modelless: map[string]string{}, varying: map[string]bool{}, stopWithin: 5 * time.Second}
	for _, o := range options {
		o(s)
	}
	return s
}

// unknown returns the first recipe that an option names and the family lacks.
func (s *settings) unknown(f core.Family) (string, bool) {
	for _, names := range []map[string]bool{{s.only: s.only != ""}, keys(s.short), keys(s.long), keys(s.from), keys(s.excluded), keys(s.modelless)} {
		for n, given := range names {
			if _, ok := f.Recipe(n); given && (!ok || n == "") {
				return n, true
			}
		}
	}
	return "", false
}

func keys[V any](m map[string]V) map[string]bool {
	out := map[string]bool{}
	for k := range m {
		out[k] = true
	}
	return out
}

// Short gives the overrides that make a run of the recipe end within a second or
// two and still log every metric and save its model. The suite runs it five times.
func Short(recipe string, overrides ...string) Option {
	return func(s *settings) { s.short[recipe] = overrides }
}

// Long gives the overrides for the test of Stop and Resume, where those of Short
// make a run too short to be stopped in its middle.
func Long(recipe string, overrides ...string) Option {
	return func(s *settings) { s.long[recipe] = overrides }
}

// Only leaves the other recipes out.
func Only(recipe string) Option { return func(s *settings) { s.only = recipe } }

// From gives the model that the recipe starts from.
func From(recipe, path string) Option { return func(s *settings) { s.from[recipe] = path } }

// DataDir gives the folder of fetched datasets.
func DataDir(path string) Option { return func(s *settings) { s.dataDir = path } }

// Reload gives the check that a saved model loads again.
func Reload(check func(path string) error) Option {
	return func(s *settings) { s.reload = check }
}

// StopWithin is how long after Stop a run may go on; 5 s without it.
func StopWithin(d time.Duration) Option { return func(s *settings) { s.stopWithin = d } }

// Varies declares metrics that differ from run to run, such as a throughput.
func Varies(metrics ...string) Option {
	return func(s *settings) {
		for _, m := range metrics {
			s.varying[m] = true
		}
	}
}

// NoModel declares that the recipe saves no model.
func NoModel(recipe, reason string) Option {
	return func(s *settings) { s.modelless[recipe] = reason }
}

// Exclude declares that the recipe cannot run in a test; it is still described
// and its parameters are checked.
func Exclude(recipe, reason string) Option {
	return func(s *settings) { s.excluded[recipe] = reason }
}
