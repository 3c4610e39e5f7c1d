package tracker

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
)

// show writes an expression with all its parentheses.
func showExpr(x expr) string {
	switch x := x.(type) {
	case andExpr:
		return "(" + showExpr(x.a) + " & " + showExpr(x.b) + ")"
	case orExpr:
		return "(" + showExpr(x.a) + " | " + showExpr(x.b) + ")"
	case notExpr:
		return "!" + showExpr(x.x)
	case propExpr:
		return x.prop[:1] + "#" + x.name
	case cmpExpr:
		return x.term.String() + x.op + x.value
	}
	return ""
}

func TestParseFilter(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"  ", ""},
		{"plugin=gan", "plugin=gan"},
		{"plugin = gan and fid<40 and lr>=1e-4", "((plugin=gan & fid<40) & lr>=1e-4)"},
		{"plugin=gan recipe=wgan-gp", "(plugin=gan & recipe=wgan-gp)"},
		{"a=1 or b=2 and c=3", "(a=1 | (b=2 & c=3))"},
		{"(a=1 or b=2) c=3", "((a=1 | b=2) & c=3)"},
		{"not a=1 and not (b=2)", "(!a=1 & !b=2)"},
		{"NOT a=1 Or TAG:x", ""},
		{"tag:baseline and tag:\"two words\"", "(t#baseline & t#two words)"},
		{"has:fid or from:@1 not has:\"a b\"", "(h#fid | (f#@1 & !h#a b))"},
		{"has=1 and from=2", "(has=1 & from=2)"},
		{"best(train/loss)<0.1", "best(train/loss)<0.1"},
		{"last( \"a b\" )!=nan", "last(a b)!=nan"},
		{"best=1", "best=1"},
		{"and=1 and or=2", "(and=1 & or=2)"},
		{"not=1", "not=1"},
		{`note~"it's \"so\""`, `note~it's "so"`},
		{"name=='x'", "name=x"},
		{"a=-1", "a=-1"},
	} {
		x, err := parseFilter(c.in)
		if c.in == "NOT a=1 Or TAG:x" {
			wantError(t, err, core.Usage, "TAG:x needs a comparison", "")
			continue
		}
		if err != nil || showExpr(x) != c.want {
			t.Errorf("%q: got %s, %v; want %s", c.in, showExpr(x), err, c.want)
		}
	}
	for _, c := range []struct{ in, msg string }{
		{"fid", "fid needs a comparison, such as fid=1"},
		{"fid<", `a value is missing after "fid<"`},
		{"fid<40 and", "it ends where a condition is expected"},
		{"<40", `a name is expected before "<"`},
		{"(a=1", "a closing parenthesis is missing"},
		{"a=1)", `")" is not expected here`},
		{"a=1 or", "it ends"},
		{"a!1", `"!" is no operator`},
		{`a="x`, "is not closed"},
		{"tag:", "a name is missing after \"tag:\""},
		{"from: and a=1", "a name is missing after \"from:\""},
		{"best(a<1", "needs one metric and a closing parenthesis"},
		{strings.Repeat("(", 1000), "nested deeper"},
		{strings.Repeat("not ", 1000), "nested deeper"},
		{strings.Repeat("a=1 ", 1000), "more than 200 terms"},
	} {
		_, err := parseFilter(c.in)
		wantError(t, err, core.Usage, c.msg, "")
	}
}

func FuzzFilter(f *testing.F) {
	for _, s := range []string{"plugin=gan and fid<40 or tag:x", `not (last(m)>='a b' best(q)!=nan)`, "env.a~b seed=1 age<7d", "'=';drop table run=--"} {
		f.Add(s, "best(m),-lr")
		f.Add(s+" has:m or from:@1 or from:x", "duration")
	}
	db := openTest(f, f.TempDir(), Options{}) // empty: every name passes
	f.Fuzz(func(t *testing.T, filter, sort string) {
		_, err := db.Runs(ctx, Query{Filter: filter, Sort: sort})
		if err != nil && core.KindOf(err) != core.Usage {
			t.Fatalf("%q, %q: %v", filter, sort, err)
		}
	})
}

