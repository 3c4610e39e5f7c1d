package wire

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"lab/core"
	"lab/core/internal/wire/pb"
)

// over sends a message through the encoder, as a stream would.
func over[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	out := m.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(b, out); err != nil {
		t.Fatal(err)
	}
	return out
}

func toy() core.Family {
	return core.Family{Name: "toy", Version: "1.2.3", Doc: "for tests", Recipes: []core.Recipe{{
		Name: "walk", Doc: "a random walk", From: true, Resume: true, Data: []string{"digits", "iris"},
		Params: []core.ParamSpec{
			{Key: "lr", Type: core.Float, Default: "0.0002", Min: "0", Max: "10", Doc: "rate"},
			{Key: "optim.name", Type: core.Enum, Default: "adam", Choices: []string{"adam", "sgd"}},
			{Key: "seed", Type: core.Int, Default: "0", Min: "0"},
		},
		Metrics: []core.MetricSpec{{Name: "val/loss", Unit: "nats", Goal: core.Lower, Doc: "d"}},
	}}}
}

func TestFamilyRoundTrips(t *testing.T) {
	if got := ToFamily(over(t, FromFamily(toy()))); !reflect.DeepEqual(got, toy()) {
		t.Errorf("got %+v; want %+v", got, toy())
	}
}

func TestSpecRoundTrips(t *testing.T) {
	want := core.RunSpec{Recipe: "walk", Seed: math.MaxUint64, Dir: "/r", DataDir: "/d", From: "/f", Resume: "/c", Threads: 3, Profile: true,
		Params: []core.Param{{Key: "lr", Type: core.Float, Value: "0.1", Default: true}}}
	if got := ToSpec(over(t, FromSpec(want))); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v; want %+v", got, want)
	}
}

func TestEventsRoundTrip(t *testing.T) {
	var r Reader
	for _, want := range []core.Event{
		core.Progress{Done: 1, Total: 2, Epoch: 3, Epochs: 4, Samples: 5, Note: "evaluating"},
		core.Log{Level: core.Warn, Text: "tab\there"},
		core.Fact{Key: "data.sha256", Value: "abc"},
		core.Artifact{Name: "samples", Kind: "image", Path: "a/b.png", SHA256: "00", Bytes: 9, Step: -1},
		core.Checkpoint{Path: "c", SHA256: "11", Bytes: 8, Step: 7},
	} {
		got, err := r.Event(over(t, FromEvent(want)))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	}
}

func TestDone(t *testing.T) {
	var r Reader
	cause := &core.Error{Kind: core.Usage, Msg: "no dataset mnist", Try: "lab data get mnist"}
	e, err := r.Event(over(t, FromDone(core.Done{Status: core.Failed, Reason: "no\ndata"}, fmt.Errorf("load: %w", cause))))
	if want := (core.Done{Status: core.Failed, Reason: "no data"}); e != want {
		t.Errorf("got %+v; want %+v", e, want)
	}
	if core.KindOf(err) != core.Usage || core.TryOf(err) != "lab data get mnist" || err.Error() != "load: no dataset mnist" {
		t.Errorf("got %v, kind %v, try %q", err, core.KindOf(err), core.TryOf(err))
	}
	if e, err := r.Event(over(t, FromDone(core.Done{Status: core.Finished}, nil))); err != nil || e != (core.Done{Status: core.Finished}) {
		t.Errorf("got %+v, %v", e, err)
	}
	if _, err := r.Event(FromDone(core.Done{Status: "lost"}, nil)); err == nil {
		t.Error("a plugin cannot say that it is lost")
	}
}

func TestColumns(t *testing.T) {
	var c Columns
	var r Reader
	if c.Take() != nil {
		t.Fatal("a batch out of nothing")
	}
	var want []core.Point
	for i, v := range []float64{1, math.Inf(1), math.NaN(), -0.5, math.Inf(-1)} {
		p := core.Point{Metric: []string{"loss", "acc"}[i%2], Step: int64(i), Time: time.Duration(i) * time.Millisecond, Value: v}
		want = append(want, p)
		if n := c.Add(p.Metric, p.Step, p.Time, p.Value); n != 1+i%2 {
			t.Errorf("point %d: %d gathered", i, n)
		}
		if i%2 == 1 || i == 4 { // several batches share one table of names
			e, err := r.Event(over(t, c.Take()))
			if err != nil {
				t.Fatal(err)
			}
			for j, got := range e.(core.Metrics).Points {
				w := want[j]
				if math.Float64bits(got.Value) != math.Float64bits(w.Value) || got.Metric != w.Metric || got.Step != w.Step || got.Time != w.Time {
					t.Errorf("got %+v; want %+v", got, w)
				}
			}
			want = nil
		}
	}
}

