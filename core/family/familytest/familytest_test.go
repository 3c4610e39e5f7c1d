package familytest_test

import (
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"lab/core"
	"lab/core/family"
	"lab/core/family/familytest"
)

func TestMain(m *testing.M) {
	if os.Getenv(judgeBad) == "" {
		familytest.Main(m, good, bad)
	}
	family.ServeBundled(bad)
	familytest.BeHost()
	every := func(string, string) (bool, error) { return true, nil }
	testing.Main(every, []testing.InternalTest{{Name: "bad", F: checkBad}}, nil, nil)
}

type params struct {
	Steps  int           `default:"60" min:"1" doc:"steps of the descent"`
	LR     float64       `default:"0.1" min:"0" doc:"learning rate"`
	Pause  time.Duration `default:"1ms" doc:"after every step"`
	Start  []float64     `default:"[3,-2]" doc:"where the descent begins"`
	Method string        `default:"sgd" enum:"sgd,momentum" doc:"the optimiser"`
}

type state struct{ X, V []float64 }

// descend minimises a noisy bowl.
func descend(s *family.Session, p params) error {
	st := state{append([]float64(nil), p.Start...), make([]float64, len(p.Start))}
	begin, err := s.Resume(func(r io.Reader) error { return gob.NewDecoder(r).Decode(&st) })
	if err != nil {
		return err
	}
	noise := s.Rand("noise")
	for step := begin; step < p.Steps; step++ {
		if s.Stopped() {
			return s.Checkpoint(step, func(w io.Writer) error { return gob.NewEncoder(w).Encode(st) })
		}
		loss := 0.0
		for i := range st.X {
			g := 2*st.X[i] + 0.1*noise.NormFloat64()
			if p.Method == "momentum" {
				st.V[i] = 0.9*st.V[i] + g
				g = st.V[i]
			}
			st.X[i] -= p.LR * g
			loss += st.X[i] * st.X[i]
		}
		s.Log(step+1, "loss", loss)
		s.Log(step+1, "speed", float64(time.Now().UnixNano()))
		time.Sleep(p.Pause)
	}
	return s.SaveModel("model", 0, func(w io.Writer) error { _, err := fmt.Fprintln(w, st.X); return err })
}

var good = family.Family{Name: "good", Version: "1.0.0", Doc: "keeps every promise", Recipes: []family.Recipe{
	family.NewRecipe("descend", "descends into a bowl", descend, family.Metric("loss", "", core.Lower, "squared distance"), family.Resumes()),
	family.NewRecipe("look", "only evaluates", func(s *family.Session, _ struct{}) error {
		for i := 0; i < 200 && !s.Stopped(); i++ {
			s.Log(i, "score", s.Rand("x").Float64())
			time.Sleep(time.Millisecond)
		}
		return nil
	}, family.Metric("score", "%", core.Higher, "a score")),
	family.NewRecipe("huge", "needs a cluster", descend, family.Metric("loss", "", core.Lower, "squared distance")),
}}

func TestGoodFamily(t *testing.T) {
	reloaded := 0
	familytest.Run(t, good,
		familytest.Short("descend", "steps=80"),
		familytest.Long("descend", "steps=300"),
		familytest.Varies("speed"),
		familytest.NoModel("look", "it trains nothing"),
		familytest.Exclude("huge", "it needs a cluster"),
		familytest.Reload(func(path string) error {
			b, err := os.ReadFile(path)
			if err == nil && !strings.HasPrefix(string(b), "[") {
				err = errors.New("not a model")
			}
			reloaded++
			return err
		}))
	if reloaded != 1 {
		t.Errorf("%d models were loaded again", reloaded)
	}
}

func TestTrain(t *testing.T) {
	r := familytest.Train(t, good, "descend", "steps=100", "pause=0s", "seed=1")
	if loss := r.Last("loss"); loss > 0.1 || len(r.Values("loss")) != 100 || r.Model() == "" || !math.IsNaN(r.Last("absent")) {
		t.Errorf("loss %v, model %q", loss, r.Model())
	}
}

// bad breaks a promise a recipe.
var bad = family.Family{Name: "bad", Version: "1.0.0", Doc: "breaks every promise", Recipes: []family.Recipe{
	family.NewRecipe("chance", "", func(s *family.Session, _ struct {
		N int `default:"1"`
	}) error {
		s.Log(0, "loss", float64(time.Now().UnixNano()))
		if err := s.Table("profile", 0, []string{"mine"}, nil); err != nil {
			return err
		}
		return s.SaveModel("model", 0, func(w io.Writer) error { _, err := fmt.Fprintln(w, time.Now()); return err })
	}, family.Metric("loss", "", core.Lower, ""), family.Metric("never", "", core.Lower, "never logged")),
	family.NewRecipe("forgetful", "loses its place", func(s *family.Session, _ struct{}) error {
		begin, err := s.Resume(func(io.Reader) error { return nil })
		sum := 0.0
		for i := begin; i < 200 && err == nil; i++ {
			if s.Stopped() {
				return s.Checkpoint(i, func(io.Writer) error { return nil })
			}
			sum += s.Rand("x").Float64()
			s.Log(i, "sum", sum)
			time.Sleep(time.Millisecond)
		}
		return err
	}, family.Metric("sum", "", core.Neutral, "of it all"), family.Resumes()),
	family.NewRecipe("deaf", "hears no stop", func(s *family.Session, _ struct{}) error {
		for i := range 300 {
			s.Log(i, "x", 0)
			time.Sleep(time.Millisecond)
		}
		return nil
	}, family.Metric("x", "", core.Neutral, "zero")),
	family.NewRecipe("secretive", "does not tell that it resumes", func(s *family.Session, _ struct{}) error {
		for i := 0; i < 100 && !s.Stopped(); i++ {
			s.Log(i, "x", 0)
			time.Sleep(time.Millisecond)
		}
		return s.Checkpoint(1, func(io.Writer) error { return nil })
	}, family.Metric("x", "", core.Neutral, "zero")),
	family.NewRecipe("failing", "fails", func(*family.Session, struct{}) error { return errors.New("out of luck") },
		family.Metric("x", "", core.Neutral, "zero")),
}}

// judgeBad makes this program run checkBad, which fails, in place of its tests.
const judgeBad = "FAMILYTEST_BAD"

func checkBad(t *testing.T) {
	familytest.Run(t, bad, familytest.StopWithin(100*time.Millisecond), familytest.Reload(func(string) error { return errors.New("no parser") }),
		familytest.NoModel("forgetful", "keeps nothing"))
}

func TestSuiteCatches(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), judgeBad+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the bad family passed")
	}
	for _, want := range []string{
		"chance: doc is empty",
		"chance: doc of metric loss is empty",
		"chance: doc of parameter n is empty",
		"the promised metric never was not logged",
		"does not load again: no parser",
		"the runs part at point 0: loss at step 0",
		"models differ: model at step 0",
		`asked for a profile: profile: there is no column "kind"`,
		"stopped at step",
		"sum: ",
		"no model was saved",
		"after Stop; allowed are 100ms",
		"finished all the same",
		"does not promise to resume",
		"failed: bad/failing: out of luck",
	} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the suite does not say %q", want)
		}
	}
	if t.Failed() {
		t.Logf("%s", out)
	}
}
