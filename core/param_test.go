package core

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	lr := ParamSpec{Key: "lr", Type: Float, Min: "0", Max: "10"}
	n := ParamSpec{Key: "n", Type: Int, Min: "1"}
	for _, c := range []struct {
		spec      ParamSpec
		raw, want string
		err       string
	}{
		{lr, "2e-4", "0.0002", ""},
		{lr, ".5", "0.5", ""},
		{lr, "-1", "", "at least 0"},
		{lr, "nan", "", "at least 0"},
		{lr, "inf", "", "at most 10"},
		{lr, "abc", "", `"abc" is not a float`},
		{ParamSpec{Type: Float}, "inf", "inf", ""},
		{n, "1_000", "1000", ""},
		{n, "1e4", "10000", ""},
		{n, "0", "", "at least 1"},
		{n, "1.5", "", "not an int"},
		{n, "_1", "", "not an int"},
		{n, "", "", "not an int"},
		{ParamSpec{Type: Bool}, "yes", "true", ""},
		{ParamSpec{Type: Bool}, "maybe", "", "not a bool"},
		{ParamSpec{Type: Enum, Choices: []string{"a", "b"}}, "c", "", "not one of a, b"},
		{ParamSpec{Type: Duration}, "90s", "1m30s", ""},
		{ParamSpec{Type: Ints}, "[1, 2,3]", "[1,2,3]", ""},
		{ParamSpec{Type: Ints}, "[1,x]", "", "not an int"},
		{ParamSpec{Type: Ints}, "[1,,2]", "", "empty element"},
		{ParamSpec{Type: Strings}, `["a,b",c]`, `["a,b",c]`, ""},
		{ParamSpec{Type: Floats, Min: "0"}, "[0.1,-1]", "", "at least 0"},
	} {
		got, err := c.spec.Parse(c.raw)
		switch {
		case c.err == "" && (err != nil || got != c.want):
			t.Errorf("%s %q: got %q, %v; want %q", c.spec.Type, c.raw, got, err, c.want)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s %q: got error %v; want %q", c.spec.Type, c.raw, err, c.err)
		}
		if c.err == "" { // canonical is a fixed point
			if again, err := c.spec.Parse(got); err != nil || again != got {
				t.Errorf("%s: canonical %q became %q, %v", c.spec.Type, got, again, err)
			}
		}
	}
}

func TestFormatFloatRoundTrips(t *testing.T) {
	for _, v := range []float64{0, 1, 0.1, 1e-300, math.Pi, math.Inf(1), math.Inf(-1), 2e-4} {
		if got, err := ParseFloat(FormatFloat(v)); err != nil || got != v {
			t.Errorf("%v became %v, %v", v, got, err)
		}
	}
}

func TestResolve(t *testing.T) {
	r := Recipe{Name: "dcgan", Params: []ParamSpec{
		{Key: "lr", Type: Float, Default: "0.001", Min: "0"},
		{Key: "epochs", Type: Int, Default: "5", Min: "1"},
	}}
	got, err := r.Resolve("gan", []Override{{Key: "lr", Value: "1e-4"}})
	want := []Param{{"lr", Float, "0.0001", false}, {"epochs", Int, "5", true}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	for _, c := range []struct {
		o        []Override
		msg, try string
	}{
		{[]Override{{Key: "lrr", Value: "1"}}, `gan/dcgan has no parameter "lrr"`, "lr"},
		{[]Override{{Key: "zzz", Value: "1"}}, `no parameter "zzz"`, "lab plugins gan dcgan"},
		{[]Override{{Key: "lr", Value: "abc"}}, `parameter lr: "abc" is not a float`, "lr=0.001"},
		{[]Override{{Key: "epochs", Value: "-1"}}, "must be at least 1", "epochs=5"},
		{[]Override{{Key: "lr", Value: "1"}, {Key: "lr", Value: "2"}}, "given twice", ""},
	} {
		_, err := r.Resolve("gan", c.o)
		if err == nil || !strings.Contains(err.Error(), c.msg) || !strings.Contains(TryOf(err), c.try) || KindOf(err) != Usage {
			t.Errorf("%v: got %v (try %q)", c.o, err, TryOf(err))
		}
	}
}

func TestNearest(t *testing.T) {
	for _, c := range []struct {
		name  string
		names []string
		want  []string
	}{
		{"gna", []string{"gan", "cnn", "rl"}, []string{"gan"}},
		{"lrr", []string{"lr", "epochs"}, []string{"lr"}},
		{"batch", []string{"batch_size", "beta1"}, []string{"batch_size"}},
		{"qqqq", []string{"lr", "epochs"}, nil},
	} {
		if got := Nearest(c.name, c.names); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Nearest(%q) = %v; want %v", c.name, got, c.want)
		}
	}
}

func FuzzSplitList(f *testing.F) {
	f.Add("[1,2]")
	f.Add(`["a,b", c]`)
	f.Fuzz(func(t *testing.T, s string) {
		elems, err := SplitList(s)
		if err != nil {
			return
		}
		again, err := SplitList(FormatList(elems))
		if err != nil || len(again) != len(elems) {
			t.Fatalf("%q: %q became %q, %v", s, elems, again, err)
		}
		for i := range elems {
			if again[i] != elems[i] {
				t.Fatalf("%q: %q became %q", s, elems, again)
			}
		}
	})
}
