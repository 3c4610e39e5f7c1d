package family

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
)

func TestSnake(t *testing.T) {
	for name, want := range map[string]string{
		"LR": "lr", "BatchSize": "batch_size", "NCritic": "n_critic", "Beta1": "beta1", "L2Reg": "l2_reg",
		"GP": "gp", "TMax": "t_max", "HTTPServer": "http_server", "X": "x", "UseKV": "use_kv", "MLP2": "mlp2",
	} {
		if got := snake(name); got != want {
			t.Errorf("snake(%q) = %q; want %q", name, got, want)
		}
	}
}

type common struct {
	Epochs int `default:"5" min:"1" doc:"passes"`
}

type rates struct {
	LR    float64 `default:"1e-3" min:"0" doc:"rate"`
	Decay struct {
		Rate float64 `default:"0" doc:"decay"`
	}
	Words []string `default:"[]" doc:"words"`
}

type params struct {
	common
	LR      float64       `default:"2e-4" min:"0" doc:"rate"`
	Clip    float64       `default:"inf" doc:"norm"`
	Amsgrad bool          `default:"no" doc:"variant"`
	Loss    string        `default:"bce" enum:"bce,mse" doc:"loss"`
	Note    string        `default:"" doc:"any"`
	Wait    time.Duration `default:"90s" doc:"patience"`
	Widths  []int         `default:"[128, 64]" min:"1" doc:"layers"`
	Drop    []float64     `default:"[]" doc:"rates"`
	Words   []string      `default:"[a,\"b c\"]" doc:"words"`
	Big     int64         `default:"1e6" doc:"big"`
	Optim   struct {
		Beta1 float64 `default:"0.5" doc:"momentum"`
	}
}

func TestSpecsFromStruct(t *testing.T) {
	r := NewRecipe("x", "doc", func(*Session, params) error { return nil })
	if r.err != nil {
		t.Fatal(r.err)
	}
	want := []core.ParamSpec{
		{Key: "epochs", Type: core.Int, Default: "5", Min: "1", Doc: "passes"},
		{Key: "lr", Type: core.Float, Default: "0.0002", Min: "0", Doc: "rate"},
		{Key: "clip", Type: core.Float, Default: "inf", Doc: "norm"},
		{Key: "amsgrad", Type: core.Bool, Default: "false", Doc: "variant"},
		{Key: "loss", Type: core.Enum, Default: "bce", Choices: []string{"bce", "mse"}, Doc: "loss"},
		{Key: "note", Type: core.String, Doc: "any"},
		{Key: "wait", Type: core.Duration, Default: "1m30s", Doc: "patience"},
		{Key: "widths", Type: core.Ints, Default: "[128,64]", Min: "1", Doc: "layers"},
		{Key: "drop", Type: core.Floats, Default: "[]", Doc: "rates"},
		{Key: "words", Type: core.Strings, Default: `[a,"b c"]`, Doc: "words"},
		{Key: "big", Type: core.Int, Default: "1000000", Doc: "big"},
		{Key: "optim.beta1", Type: core.Float, Default: "0.5", Doc: "momentum"},
	}
	if got := r.spec.Params[:len(r.spec.Params)-1]; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if last := r.spec.Params[len(r.spec.Params)-1]; last.Key != "seed" || last.Type != core.Int {
		t.Errorf("no seed at the end: %+v", last)
	}
}

// A struct that recipes share has their own defaults in each of them.
func TestDefaultsOfNestedStructs(t *testing.T) {
	r := NewRecipe("x", "doc", func(*Session, struct {
		common `default:"epochs=20"`
		rates  `default:"lr=2e-3 decay.rate=.5 words=[a,b]"`
		Judge  rates `default:"lr=3"`
	}) error {
		return nil
	})
	if r.err != nil {
		t.Fatal(r.err)
	}
	got := map[string]string{}
	for _, p := range r.spec.Params {
		got[p.Key] = p.Default
	}
	for key, want := range map[string]string{"epochs": "20", "lr": "0.002", "decay.rate": "0.5", "words": "[a,b]", "judge.lr": "3", "judge.decay.rate": "0"} {
		if got[key] != want {
			t.Errorf("%s is %s by default; want %s", key, got[key], want)
		}
	}
}

