package tracker

import (
	"os"
	"path/filepath"
	"testing"

	"lab/core"
)

// Every schema that a released lab has written must open, with what is in it.
// testdata/vN.sql is a dump (sqlite3 lab.db .dump, and the two pragmas) of a
// database of schema N; a new migration adds one and never changes one.
func TestPastSchemasMigrate(t *testing.T) {
	dumps, err := filepath.Glob("testdata/v*.sql")
	if err != nil || len(dumps) < len(schemas()) {
		t.Fatalf("dumps %v for %d schemas, %v", dumps, len(schemas()), err)
	}
	for _, dump := range dumps {
		t.Run(filepath.Base(dump), func(t *testing.T) {
			for _, readOnly := range []bool{false, true} {
				text, err := os.ReadFile(dump)
				if err != nil {
					t.Fatal(err)
				}
				home := t.TempDir()
				c, err := dial(dsn(filepath.Join(home, fileName), ""))
				if err != nil {
					t.Fatal(err)
				}
				if err := c.script(string(text)); err != nil {
					t.Fatal(err)
				}
				c.close()
				db := openTest(t, home, Options{ReadOnly: readOnly})
				runs := mustRuns(t, db, Query{Filter: "plugin=gan and fid<50 and lr=2e-4 and tag:baseline"})
				if len(runs) != 1 {
					t.Fatalf("%d runs", len(runs))
				}
				d, err := db.Show(ctx, runs[0].UID)
				if err != nil || d.Name != "first" || d.Status != core.Finished || len(d.Hash) != 32 || len(d.Params) != 2 ||
					len(d.Artifacts) != 2 || len(d.Sources) != 1 || factsOf(d)["data.name"] != "mnist" || len(points(t, db, "first", "fid")) != 40 {
					t.Errorf("got %+v, %v", d, err)
				}
				if curve, err := db.Curve(ctx, "first", "fid", 5); err != nil || len(curve) != 5 {
					t.Errorf("curve %v, %v", curve, err)
				}
				if !readOnly {
					r := startTest(t, db, NewRun{})
					put(t, r, core.Metrics{Points: []core.Point{pt("fid", 1, 1)}})
					closeTest(t, r, core.Finished)
				}
			}
		})
	}
}

func TestMigrationsAreNumbered(t *testing.T) {
	if len(schemas()) == 0 {
		t.Fatal("no migrations") // and schemas panics on a gap
	}
}
