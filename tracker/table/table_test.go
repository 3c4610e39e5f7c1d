package table

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"lab/core"
	"lab/tracker"
)

var runs = []tracker.Summary{
	{UID: "aaa", Name: "first", Family: "gan", FamilyVersion: "1.0", Recipe: "dcgan", Status: core.Finished, Started: time.UnixMilli(1_700_000_000_123), Ended: time.UnixMilli(1_700_000_060_000),
		Elapsed: 59877 * time.Millisecond, Seed: math.MaxUint64, PeakMemory: 77, Note: "two\nlines, \"quoted\"", Tags: []string{"a", "b"},
		Params:  []core.Param{{Key: "lr", Type: core.Float, Value: "1e-05"}, {Key: "deep", Type: core.Bool, Value: "true"}},
		Metrics: []tracker.Metric{{Name: "fid", Points: 3, Last: math.NaN(), Best: 0.1, Min: 0.1, Max: math.Inf(1)}, {Name: "never"}}},
	{UID: "bbb", Family: "cnn", Recipe: "small", Status: core.Running, Started: time.UnixMilli(1_700_000_100_000), Elapsed: time.Second, Seed: 3,
		Params:  []core.Param{{Key: "lr", Type: core.Float, Value: "0.1"}, {Key: "width", Type: core.Int, Value: "8"}},
		Metrics: []tracker.Metric{{Name: "acc, top 1", Points: 1, Last: 0.5, Best: 0.5, Min: 0.5, Max: 0.5}}},
}

func TestRunsCSV(t *testing.T) {
	var b bytes.Buffer
	if err := RunsCSV(&b, runs); err != nil {
		t.Fatal(err)
	}
	want := `uid,name,plugin,plugin_version,recipe,status,reason,started,ended,seconds,seed,peak_memory_bytes,note,tags,param.lr,param.deep,param.width,best(fid),last(fid),min(fid),max(fid),"best(acc, top 1)","last(acc, top 1)","min(acc, top 1)","max(acc, top 1)"
aaa,first,gan,1.0,dcgan,finished,,2023-11-14T22:13:20.123Z,2023-11-14T22:14:20.000Z,59.877,18446744073709551615,77,"two
lines, ""quoted""",a b,1e-05,true,,0.1,nan,0.1,inf,,,,
bbb,,cnn,,small,running,,2023-11-14T22:15:00.000Z,,1,3,,,,0.1,,8,,,,,0.5,0.5,0.5,0.5
`
	if b.String() != want {
		t.Errorf("got %s", b.String())
	}
	b.Reset()
	if err := RunsCSV(&b, nil); err != nil || !strings.HasPrefix(b.String(), "uid,name,") {
		t.Errorf("no runs: %q, %v", b.String(), err)
	}
}

var points = []core.Point{
	{Metric: "fid", Step: -1, Time: 1500 * time.Millisecond, Value: math.NaN()},
	{Metric: "fid", Step: 1 << 60, Time: time.Hour, Value: math.SmallestNonzeroFloat64},
	{Metric: `odd, "name"`, Step: 0, Value: math.Inf(-1)},
}

func series(run string) Series {
	return Series{run, func(put func(core.Point) error) error {
		for _, p := range points {
			if err := put(p); err != nil {
				return err
			}
		}
		return nil
	}}
}

func TestPointsCSV(t *testing.T) {
	var b bytes.Buffer
	if err := PointsCSV(&b, series("aaa"), series("b")); err != nil {
		t.Fatal(err)
	}
	const a = "aaa,fid,-1,1500,nan\naaa,fid,1152921504606846976,3600000,5e-324\naaa,\"odd, \"\"name\"\"\",0,0,-inf\n"
	if want := "run,metric,step,time_ms,value\n" + a + strings.ReplaceAll(a, "aaa", "b"); b.String() != want {
		t.Errorf("got %s", b.String())
	}
	broken := Series{"x", func(func(core.Point) error) error { return errors.New("no disk") }}
	if err := PointsCSV(&b, broken); err == nil || err.Error() != "no disk" {
		t.Errorf("got %v", err)
	}
	if err := PointsParquet(&b, broken); err == nil || err.Error() != "no disk" {
		t.Errorf("got %v", err)
	}
}

