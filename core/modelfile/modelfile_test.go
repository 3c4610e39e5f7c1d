package modelfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
	"lab/core/family"
	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

type size struct {
	Size  int     `default:"3" min:"1" doc:"inputs of the linear layers"`
	Shift float64 `default:"0" doc:"what is added to every weight"`
}

// pair starts from a pair of linear layers, changes and saves them.
var pair = family.Family{Name: "pair", Version: "1.0.0", Doc: "two linear layers", Recipes: []family.Recipe{
	family.NewRecipe("linear", "both are saved", func(s *family.Session, p size) error {
		r := s.Rand("init")
		model, critic := nn.NewScope(r), nn.NewScope(r)
		layers := []*nn.Linear{nn.NewLinear(critic.Sub("fc"), p.Size, 1, false), nn.NewLinear(model.Sub("fc"), p.Size, 1, false)}
		if err := modelfile.StartFrom(s, "another size", model.Params, modelfile.Named{Name: "critic", Params: critic.Params}); err != nil {
			return err
		}
		for i, name := range []string{"critic", "model"} {
			l := layers[i]
			for i := range l.Weight.Value() {
				l.Weight.Value()[i] += float32(p.Shift)
			}
			s.Log(0, name, float64(l.Weight.Value()[0]))
			b, err := exchange.Export("pair-linear-"+name, onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
				x := graph.New().Input("x", n["batch"], p.Size)
				return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "y", Node: l.Forward(x)}}
			})
			if err != nil {
				return err
			}
			if err := modelfile.Save(s, name, b, "pair", "linear", map[string]string{"b": "2", "a": "1"}); err != nil {
				return err
			}
		}
		return nil
	}, family.Metric("model", "", core.Neutral, "first weight of the model"), family.Metric("critic", "", core.Neutral, "that of the critic"), family.StartsFrom()),
}}

func TestMain(m *testing.M) { familytest.Main(m, pair) }

// What a run saves, the next one starts from: all of its models.
func TestStartFrom(t *testing.T) {
	first := familytest.Train(t, pair, "linear", "seed=1", "shift=5")
	m, err := onnx.Read(first.Model())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"lab.family": "pair", "lab.recipe": "linear", "a": "1", "b": "2"} {
		if m.Metadata[key] != want {
			t.Errorf("%s is %q in the file; want %q", key, m.Metadata[key], want)
		}
	}
	again := familytest.Train(t, pair, "linear", "seed=2", "from="+first.Model())
	for _, name := range []string{"model", "critic"} {
		if got, want := again.Last(name), first.Last(name); got != want {
			t.Errorf("the %s starts from %v; want %v", name, got, want)
		}
	}
}

// A model beside the first that is not there starts afresh, and the run says so; one that
// does not fit ends it.
func TestStartFromWhatDoesNotFit(t *testing.T) {
	first := familytest.Train(t, pair, "linear", "seed=1", "shift=5")
	alone := filepath.Join(t.TempDir(), "alone.onnx")
	file, err := os.ReadFile(first.Model())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(alone, file, 0o644); err != nil {
		t.Fatal(err)
	}
	again := familytest.Train(t, pair, "linear", "seed=2", "from="+alone)
	if again.Last("model") != first.Last("model") || again.Last("critic") == first.Last("critic") {
		t.Errorf("model %v, critic %v", again.Last("model"), again.Last("critic"))
	}
	if len(again.Log) != 1 || !strings.Contains(again.Log[0], "the critic starts afresh") {
		t.Errorf("it says %q", again.Log)
	}
	err = familytest.Attempt(t, pair, "linear", "size=4", "from="+first.Model()).Outcome.Err
	if core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), "fc.weight") || core.TryOf(err) != "another size" {
		t.Errorf("got %v, try: %s", err, core.TryOf(err))
	}
}
