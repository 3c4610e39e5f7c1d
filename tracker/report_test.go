package tracker

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"lab/core"
)

// reportDB holds runs of a few settings and seeds; the name of each tells its place.
func reportDB(t *testing.T) *DB {
	t.Helper()
	db := openTest(t, t.TempDir(), Options{})
	add := func(name, lr string, seed uint64, status core.Status, fid, acc float64) {
		t.Helper()
		r, err := db.Start(NewRun{Family: "gan", FamilyVersion: "1", Recipe: "dcgan", Name: name, Seed: seed,
			Params:  []core.Param{{Key: "lr", Type: core.Float, Value: lr}, {Key: "seed", Type: core.Int, Value: fmt.Sprint(seed)}},
			Metrics: []core.MetricSpec{{Name: "fid", Goal: core.Lower}, {Name: "accuracy", Goal: core.Higher}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Put(core.Metrics{Points: []core.Point{pt("fid", 1, fid), pt("accuracy", 1, acc), pt("other", 1, fid+acc)}}); err != nil {
			t.Fatal(err)
		}
		if err := r.Close(Exit{Status: status}); err != nil {
			t.Fatal(err)
		}
	}
	add("a", "0.1", 1, core.Finished, 10, 0.5)
	add("b", "0.1", 2, core.Finished, 30, 0.7)
	add("c", "0.2", 1, core.Finished, 15, 0.9)
	add("d", "0.2", 2, core.Failed, 1, 0.1)
	add("e", "0.3", 1, core.Finished, math.NaN(), 0.4)
	add("f", "0.3", 2, core.Finished, 5, 0.4)
	add("g", "0.1", 2, core.Finished, 32, 0.7) // b once more
	return db
}

func TestReport(t *testing.T) {
	db := reportDB(t)
	defer db.Close()
	for _, c := range []struct {
		q    Query
		f    Folding
		want string
		rows int
	}{
		{Query{}, Folding{}, "ga(b) fe d c", 4},
		{Query{}, Folding{Apart: true}, "g f e d c b a", 7},
		{Query{}, Folding{Apart: true, Limit: 2}, "g f", 7},
		{Query{}, Folding{Limit: 2}, "ga(b) fe", 4},
		{Query{Filter: "status=finished"}, Folding{By: []string{"lr"}}, "ga(b) fe c", 3},
		{Query{}, Folding{By: []string{"lr"}}, "ga(b) fe c", 3},
		{Query{}, Folding{By: []string{"plugin", "seed"}}, "gf(b) eca", 2},
		{Query{Sort: "fid"}, Folding{}, "d c ga(b) fe", 4},                         // of one that diverged the mean is none
		{Query{Sort: "-fid"}, Folding{}, "ga(b) c d fe", 4},                        // and comes last here too
		{Query{Sort: "accuracy"}, Folding{By: []string{"lr"}}, "c ga(b) fe", 3},    // 0.9, 0.6, 0.4
		{Query{Sort: "other"}, Folding{}, "d c ga(b) fe", 4},                       // not one of the recipe's
		{Query{Sort: "min(fid)", Headlines: 1}, Folding{Limit: 1}, "d", 4},         //
		{Query{Sort: "-lr"}, Folding{By: []string{"lr"}}, "fe c ga(b)", 3},         // a parameter
		{Query{Sort: "status,fid"}, Folding{}, "d c ga(b) fe", 4},                  // text, then a number
		{Query{Filter: "fid<20", Sort: "fid"}, Folding{Apart: true}, "d f a c", 4}, //
		{Query{Filter: "plugin=none"}, Folding{}, "", 0},
	} {
		r, err := db.Report(context.Background(), c.q, c.f)
		if err != nil {
			t.Errorf("%+v %+v: %v", c.q, c.f, err)
			continue
		}
		if got := showGroups(r.Groups); got != c.want || r.Rows != c.rows {
			t.Errorf("%+v %+v: got %s of %d rows; want %s of %d", c.q, c.f, got, r.Rows, c.want, c.rows)
		}
	}
	r, err := db.Report(context.Background(), Query{Columns: []string{"lr", "last(fid)"}, Headlines: 1}, Folding{By: []string{"lr"}})
	if err != nil {
		t.Fatal(err)
	}
	g := r.Groups[0]
	if g.Key[0].Text != "0.1" || g.Column(1).Mean != 21 || g.Metric("best", "fid").N != 2 || len(g.Runs[0].Metrics) != 1 || r.Runs != 5 {
		t.Errorf("got %+v", g)
	}
	for _, c := range []struct {
		q Query
		f Folding
	}{{Query{Filter: "nothing<1"}, Folding{}}, {Query{Sort: "nothing"}, Folding{}}, {Query{}, Folding{By: []string{"nothing"}}}, {Query{}, Folding{By: []string{"f(x)"}}}} {
		if _, err := db.Report(context.Background(), c.q, c.f); core.KindOf(err) != core.Usage {
			t.Errorf("%+v %+v: %v", c.q, c.f, err)
		}
	}
}

// A report's rows are those that Fold and GroupBy make of all runs.
func TestReportFoldsAsFoldDoes(t *testing.T) {
	db := reportDB(t)
	defer db.Close()
	runs, err := db.Runs(context.Background(), Query{Columns: []string{"lr"}})
	if err != nil {
		t.Fatal(err)
	}
	for by, want := range map[string][]Group{"": Fold(runs), "lr": GroupBy(runs, 1)} {
		r, err := db.Report(context.Background(), Query{}, Folding{By: strings.Fields(by)})
		if err != nil {
			t.Fatal(err)
		}
		if got := showGroups(r.Groups); got != showGroups(want) {
			t.Errorf("by %q: %s; %s", by, got, showGroups(want))
		}
	}
}

// A brief report says of each run what a full one says, and leaves the rest out.
func TestBriefReport(t *testing.T) {
	db := reportDB(t)
	defer db.Close()
	for _, c := range []struct {
		q Query
		f Folding
	}{
		{Query{}, Folding{By: []string{"lr"}}},
		{Query{Filter: "lr<0.2", Sort: "-fid", Columns: []string{"name", "last(fid)"}}, Folding{By: []string{"seed", "plugin"}}},
		{Query{Filter: "lr!=0.2", Sort: "lr", Headlines: 1}, Folding{}}, // of the runs between, nothing is shown
		{Query{}, Folding{Apart: true, Limit: 2}},
	} {
		want, err := db.Report(context.Background(), c.q, c.f)
		if err != nil {
			t.Fatal(err)
		}
		c.f.Brief = true
		got, err := db.Report(context.Background(), c.q, c.f)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rows != want.Rows || got.Runs != want.Runs || len(got.Groups) != len(want.Groups) {
			t.Fatalf("%+v %+v: %d rows of %d runs; want %d of %d", c.q, c.f, got.Rows, got.Runs, want.Rows, want.Runs)
		}
		for i := range want.Groups {
			for _, runs := range [][]*Summary{want.Groups[i].Runs, want.Groups[i].Repeats} {
				for k, s := range runs {
					if !c.f.Apart {
						runs[k] = &Summary{UID: s.UID, Family: s.Family, Recipe: s.Recipe, Started: s.Started, Elapsed: s.Elapsed, Columns: s.Columns, Metrics: s.Metrics}
					}
				}
			}
			if g, w := values(got.Groups[i]), values(want.Groups[i]); g != w { // NaN is equal to itself as text
				t.Errorf("%+v %+v:\ngot  %s\nwant %s", c.q, c.f, g, w)
			}
		}
	}
}

// values is a group as text, runs by what they hold.
func values(g Group) string {
	text := fmt.Sprintf("%+v", g.Key)
	for _, runs := range [][]*Summary{g.Runs, g.Repeats} {
		text += "; "
		for _, s := range runs {
			text += fmt.Sprintf("%+v", *s)
		}
	}
	return text
}
