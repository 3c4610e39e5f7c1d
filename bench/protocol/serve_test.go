package protocol_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"lab/bench/protocol"
)

// counter's steps count; its losses are the count.
type counter struct{ steps *int }

func (counter) Versions() []string { return []string{"counter 1"} }

func (c counter) Build(r protocol.Request) (*protocol.Work, error) {
	w := &protocol.Work{Parameters: 7, Step: func() { *c.steps++ }, Losses: func() []float64 { return []float64{float64(*c.steps)} }}
	switch r.Workload {
	case "count":
	case "nan":
		w.Losses = func() []float64 { return []float64{math.NaN()} }
	case "panic":
		w.Step = func() { panic("no\nstack") }
	case "broken":
		return nil, errors.New("broken")
	default:
		return nil, protocol.Missing("there is no %s", r.Workload)
	}
	return w, nil
}

func TestServe(t *testing.T) {
	cases := []struct{ ask, want string }{
		{`{"do":"time","steps":1}`, `{"error":"time: nothing is built"}`},
		{`{"do":"hello"}`, `{"versions":["counter 1"]}`},
		{`{"do":"build","workload":"count"}`, `{"parameters":7}`},
		{`{"do":"check","steps":3}`, `{"losses":[1,2,3]}`},
		{`{"do":"build","workload":"other"}`, `{"missing":"there is no other"}`},
		{`{"do":"build","workload":"broken"}`, `{"error":"broken"}`},
		{`{"do":"check","steps":3}`, `{"error":"check: nothing is built"}`},
		{`{"do":"build","workload":"nan"}`, `{"parameters":7}`},
		{`{"do":"check","steps":1}`, `{"error":"loss 1 is NaN"}`},
		{`{"do":"build","workload":"panic"}`, `{"parameters":7}`},
		{`{"do":"time","steps":1}`, `{"error":"panic: no"}`},
		{`{"do":"dance"}`, `{"error":"unknown request \"dance\""}`},
		{`not json`, `{"error":"invalid character 'o' in literal null (expecting 'u')"}`},
	}
	var in, out strings.Builder
	for _, c := range cases {
		in.WriteString(c.ask + "\n")
	}
	if err := protocol.Serve(strings.NewReader(in.String()), &out, counter{new(int)}); err != nil {
		t.Fatal(err)
	}
	answers := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(answers) != len(cases) {
		t.Fatalf("%d answers to %d lines", len(answers), len(cases))
	}
	for i, c := range cases {
		if answers[i] != c.want {
			t.Errorf("%s: %s, want %s", c.ask, answers[i], c.want)
		}
	}
}

// Warm steps run and are not timed; the time is that of the others.
func TestTime(t *testing.T) {
	steps := 0
	var out strings.Builder
	in := `{"do":"build","workload":"count"}` + "\n" + `{"do":"time","steps":1000,"warm":10}`
	if err := protocol.Serve(strings.NewReader(in), &out, counter{&steps}); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(strings.NewReader(out.String()))
	var last protocol.Reply
	for lines.Scan() {
		if err := json.Unmarshal(lines.Bytes(), &last); err != nil {
			t.Fatal(err)
		}
	}
	if steps != 1010 || last.Seconds <= 0 {
		t.Errorf("%d steps in %v s", steps, last.Seconds)
	}
}