// filterRuns has five finished runs, named a to e, and one that is running.
func filterRuns(t *testing.T) *DB {
	clk := newClock()
	db := openTest(t, t.TempDir(), Options{Now: clk.Now})
	var uids []string
	for i, c := range []struct {
		name, family, recipe, lr string
		fid, acc                 float64
		tags                     []string
		status                   core.Status
	}{
		{"a", "gan", "dcgan", "0.0001", 50, 0.5, []string{"baseline"}, core.Finished},
		{"b", "gan", "wgan-gp", "0.001", 30, 0.9, nil, core.Finished},
		{"c", "gan", "dcgan", "inf", math.NaN(), 0.7, []string{"baseline", "x"}, core.Failed},
		{"d", "cnn", "small", "0.1", -1, 0.99, nil, core.Finished},
		{"e", "cnn", "small", "", 20, math.NaN(), nil, core.Cancelled},
	} {
		n := NewRun{Family: c.family, Recipe: c.recipe, Name: c.name, Seed: uint64(i), Tags: c.tags,
			Metrics:     []core.MetricSpec{{Name: "fid", Goal: core.Lower}, {Name: "acc", Goal: core.Higher}},
			Params:      []core.Param{{Key: "warmup", Type: core.Duration, Value: (time.Duration(i) * time.Minute).String()}},
			Environment: []core.Fact{{Key: "host.os", Value: "linux"}, {Key: "n", Value: fmt.Sprint(i)}}}
		if c.lr != "" {
			n.Params = append(n.Params, core.Param{Key: "lr", Type: core.Float, Value: c.lr})
		}
		if c.name == "c" || c.name == "d" {
			n.From = []Source{{Run: uids[i-2], SHA256: "aa"}}
		}
		r := startTest(t, db, n)
		uids = append(uids, r.UID())
		put(t, r, core.Metrics{Points: []core.Point{pt("acc", 1, c.acc), pt("acc", 2, 0)}})
		if c.fid >= 0 || c.fid != c.fid {
			put(t, r, core.Metrics{Points: []core.Point{pt("fid", 1, c.fid), pt("fid", 2, 100)}})
		}
		clk.add(time.Duration(i+1) * time.Minute)
		closeTest(t, r, c.status)
		clk.add(time.Hour)
	}
	startTest(t, db, NewRun{Family: "rl", Recipe: "dqn", Name: "f", Seed: math.MaxUint64})
	clk.add(time.Second)
	return db
}

func names(runs []Summary) string {
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(r.Name)
	}
	return b.String()
}