func TestBadColumns(t *testing.T) {
	many := make([]string, maxNames+1)
	for i := range many {
		many[i] = "m"
	}
	for _, m := range []*pb.Metrics{
		{Name: []uint32{0}, Step: []int64{1}, TimeUs: []int64{1}, Value: []float64{1}},
		{Names: []string{"a"}, Name: []uint32{0, 0}, Step: []int64{1}, TimeUs: []int64{1}, Value: []float64{1}},
		{Names: many},
		{Names: []string{"a\nb"}},
		{Names: []string{"a"}, Name: []uint32{0}, Step: []int64{-1}, TimeUs: []int64{1}, Value: []float64{1}},
		{Names: []string{"a"}, Name: []uint32{0}, Step: []int64{1<<53 + 1}, TimeUs: []int64{1}, Value: []float64{1}},
	} {
		var r Reader
		if e, err := r.Event(&pb.Event{Kind: &pb.Event_Metrics{Metrics: m}}); err == nil {
			t.Errorf("took %v", e)
		}
	}
}

// What cannot be and decides nothing is set right.
func TestImpossibleTimesAndProgress(t *testing.T) {
	var r Reader
	e, err := r.Event(&pb.Event{Kind: &pb.Event_Metrics{Metrics: &pb.Metrics{Names: []string{"a"}, Name: []uint32{0, 0}, Step: []int64{0, 1 << 53},
		TimeUs: []int64{-5, math.MaxInt64}, Value: []float64{1, 2}}}})
	if m, ok := e.(core.Metrics); err != nil || !ok || m.Points[0].Time != 0 || m.Points[1].Time < 290*365*24*time.Hour {
		t.Errorf("%+v, %v", e, err)
	}
	e, err = r.Event(&pb.Event{Kind: &pb.Event_Progress{Progress: &pb.Progress{Done: -1, Total: 5, Epoch: math.MinInt64, Note: "a\nb"}}})
	if e != (core.Progress{Total: 5, Note: "a b"}) || err != nil {
		t.Errorf("%+v, %v", e, err)
	}
	e, _ = r.Event(&pb.Event{Kind: &pb.Event_Fact{Fact: &pb.Fact{Key: "a", Value: "b\n\x1b[2Jc"}}})
	if e != (core.Fact{Key: "a", Value: "b [2Jc"}) {
		t.Errorf("%+v", e)
	}
	e, _ = r.Event(&pb.Event{Kind: &pb.Event_Log{Log: &pb.Log{Text: strings.Repeat("x", 1<<20)}}})
	if l := e.(core.Log); len(l.Text) > maxText+10 {
		t.Errorf("a line of %d bytes", len(l.Text))
	}
}

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{"a\r\n\tb\x1b[2J": "a b [2J", "": "", "é": "é"} {
		if got := OneLine(in); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
	for n := 996; n < 1004; n++ { // cut between characters
		if got := OneLine(strings.Repeat("x", n) + strings.Repeat("é", 1<<20)); len(got) > maxLine+10 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%d bytes, %q", len(got), got[max(0, len(got)-10):])
		}
	}
}

func TestInCommon(t *testing.T) {
	for _, c := range []struct {
		hosts string
		ours  []int
		want  bool
	}{{"1", []int{1}, true}, {"1", []int{1, 2}, true}, {"2,3", []int{1}, false}, {"3,1", []int{1, 2}, true}, {"", []int{1}, false}, {"x", []int{1}, false}} {
		if got := InCommon(c.hosts, c.ours); got != c.want {
			t.Errorf("%q and %v: %v", c.hosts, c.ours, got)
		}
	}
	if got := List([]int{1, 2}); got != "1,2" {
		t.Errorf("got %q", got)
	}
}

