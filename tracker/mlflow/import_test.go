package mlflow

import (
	"context"
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"lab/core"
	"lab/tracker"
)

var ctx = context.Background()

func open(t testing.TB) *tracker.DB {
	t.Helper()
	db, err := tracker.Open(filepath.Join(t.TempDir(), "home"), tracker.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// mlflowFile makes the database of testdata/make.py, with its artifacts.
func mlflowFile(t testing.TB, more string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/mlflow.sql")
	if err != nil {
		t.Fatal(err)
	}
	work, err := filepath.Abs("testdata")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "mlflow.db")
	db, err := sql.Open("sqlite3", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(strings.ReplaceAll(string(text), "@WORK@", work) + more); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestImport(t *testing.T) {
	db := open(t)
	file := mlflowFile(t, "UPDATE runs SET artifact_uri='mlflow-artifacts:/1/x' WHERE name='killed'")
	for round := range 2 {
		rep, err := Import(ctx, db, file, "")
		if err != nil || len(rep.Runs) != 5 || rep.Runs[0].Added != (round == 0) || len(rep.Notes) != 2 || rep.Notes[0] != "runs that were deleted are left out: 1" ||
			!strings.Contains(rep.Notes[1], "are not on this machine: mlflow-artifacts:/1/x") {
			t.Fatalf("got %+v, %v", rep, err)
		}
	}
	var got []string
	runs, err := db.Runs(ctx, tracker.Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range runs {
		got = append(got, r.Recipe+" "+r.Name+" "+string(r.Status))
	}
	want := []string{"Default still-running lost", "Default killed cancelled", "digits " + runs[2].Name + " failed", "digits child finished", "digits first-try finished"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q; want %q", got, want)
	}
	d, err := db.Show(ctx, "first-try")
	if err != nil {
		t.Fatal(err)
	}
	if d.Seed != 7 || d.Note != "what it is" || !reflect.DeepEqual(d.Tags, []string{"baseline"}) || d.Elapsed <= 0 || d.Elapsed > time.Minute {
		t.Errorf("got %+v", d.Summary)
	}
	params := []core.Param{{Key: "deep", Type: core.Bool, Value: "true"}, {Key: "epochs", Type: core.Int, Value: "3"}, {Key: "lr", Type: core.Float, Value: "0.0001"},
		{Key: "optimizer", Type: core.String, Value: "adam"}, {Key: "seed", Type: core.Int, Value: "7"}}
	if !reflect.DeepEqual(d.Params, params) {
		t.Errorf("got %+v", d.Params)
	}
	facts := map[string]string{}
	for _, f := range d.Facts {
		facts[f.Key] = f.Value
	}
	if facts["mlflow.tag.team"] != "vision" || facts["mlflow.run_name"] != "first try" || facts["mlflow.source.name"] != "make.py" || len(facts["mlflow.run_id"]) != 32 {
		t.Errorf("got %v", facts)
	}
	if child, _ := db.Show(ctx, "child"); child.Sweep != d.UID {
		t.Errorf("got %+v", child)
	}
	values := func(metric string) (steps []int64, vs []float64) {
		db.Points(ctx, "first-try", metric, func(p core.Point) error {
			steps, vs = append(steps, p.Step), append(vs, p.Value)
			if p.Time < 0 || p.Time > time.Minute {
				t.Errorf("got %+v", p)
			}
			return nil
		})
		return steps, vs
	}
	if steps, vs := values("loss"); !reflect.DeepEqual(steps, []int64{0, 1, 2, 3, 4}) || !reflect.DeepEqual(vs, []float64{1, 0.5, 1. / 3, 0.25, 0.5}) {
		t.Errorf("got %v, %v", steps, vs)
	}
	if steps, vs := values("odd value"); len(vs) != 4 || steps[0] != -1 || vs[0] == vs[0] || !math.IsInf(vs[1], 1) || !math.IsInf(vs[2], -1) || vs[3] != 0.1 {
		t.Errorf("got %v, %v", steps, vs)
	}
	text, err := os.ReadFile(filepath.Join(d.Dir, "artifacts/notes/hello.txt"))
	if err != nil || string(text) != "hello" || len(d.Artifacts) != 2 || d.Artifacts[0].Name != "config.json" {
		t.Errorf("%q, %v, %+v", text, err, d.Artifacts)
	}
	for _, r := range runs {
		if a, err := db.Audit(ctx, r.UID); err != nil || len(a.Faults) > 0 {
			t.Errorf("%s: %+v, %v", r.Name, a, err)
		}
	}
}

func TestImportOneExperiment(t *testing.T) {
	db, file := open(t), mlflowFile(t, "")
	_, err := Import(ctx, db, file, "letters")
	if core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), `no experiment "letters" has runs`) || core.TryOf(err) != "Default, digits" {
		t.Errorf("got %v", err)
	}
	if rep, err := Import(ctx, db, file, "digits"); err != nil || len(rep.Runs) != 3 {
		t.Errorf("got %+v, %v", rep, err)
	}
}

func TestNotMLflow(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o644)
	db := open(t)
	for _, file := range []string{text, filepath.Join(dir, "none"), filepath.Join(db.Home(), "lab.db"),
		mlflowFile(t, "UPDATE metrics SET step='x' WHERE key='loss'"), mlflowFile(t, "DROP TABLE params")} {
		_, err := Import(ctx, db, file, "")
		if core.KindOf(err) != core.Usage || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v, kind %d", file, err, core.KindOf(err))
		}
	}
	if runs, err := db.Runs(ctx, tracker.Query{}); err != nil || len(runs) != 0 {
		t.Errorf("half-imported: %+v, %v", runs, err)
	}
}

// A damaged database is an error in one line, never a panic.
func FuzzImport(f *testing.F) {
	b, err := os.ReadFile(mlflowFile(f, ""))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, byte(0), 0, byte(0))
	f.Add(100, byte(13), 5000, byte(255))
	db := open(f)
	f.Fuzz(func(t *testing.T, at int, with byte, at2 int, with2 byte) {
		c := append([]byte(nil), b...)
		c[uint(at)%uint(len(c))] ^= with
		c[uint(at2)%uint(len(c))] ^= with2
		file := filepath.Join(t.TempDir(), "x.db")
		os.WriteFile(file, c, 0o644)
		if _, err := Import(ctx, db, file, ""); err != nil && core.KindOf(err) != core.Usage {
			t.Fatal(err)
		}
	})
}