func TestRunsFilter(t *testing.T) {
	db := filterRuns(t)
	for _, c := range []struct{ filter, want string }{
		{"", "fedcba"},
		{"plugin=gan", "cba"},
		{"plugin!=gan", "fed"},
		{"recipe=wgan-gp or recipe=dqn", "fb"},
		{"recipe~GAN", "cba"},
		{"status=finished", "dba"},
		{"not status=finished", "fec"},
		{"status=running", "f"},
		{"lr=1e-4", "a"},
		{"lr>=1_0e-4", "dcb"},
		{"lr!=1e-4", "dcb"},
		{"not lr=1e-4", "fedcb"},
		{"lr=inf", "c"},
		{"warmup>90s", "edc"},
		{"warmup=2m0s", "c"},
		{"fid<40", "eb"},
		{"best(fid)<=50", "eba"},
		{"last(fid)=100", "ecba"},
		{"min(acc)=0", "edcba"},
		{"acc>0.8", "db"},
		{"max(acc)>0.8 fid<40", "b"},
		{"acc<nan or acc>=nan", ""},
		{"metric.fid<40 and param.lr<1", "b"},
		{"tag:baseline", "ca"},
		{"tag=baseline and tag!=x", "a"},
		{"not tag:baseline plugin=gan", "b"},
		{"seed=18446744073709551615", "f"},
		{"seed<2", "fba"}, // a seed's order holds below 1<<63
		{"duration>2m30s", "edc"},
		{"age<3h", "fed"},
		{"age<1d", "fedcba"},
		{"started>=2026-01-30", "fedcba"},
		{"started<2026-01-31T12:30:00Z", "a"},
		{"number<=2", "fe"},
		{"env.host.os=linux", "edcba"},
		{"env.n>3", "e"},
		{"name=a or uid~zzzzz", "a"},
		{"has:fid", "ecba"},
		{"has:lr and not has:acc", ""},
		{"not has:lr", "fe"},
		{"from:a", "c"},
		{"from:@6 or from:@5", "dc"},
		{"attempts=1 and memory<1", "fedcba"},
		{"name='a''", ""},
	} {
		runs, err := db.Runs(ctx, Query{Filter: c.filter})
		if c.filter == "name='a''" {
			wantError(t, err, core.Usage, "is not closed", "")
			continue
		}
		if err != nil || names(runs) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.filter, names(runs), err, c.want)
		}
	}
	for _, c := range []struct{ filter, msg, try string }{
		{"fdi<40", `no run has a parameter or metric "fdi"`, "fid"},
		{"plugn=gan", `no run has a parameter or metric "plugn"`, "plugin"},
		{"param.fid<4", `no run has a parameter "fid"`, ""},
		{"best(lr)<4", `no run has a metric "lr"`, ""},
		{"best(fid)=low", "a metric is compared with a number", ""},
		{"status=finnished", `no run can have the status "finnished"`, "finished"},
		{"seed=x", `"x" is not a seed`, ""},
		{"age<soon", `"soon" is not a number or a time span`, ""},
		{"started>now", "is not a date", ""},
		{"has:fdi", `no run has a parameter or metric "fdi"`, "fid"},
		{"from:nobody", `no run has the name or id "nobody"`, ""},
		{"from:@9", "there is no run @9", "@1 to @6"},
	} {
		_, err := db.Runs(ctx, Query{Filter: c.filter})
		wantError(t, err, core.Usage, c.msg, c.try)
	}
}

func TestRunsSortAndLimit(t *testing.T) {
	db := filterRuns(t)
	for _, c := range []struct {
		q    Query
		want string
	}{
		{Query{Sort: "fid"}, "ebacfd"},
		{Query{Sort: "-fid"}, "cabefd"},
		{Query{Sort: "best(acc)"}, "dbcaef"},
		{Query{Sort: "acc", Limit: 2}, "db"},
		{Query{Sort: "max(acc)"}, "dbcaef"},
		{Query{Sort: "lr"}, "abdcfe"},
		{Query{Sort: "-lr"}, "cdbafe"},
		{Query{Sort: "plugin,-number"}, "deabcf"},
		{Query{Sort: "-duration", Family: "gan"}, "cba"},
		{Query{Family: "gan", Recipe: "dcgan"}, "ca"},
		{Query{Status: []core.Status{core.Failed, core.Running}}, "fc"},
		{Query{Limit: 3}, "fed"},
		{Query{Removed: true}, ""},
	} {
		runs, err := db.Runs(ctx, c.q)
		if err != nil || names(runs) != c.want {
			t.Errorf("%+v: got %s, %v; want %s", c.q, names(runs), err, c.want)
		}
	}
	for _, s := range []string{"fdi", "best(fid", "avg(fid)", "-"} {
		_, err := db.Runs(ctx, Query{Sort: s})
		wantError(t, err, core.Usage, "", "")
	}
}