func TestUnknownEventIsIgnored(t *testing.T) {
	if e, err := new(Reader).Event(&pb.Event{}); e != nil || err != nil {
		t.Errorf("got %v, %v", e, err)
	}
}

func TestAnyTextCanBeSent(t *testing.T) {
	for _, s := range []string{"\xff\xfe", strings.Repeat("é", maxText), ""} {
		over(t, FromEvent(core.Log{Text: s}))
	}
}

func TestStatus(t *testing.T) {
	in := &core.Error{Kind: core.Usage, Msg: "bad lr", Try: "lr=0.1"}
	s, _ := status.FromError(ToStatus(in))
	got, said := FromStatus(s.Err())
	if !said || s.Code() != codes.InvalidArgument || core.KindOf(got) != core.Usage || core.TryOf(got) != "lr=0.1" || got.Error() != "bad lr" {
		t.Errorf("got %v, %v, %v", got, said, s.Code())
	}
	if _, said := FromStatus(status.Error(codes.Unavailable, "gone")); said {
		t.Error("the transport's error taken for the plugin's")
	}
	if _, said := FromStatus(errors.New("x")); said {
		t.Error("a plain error taken for the plugin's")
	}
	if k := core.KindOf(ToError(&pb.Error{Kind: 99})); k != core.Other {
		t.Errorf("unknown kind became %v", k)
	}
}

func TestCheckFamily(t *testing.T) {
	if err := CheckFamily(toy()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want  string
		spoil func(f *core.Family, r *core.Recipe)
	}{
		{"not a name for a family", func(f *core.Family, _ *core.Recipe) { f.Name = "../x" }},
		{"one line", func(f *core.Family, _ *core.Recipe) { f.Doc = "a\x1b[2Jb" }},
		{"no recipe", func(f *core.Family, _ *core.Recipe) { f.Recipes = nil }},
		{`recipe "walk" is declared twice`, func(f *core.Family, r *core.Recipe) { f.Recipes = append(f.Recipes, *r) }},
		{"not a name for a recipe", func(_ *core.Family, r *core.Recipe) { r.Name = "Walk" }},
		{`parameter "lr" is declared twice`, func(_ *core.Family, r *core.Recipe) { r.Params = append(r.Params, r.Params[0]) }},
		{`parameter "Lr": not a key`, func(_ *core.Family, r *core.Recipe) { r.Params[0].Key = "Lr" }},
		{"must be written", func(_ *core.Family, r *core.Recipe) { r.Params[0].Default = "2e-4" }},
		{"out of range", func(_ *core.Family, r *core.Recipe) { r.Params[0].Default = "-1" }},
		{"unknown type", func(_ *core.Family, r *core.Recipe) { r.Params[0].Type = "complex" }},
		{"default must be one line", func(_ *core.Family, r *core.Recipe) {
			r.Params[0] = core.ParamSpec{Key: "s", Type: core.String, Default: "\x1b[2J"}
		}},
		{"each choice must be one line", func(_ *core.Family, r *core.Recipe) { r.Params[1].Choices = []string{"adam", "\a"} }},
		{"without choices", func(_ *core.Family, r *core.Recipe) { r.Params[1].Choices = nil }},
		{"no parameter seed", func(_ *core.Family, r *core.Recipe) { r.Params = r.Params[:2] }},
		{"at most 1000", func(_ *core.Family, r *core.Recipe) { r.Params = make([]core.ParamSpec, 1001) }},
		{`metric "val/loss" is declared twice`, func(_ *core.Family, r *core.Recipe) { r.Metrics = append(r.Metrics, r.Metrics[0]) }},
		{"not a name for a metric", func(_ *core.Family, r *core.Recipe) { r.Metrics[0].Name = "" }},
		{"unknown goal", func(_ *core.Family, r *core.Recipe) { r.Metrics[0].Goal = 7 }},
	} {
		f := toy()
		c.spoil(&f, &f.Recipes[0])
		if err := CheckFamily(f); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v; want %q", err, c.want)
		}
	}
}

func BenchmarkColumns(b *testing.B) {
	var c Columns
	for i := range b.N {
		if c.Add("loss", int64(i), time.Duration(i), 1) == BatchPoints {
			c.Take()
		}
	}
}