func TestDecode(t *testing.T) {
	var got params
	r := NewRecipe("x", "doc", func(_ *Session, p params) error { got = p; return nil })
	resolved, err := r.spec.Resolve("toy", []core.Override{
		{Key: "lr", Value: "1e-3"}, {Key: "loss", Value: "mse"}, {Key: "widths", Value: "[3]"}, {Key: "drop", Value: "[.1,.2]"},
		{Key: "optim.beta1", Value: "0.9"}, {Key: "amsgrad", Value: "on"}, {Key: "epochs", Value: "7"},
	})
	if err != nil {
		t.Fatal(err)
	}
	train, err := r.bind(resolved)
	if err != nil {
		t.Fatal(err)
	}
	if err := train(nil); err != nil {
		t.Fatal(err)
	}
	if got.LR != 1e-3 || got.Loss != "mse" || !reflect.DeepEqual(got.Widths, []int{3}) || got.Drop[1] != .2 || got.Optim.Beta1 != .9 ||
		!got.Amsgrad || got.Epochs != 7 || got.Wait != 90*time.Second || got.Words[1] != "b c" || got.Big != 1e6 {
		t.Errorf("got %+v", got)
	}
}

func TestMistakesInDeclaration(t *testing.T) {
	declare := func(r Recipe) error {
		_, err := Family{Name: "toy", Recipes: []Recipe{r}}.Describe()
		return err
	}
	for want, err := range map[string]error{
		"must be a struct": declare(NewRecipe("x", "", func(*Session, int) error { return nil })),
		"no default": declare(NewRecipe("x", "", func(*Session, struct {
			A int
		}) error {
			return nil
		})),
		"not an int": declare(NewRecipe("x", "", func(*Session, struct {
			A int `default:"x"`
		}) error {
			return nil
		})),
		"no parameter momentum in it": declare(NewRecipe("x", "", func(*Session, struct {
			rates `default:"momentum=.9"`
		}) error {
			return nil
		})),
		"default of epochs: 0 is out of range": declare(NewRecipe("x", "", func(*Session, struct {
			common `default:"epochs=0"`
		}) error {
			return nil
		})),
		"not exported": declare(NewRecipe("x", "", func(*Session, struct {
			a int
		}) error {
			return nil
		})),
		"cannot be a parameter": declare(NewRecipe("x", "", func(*Session, struct {
			A float32 `default:"1"`
		}) error {
			return nil
		})),
		"added to every recipe": declare(NewRecipe("x", "", func(*Session, struct {
			Seed int `default:"1"`
		}) error {
			return nil
		})),
		"bounds are for numbers": declare(NewRecipe("x", "", func(*Session, struct {
			A time.Duration `default:"1s" min:"0"`
		}) error {
			return nil
		})),
		"not one of": declare(NewRecipe("x", "", func(*Session, struct {
			A string `default:"c" enum:"a,b"`
		}) error {
			return nil
		})),
		"no function": declare(NewRecipe[struct{}]("x", "", nil)),
	} {
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `"x"`) {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}

func TestCheckedParams(t *testing.T) {
	r := NewRecipe("x", "doc", func(*Session, common) error { return nil })
	ok := []core.Param{{Key: "epochs", Value: "3"}, {Key: "seed", Value: "1"}}
	if _, err := r.checked("toy", ok); err != nil {
		t.Error(err)
	}
	for want, ps := range map[string][]core.Param{
		"was not given the parameter seed": ok[:1],
		"has no parameter \"lr\"":          append([]core.Param{{Key: "lr", Value: "1"}}, ok...),
		"must be at least 1":               {{Key: "epochs", Value: "0"}, ok[1]},
		"given twice":                      {ok[0], ok[0], ok[1]},
	} {
		if _, err := r.checked("toy", ps); err == nil || !strings.Contains(err.Error(), want) || core.KindOf(err) != core.Usage {
			t.Errorf("got %v; want %q", err, want)
		}
	}
}
