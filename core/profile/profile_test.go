package profile

import (
	"bytes"
	"encoding/csv"
	"reflect"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

// made is a report of two programs and an optimiser.
func made(t *testing.T) *Report {
	t.Helper()
	p, err := Start()
	if err != nil {
		t.Fatal(err)
	}
	relu, conv := Op{"Relu", "(8, 4)", 32, 256}, Op{"Conv+Add+Relu", "(8, 4)", 1e6, 1024}
	small := p.Program("draw", []Op{relu})
	small.Add([]time.Duration{ms})
	big := p.Program("step", []Op{relu, conv, relu}) // equal calls are one
	for i := range 3 {
		big.Add([]time.Duration{ms, time.Duration(10*(i+1)) * ms, 2 * ms})
	}
	p.Program("step", []Op{conv}).Add([]time.Duration{5 * ms}) // another one of that name
	Begin(Optimiser, "Adam", 100).End()
	p.SetPeak(func() (int, float64) { return 2, 1e9 })
	p.SetPeak(func() (int, float64) { t.Error("measured twice"); return 0, 0 })
	return p.Stop()
}

func TestReport(t *testing.T) {
	r := made(t)
	if len(r.Parts) != 3 || r.Parts[0].Name != "step" || r.Parts[1].Name != "draw" || r.Parts[2].Kind != Optimiser || r.Threads != 2 || r.Peak != 1e9 {
		t.Fatalf("%+v", r)
	}
	step := r.Parts[0]
	want := []Call{
		{Op{"Conv+Add+Relu", "(8, 4)", 1e6, 1024}, 4, 65 * ms, 20 * ms, 5 * ms},
		{Op{"Relu", "(8, 4)", 32, 256}, 6, 9 * ms, 2 * ms, ms},
	}
	if step.Runs != 4 || !reflect.DeepEqual(step.Calls, want) {
		t.Errorf("%d runs of %+v; want %+v", step.Runs, step.Calls, want)
	}
	if adam := r.Parts[2]; adam.Runs != 1 || len(adam.Calls) != 1 || adam.Calls[0].Name != "Adam" || adam.Calls[0].Result != "(100)" {
		t.Errorf("%+v", adam)
	}
	if r.Outside != 0 { // it lasted less than what was said to have passed
		t.Errorf("%v outside of 75 ms of programs", r.Outside)
	}
}

func TestShown(t *testing.T) {
	r := &Report{Outside: 25 * ms, Threads: 2, Peak: 1e9, Parts: []Part{
		{Program, "step", 4, []Call{
			{Op{"Conv+Add+Relu", "(8, 4)", 1e6, 1024}, 4, 65 * ms, 20 * ms, 5 * ms},
			{Op{strings.Repeat("Mul+", 20) + "Sum", "()", 0, 0}, 6, 9 * ms, 2 * ms, ms},
			{Op{"Relu", "(8, 4)", 32, 256}, 1, ms / 2, ms / 2, ms / 2},
			{Op{"Copy", "(8)", 0, 256}, 1, ms / 2, ms / 2, ms / 2},
		}},
		{Optimiser, "", 4, []Call{{Op{"Adam", "(100)", 0, 0}, 4, 123456 * time.Nanosecond, 30 * time.Microsecond, 789 * time.Nanosecond}}},
	}}
	for _, c := range []struct{ got, want string }{
		{r.Title(&r.Parts[0]), "program step: 75ms, 74.9 % of the time; 4 runs of 18.8ms, 0.053 GFLOP/s (5 % of the peak), <0.01 GB/s"},
		{r.Title(&r.Parts[1]), "optimiser: 123µs, 0.1 % of the time"},
		{r.String(), "in all 100ms: programs 74.9 %, optimisers 0.1 %, compiling 0.0 %, outside of them (data, metrics, pictures, files) 25.0 %; the cores' peak is 1 GFLOP/s, threads 2"},
		{(&Report{Outside: 2 * ms}).String(), "in all 2ms: programs 0.0 %, optimisers 0.0 %, compiling 0.0 %, outside of them (data, metrics, pictures, files) 100.0 %"},
		{(&Report{}).Title(&Part{Kind: Program, Name: "empty"}), "program empty: 0s, 0 % of the time; 0 runs"},
	} {
		if c.got != c.want {
			t.Errorf("got  %s\nwant %s", c.got, c.want)
		}
	}
	got := r.Rows(&r.Parts[0], 0.01)
	want := [][]string{
		{"86.7 %", "65ms", "4", "20ms", "5ms", "0.062", "6 %", "<0.01", "(8, 4)", "Conv+Add+Relu"},
		{"12.0 %", "9ms", "6", "2ms", "1ms", "", "", "", "()", strings.Repeat("Mul+", 15) + "…"},
		{"1.3 %", "1ms", "2", "", "", "", "", "", "", "2 more"},
	}
	if !reflect.DeepEqual(got, want) || len(got[0]) != len(Head) {
		t.Errorf("got %q", got)
	}
	if all := r.Rows(&r.Parts[0], 0); len(all) != 4 {
		t.Errorf("%d rows of 4 calls", len(all))
	}
}

// A report that was written is the same when it is read.
func TestCSV(t *testing.T) {
	r := made(t)
	r.Outside = 1234567 * time.Nanosecond
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.WriteAll(append([][]string{Header}, r.Records()...))
	text := b.String()
	got, err := Read(&b)
	if err != nil || !reflect.DeepEqual(got, r) {
		t.Errorf("%v\ngot  %+v\nwant %+v", err, got, r)
	}
	for _, c := range []struct{ from, to, want string }{
		{text, "", "profile: it is empty"},
		{"median_seconds", "middle", `profile: there is no column "median_seconds"`},
		{"Adam", "\"Ad\x1b[2Jam\"", `profile: "Ad\x1b[2Jam" holds a control character`},
		{"1e+06", "many", `profile: flops "many" is not a number of at least 0`},
		{"1e+06", "-1", `profile: flops "-1" is not a number of at least 0`},
		{"1e+06", "nan", `profile: flops "nan" is not a number of at least 0`},
		{"outside,", "outside,,", "profile: record on line 6: wrong number of fields"},
	} {
		if _, err := Read(strings.NewReader(strings.Replace(text, c.from, c.to, 1))); err == nil || err.Error() != c.want {
			t.Errorf("%q for %q: got %v, want %s", c.to, c.from, err, c.want)
		}
	}
	if r, err := Read(strings.NewReader("new," + strings.Join(Header, ",") + "\nx,gpu,,0,,,0,1,1,1,0,0\n")); err != nil || len(r.Parts) != 0 {
		t.Errorf("a column and a kind of later: %+v, %v", r, err)
	}
}

// There is one profile at a time, and none costs nothing to speak of.
func TestStart(t *testing.T) {
	p, err := Start()
	if err != nil || Current() != p {
		t.Fatal(err)
	}
	if _, err := Start(); err == nil {
		t.Error("a second one is on")
	}
	p.Stop()
	if Current() != nil {
		t.Error("it is still on")
	}
	if n := testing.AllocsPerRun(100, func() { Begin(Optimiser, "Adam", 5).End() }); n != 0 {
		t.Errorf("%v allocations while none is on", n)
	}
}

// The median of many durations is told from some of them.
func TestMedian(t *testing.T) {
	var s sample
	const n = 100_000
	for i := range n {
		s.add(time.Duration((i*7919)%n) * time.Nanosecond)
	}
	if m := s.median(); len(s.kept) > sampled || m < n*45/100 || m > n*55/100 {
		t.Errorf("median %d of 0 to %d, from %d of them", m, n, len(s.kept))
	}
	if (&sample{}).median() != 0 {
		t.Error("a median of nothing")
	}
}
