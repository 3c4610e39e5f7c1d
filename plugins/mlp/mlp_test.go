package mlp

import (
	"strings"
	"testing"

	"lab/core"
	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	familytest.Run(t, Family,
		familytest.Short("classify", "data=iris", "epochs=3", "hidden=[8]", "batch_norm=true", "dropout=0.2", "patience=2"),
		familytest.Long("classify", "data=digits", "epochs=20", "batch_size=16", "dropout=0.2"),
		familytest.Short("regress", "epochs=3", "hidden=[8]"),
		familytest.Long("regress", "epochs=600", "batch_size=16"),
		familytest.Short("activations", "epochs=2", "layers=2", "hidden=4"),
		familytest.Long("activations", "epochs=200", "layers=2", "hidden=4"),
		familytest.Short("batchnorm", "data=digits", "epochs=2", "hidden=8"),
		familytest.Long("batchnorm", "data=digits", "epochs=20", "hidden=8", "batch_size=16"),
		familytest.Short("landscape", "epochs=2", "polish=5"),
		familytest.Long("landscape", "epochs=50", "batch_size=4", "polish=50"),
		familytest.Reload(trial.Check))
}

// at least that much, on a fixed seed.
func atLeast(t *testing.T, r *familytest.Record, metric string, want float64) {
	t.Helper()
	if got := r.Last(metric); !(got >= want) {
		t.Errorf("%s is %.4f; want at least %v", metric, got, want)
	}
}

func TestClassifyShort(t *testing.T) {
	atLeast(t, familytest.Train(t, Family, "classify"), "test_accuracy", 0.80)
	atLeast(t, familytest.Train(t, Family, "classify", "optimizer=sgd"), "test_accuracy", 0.79)
	atLeast(t, familytest.Train(t, Family, "classify", "loss=mse", "optimizer=rmsprop"), "test_accuracy", 0.79)
	atLeast(t, familytest.Train(t, Family, "classify", "data=digits", "epochs=20"), "test_accuracy", 0.955)
	moons := familytest.Train(t, Family, "classify", "data=two-moons", "hidden=[32,32]", "epochs=30", "lr=1e-2")
	atLeast(t, moons, "test_accuracy", 0.94)
	pictures := map[string]bool{}
	for _, a := range moons.Artifacts {
		pictures[a.Name] = true
	}
	for _, name := range []string{"curves", "confusion", "plane", "mistakes", "model"} {
		if !pictures[name] {
			t.Errorf("no artifact %s", name)
		}
	}
}

func TestRegressShort(t *testing.T) {
	r := familytest.Train(t, Family, "regress")
	if got, line := r.Last("test_rmse"), r.Last("linear_rmse"); !(got < line+1) || !(line < 51.5) {
		t.Errorf("test_rmse %.2f, linear %.2f", got, line)
	}
	r = familytest.Train(t, Family, "regress", "data=sine", "epochs=300", "weight_decay=0", "batch_size=16")
	if got, line := r.Last("test_rmse"), r.Last("linear_rmse"); !(got < 0.13) || !(line > 0.4) {
		t.Errorf("sine: test_rmse %.3f, linear %.3f", got, line)
	}
}

// Without patience all epochs run; with it a run ends once the validation loss has
// not fallen, and is tested with the weights of the best epoch.
func TestEarlyStopping(t *testing.T) {
	r := familytest.Train(t, Family, "classify", "data=wine", "epochs=400", "schedule=constant", "lr=1e-2", "patience=5")
	losses := r.Values("val_loss")
	if len(losses) >= 400 || len(losses) < 6 {
		t.Fatalf("%d epochs", len(losses))
	}
	best := len(losses) - 6
	for i, l := range losses {
		if l < losses[best] {
			t.Errorf("the run ended after epoch %d, five after %d, but epoch %d has a lower loss", len(losses), best+1, i+1)
		}
	}
	if log := strings.Join(r.Log, "\n"); !strings.Contains(log, "the weights are those of epoch") {
		t.Errorf("log: %s", log)
	}
}

// A first loss far from ln K is warned of.
func TestExpectedLoss(t *testing.T) {
	for _, c := range []struct {
		overrides []string
		warns     bool
	}{
		{nil, false}, {[]string{"loss=mse"}, false},
		{[]string{"data=breast-cancer", "normalize=none"}, true}, // areas of thousands
	} {
		r := familytest.Train(t, Family, "classify", append([]string{"epochs=1"}, c.overrides...)...)
		if got := strings.Contains(strings.Join(r.Log, "\n"), "a network that knows nothing yet"); got != c.warns {
			t.Errorf("%v: warned %v; want %v: %q", c.overrides, got, c.warns, r.Log)
		}
	}
}

func TestUserErrors(t *testing.T) {
	for _, c := range []struct {
		recipe    string
		overrides []string
		want, try string
	}{
		{"classify", []string{"data=diabetes"}, "column progression holds 214 different numbers", "recipe=regress"},
		{"classify", []string{"data=sine"}, "numbers to predict, no classes", "recipe=regress"},
		{"regress", []string{"data=iris"}, "has classes, no numbers to predict", "recipe=classify"},
		{"classify", []string{"momentum=0.9"}, "adam takes no momentum", "optimizer=sgd"},
		{"classify", []string{"data=nonsense"}, `there is no data set "nonsense"`, "digits"},
		{"classify", []string{"batch_norm=true", "batch_size=1"}, "BatchNorm", ""},
		{"classify", []string{"fold=2"}, "the test of data set fashion-mini is the one of its source", "no fold"},
	} {
		err := familytest.Attempt(t, Family, c.recipe, c.overrides...).Outcome.Err
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(core.TryOf(err), c.try) {
			t.Errorf("%s %v: got %v (try %q)", c.recipe, c.overrides, err, core.TryOf(err))
		}
	}
}

// A run starts from the file of another that fits, and says what does not fit.
func TestFrom(t *testing.T) {
	first := familytest.Train(t, Family, "classify", "data=digits", "epochs=10")
	on := familytest.Attempt(t, Family, "classify", "from="+first.Model(), "data=digits", "epochs=1", "lr=1e-6")
	if on.Outcome.Err != nil {
		t.Fatal(on.Outcome.Err)
	}
	if a, b := first.Last("test_accuracy"), on.Last("test_accuracy"); b < a-.01 {
		t.Errorf("%v after %v", b, a)
	}
	err := familytest.Attempt(t, Family, "classify", "from="+first.Model(), "data=digits", "hidden=[64]").Outcome.Err
	if err == nil || !strings.Contains(err.Error(), "fc1") || !strings.Contains(core.TryOf(err), "layers are [64 64 10]") {
		t.Errorf("got %v (try %q)", err, core.TryOf(err))
	}
}
