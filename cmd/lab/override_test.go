package main

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestParseOverrides(t *testing.T) {
	for _, c := range []struct {
		arg, key, value string
		quoted          bool
		err             string
	}{
		{"lr=1e-3", "lr", "1e-3", false, ""},
		{"a.b=v", "a.b", "v", false, ""},
		{"x=", "x", "", false, ""},
		{"x='a,b'", "x", "a,b", true, ""},
		{`x="it\"s"`, "x", `it"s`, true, ""},
		{`x=a\,b`, "x", "a,b", false, ""},
		{"x=[1,2,3]", "x", "[1,2,3]", false, ""},
		{"x=[[1,2],[3]]", "x", "[[1,2],[3]]", false, ""},
		{"x=a=b", "x", "a=b", false, ""},
		{"x=1,2", "", "", false, "sweep"},
		{"x=choice(1,2)", "", "", false, "sweep"},
		{"x=range(1,9)", "", "", false, "sweep"},
		{"x", "", "", false, "not key=value"},
		{"=1", "", "", false, "not key=value"},
		{"a b=1", "", "", false, "not key=value"},
		{"x=[1", "", "", false, "without its ]"},
		{"x=1]", "", "", false, "without its ["},
		{"x='a", "", "", false, "unclosed quote"},
		{"x='a'b", "", "", false, "after its closing quote"},
		{`x=a\`, "", "", false, "lone backslash"},
	} {
		got, err := parseOverrides([]string{c.arg})
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v, %v; want an error with %q", c.arg, got, err, c.err)
			}
			continue
		}
		if err != nil || got[0].Key != c.key || got[0].Value != c.value || got[0].Quoted != c.quoted {
			t.Errorf("%s: got %+v, %v", c.arg, got, err)
		}
	}
}

func FuzzParseValue(f *testing.F) {
	for _, s := range []string{"1e-3", "'a'", "[1,2]", `\`, `"\""`, "choice(1)"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, _, err := parseValue(s); err == nil && len(v) > len(s) {
			t.Errorf("%q grew to %q", s, v)
		}
	})
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1: "1", 0.12345: "0.1235", 123.456: "123.5", 1870: "1870", 12345.678: "12346",
		1e9: "1.00e+09", 1e-7: "1.00e-07", -2.5: "-2.500", math.Inf(1): "Inf", math.Inf(-1): "-Inf"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
	if got := number(math.NaN()); got != "nan" {
		t.Errorf("number(NaN) = %q", got)
	}
}

func TestSpark(t *testing.T) {
	for _, c := range []struct {
		v     []float64
		width int
		want  string
	}{
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 10, "▁▂▃▄▅▆▇█"},
		{[]float64{0, 0, 7, 7}, 2, "▁█"},
		{[]float64{3, 3}, 10, "▄▄"},
		{[]float64{0, math.NaN(), 1}, 10, "▁?█"},
		{nil, 10, ""},
	} {
		if got := spark(c.v, c.width); got != c.want {
			t.Errorf("spark(%v) = %q, want %q", c.v, got, c.want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{940 * time.Millisecond: "940ms", 12340 * time.Millisecond: "12.3s",
		245 * time.Second: "4m05s", 2*time.Hour + 3*time.Minute: "2h03m"} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}