func TestColumns(t *testing.T) {
	db := filterRuns(t)
	terms := []string{"lr", "fid", "last(fid)", "env.n", "tag", "seed", "duration", "status", "param.warmup", "metric.acc"}
	runs := mustRuns(t, db, Query{Columns: terms, Headlines: 1})
	want := map[string]string{
		"a": "0.0001|50|100|0|baseline|0|60|finished|0s|0.5",
		"c": "inf|100|100|2|baseline x|2|180|failed|2m0s|0.7",
		"d": "0.1|-|-|3|-|3|240|finished|3m0s|0.99",
		"f": "-|-|-|-|-|18446744073709551615|1|running|-|-",
	}
	for _, r := range runs {
		var got []string
		for _, v := range r.Columns {
			if !v.Known {
				v.Text = "-"
			}
			got = append(got, v.Text)
		}
		if w, ok := want[r.Name]; ok && strings.Join(got, "|") != w {
			t.Errorf("%s: got %s; want %s", r.Name, strings.Join(got, "|"), w)
		}
		if r.Name == "a" && (r.Columns[8].Num != 0 || !r.Columns[8].Number || r.Columns[7].Number) {
			t.Errorf("got %+v", r.Columns)
		}
		if len(r.Metrics) > 1 {
			t.Errorf("%d metrics of %s", len(r.Metrics), r.Name)
		}
	}
	for _, bad := range []string{"", "best(", "avg(fid)", "fdi"} {
		_, err := db.Runs(ctx, Query{Columns: []string{bad}})
		wantError(t, err, core.Usage, "", "")
	}
}

// Parameters travel packed; any text must come back as it was.
func TestPackedParams(t *testing.T) {
	db := openTest(t, t.TempDir(), Options{})
	want := []core.Param{{Key: "z", Type: core.String, Value: " 3 1 "}, {Key: "a b", Type: core.Strings, Value: "é\x00\n", Default: true}, {Key: "m", Type: core.Int, Value: ""}}
	startTest(t, db, NewRun{Params: want})
	if got := mustRuns(t, db, Query{})[0].Params; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v; want %+v", got, want)
	}

	// As a migration packs them: in the order of the keys.
	got, err := unpackParams("1 0 int 1 1 a52 1 string 1 0 b0 0 bool 1 4 ctrue")
	if err != nil || len(got) != 3 || got[0].Key != "c" || got[1] != (core.Param{Key: "a", Type: core.Int, Value: "5"}) || !got[2].Default {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, bad := range []string{"x", "0 0 int 1 1 a", "0 0 int -1 1 a", "0 0 int 9 9 a", "0 0 int 9223372036854775807 9223372036854775807 a"} {
		if _, err := unpackParams(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestResolve(t *testing.T) {
	db := filterRuns(t)
	runs := mustRuns(t, db, Query{})
	for ref, want := range map[string]string{"@1": "f", "@6": "a", "d": "d", "@best:fid": "b", "@best:acc": "d",
		runs[2].UID: "d", runs[3].UID[:8]: "c", strings.ToUpper(runs[3].UID[:8]): "c"} {
		d, err := db.Show(ctx, ref)
		if err != nil || d.Name != want {
			t.Errorf("%s: got %+v, %v; want %s", ref, d, err, want)
		}
	}
	db.w.do(func(c *conn) error { return c.script("UPDATE run SET uid='aaaa'||uid WHERE id<3") })
	for _, c := range []struct{ ref, msg, try string }{
		{"@7", "there is no run @7", "@1 to @6"},
		{"@0", `"@0" is no run`, "@1"},
		{"@x", `"@x" is no run`, "@1"},
		{"@best:fdi", `no run has a metric "fdi"`, "fid"},
		{"", "a run is missing", "@1"},
		{"aaaa", `"aaaa" is the beginning of several runs`, "(gan/wgan-gp), aaaa"},
		{"nope!", `no run has the name or id "nope!"`, "lab report"},
	} {
		_, err := db.Resolve(ctx, c.ref)
		wantError(t, err, core.Usage, c.msg, c.try)
	}
}