func TestParquet(t *testing.T) {
	var b bytes.Buffer
	many := Series{"many", func(put func(core.Point) error) error {
		for i := range int64(10_000) {
			if err := put(core.Point{Metric: "m", Step: i, Value: math.Sin(float64(i))}); err != nil {
				return err
			}
		}
		return nil
	}}
	if err := PointsParquet(&b, series("aaa"), many); err != nil {
		t.Fatal(err)
	}
	rows, err := parquet.Read[pointRow](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || len(rows) != 10_003 || rows[1] != (pointRow{"aaa", "fid", 1 << 60, 3_600_000, math.SmallestNonzeroFloat64}) ||
		rows[0].Value == rows[0].Value || rows[10_002].Step != 9999 || rows[5000].Value != math.Sin(float64(rows[5000].Step)) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	b.Reset()
	if err := RunsParquet(&b, runs); err != nil {
		t.Fatal(err)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || f.NumRows() != 2 {
		t.Fatal(err)
	}
	all := make([]parquet.Row, 2)
	r := f.RowGroups()[0].Rows()
	defer r.Close()
	if n, _ := r.ReadRows(all); n != 2 {
		t.Fatalf("%d rows", n)
	}
	at := func(row int, name string) parquet.Value {
		for i, c := range f.Schema().Columns() {
			if c[0] == name {
				return all[row][i]
			}
		}
		t.Fatalf("no column %q", name)
		return parquet.Value{}
	}
	if v := at(0, "seed"); v.Uint64() != math.MaxUint64 {
		t.Errorf("seed %v", v)
	}
	if v := at(0, "last(fid)"); v.IsNull() || v.Double() == v.Double() {
		t.Errorf("NaN became %v", v)
	}
	if !at(1, "best(fid)").IsNull() || !at(1, "ended").IsNull() || at(1, "param.lr").String() != "0.1" || at(0, "started").Int64() != 1_700_000_000_123 {
		t.Error("cells are wrong")
	}
}

// TestLive has pyarrow read the files, where LAB_PYTHON has one.
func TestLive(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import pyarrow.parquet").Run() != nil {
		t.Skip("LAB_PYTHON names no Python with pyarrow")
	}
	dir := t.TempDir()
	var a, b bytes.Buffer
	if err := errors.Join(RunsParquet(&a, runs), PointsParquet(&b, series("aaa"))); err != nil {
		t.Fatal(err)
	}
	runsFile, pointsFile := filepath.Join(dir, "runs.parquet"), filepath.Join(dir, "points.parquet")
	os.WriteFile(runsFile, a.Bytes(), 0o644)
	os.WriteFile(pointsFile, b.Bytes(), 0o644)
	out, err := exec.Command(python, "testdata/read.py", runsFile, pointsFile).Output()
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]struct {
		Types map[string]string
		Rows  []map[string]any
	}
	d := json.NewDecoder(bytes.NewReader(out))
	d.UseNumber()
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	x, y := got[runsFile], got[pointsFile]
	for name, want := range map[string]string{"uid": "string", "seed": "uint64", "best(fid)": "double", "started": "timestamp[ms, tz=UTC]", "param.lr": "string", "peak_memory_bytes": "int64"} {
		if x.Types[name] != want {
			t.Errorf("%s is %s; want %s", name, x.Types[name], want)
		}
	}
	for name, want := range map[string]string{"run": "string", "metric": "string", "step": "int64", "time_ms": "int64", "value": "double"} {
		if y.Types[name] != want {
			t.Errorf("%s is %s; want %s", name, y.Types[name], want)
		}
	}
	r := x.Rows
	if len(r) != 2 || r[0]["seed"] != json.Number("18446744073709551615") || r[0]["last(fid)"] != "nan" || r[0]["max(fid)"] != "inf" || r[1]["max(fid)"] != nil ||
		r[0]["note"] != runs[0].Note || r[0]["started"] != "2023-11-14T22:13:20.123000+00:00" || r[1]["ended"] != nil || r[1]["best(acc, top 1)"] != json.Number("0.5") {
		t.Errorf("got %v", r)
	}
	p := y.Rows
	if len(p) != 3 || p[1]["step"] != json.Number("1152921504606846976") || p[1]["value"] != json.Number("5e-324") || p[2]["metric"] != `odd, "name"` || p[2]["value"] != "-inf" {
		t.Errorf("got %v", p)
	}
}
