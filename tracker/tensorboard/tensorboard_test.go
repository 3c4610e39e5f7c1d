package tensorboard

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
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

func values(t *testing.T, db *tracker.DB, ref, metric string) string {
	t.Helper()
	var b strings.Builder
	err := db.Points(ctx, ref, metric, func(p core.Point) error {
		fmt.Fprintf(&b, "%d:%v ", p.Step, p.Value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(b.String())
}

// The fixtures are TensorBoard's own, see testdata/make.py.
func TestImport(t *testing.T) {
	db := open(t)
	for round := range 2 {
		rep, err := Import(ctx, db, "testdata/logs")
		if err != nil || len(rep.Runs) != 2 || rep.Runs[1].Added != (round == 0) || len(rep.Notes) != 2 ||
			!strings.HasPrefix(rep.Notes[0], "train: 1 values that are no scalars") {
			t.Fatalf("got %+v, %v", rep, err)
		}
	}
	for _, c := range [][3]string{
		{"train", "loss", "0:1.5 1:NaN 2:+Inf 3:-0.75"},
		{"train", "acc", "0:0.25"},
		{"val/deep", "loss", "10:0.5 20:0.1 30:0.25 40:-3 50:0.333251953125 60:1.5"},
	} {
		if got := values(t, db, c[0], c[1]); got != c[2] {
			t.Errorf("%s %s: got %s; want %s", c[0], c[1], got, c[2])
		}
	}
	d, err := db.Show(ctx, "val/deep")
	if err != nil {
		t.Fatal(err)
	}
	params := []core.Param{{Key: "deep", Type: core.Bool, Value: "true"}, {Key: "layers", Type: core.Int, Value: "3"},
		{Key: "lr", Type: core.Float, Value: "0.001"}, {Key: "optimizer", Type: core.String, Value: "adam"}}
	if !reflect.DeepEqual(d.Params, params) || d.Status != core.Failed || d.Recipe != "logs" || d.Family != Family {
		t.Errorf("got %+v", d)
	}
	for ref, path := range map[string]string{"train": "artifacts/samples-real-000003.png", "val/deep": "artifacts/images-x-000060.png"} {
		d, err := db.Show(ctx, ref)
		if err != nil || len(d.Artifacts) != 1 || d.Artifacts[0].Path != path {
			t.Fatalf("got %+v, %v", d, err)
		}
		b, err := os.ReadFile(d.Path(d.Artifacts[0]))
		if img, err2 := png.Decode(bytes.NewReader(b)); err != nil || err2 != nil || img.Bounds().Dx() != 2 {
			t.Errorf("%s: %v, %v", ref, err, err2)
		}
	}
	if d, _ := db.Show(ctx, "train"); d.Started.UnixMilli() < 1_700_000_000_000 || d.Elapsed != 2500*time.Millisecond {
		t.Errorf("got %+v", d.Summary)
	}
}

func TestRefused(t *testing.T) {
	db := open(t)
	b, err := os.ReadFile("testdata/logs/train/events.out.tfevents.1700000000.host.0.v2")
	if err != nil {
		t.Fatal(err)
	}
	flip := bytes.Clone(b)
	flip[len(b)/2] ^= 1
	for what, c := range map[string]struct {
		name string
		b    []byte
		msg  string
	}{
		"nothing":      {"", nil, "there are no event files"},
		"another file": {"notes.txt", b, "there are no event files"},
		"damaged":      {"a.tfevents", flip, "is damaged"},
		"no record":    {"a.tfevents", []byte(strings.Repeat("text ", 100)), "is damaged"},
	} {
		dir := t.TempDir()
		if c.name != "" {
			os.WriteFile(filepath.Join(dir, c.name), c.b, 0o644)
		}
		_, err := Import(ctx, db, dir)
		if core.KindOf(err) != core.Usage || !strings.Contains(err.Error(), c.msg) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := Import(ctx, db, filepath.Join(t.TempDir(), "none")); core.KindOf(err) != core.Usage {
		t.Errorf("got %v", err)
	}
	// A file that is still being written is read up to its last whole record.
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, "a.tfevents"), b[:len(b)-3], 0o644)
	if rep, err := Import(ctx, db, dir); err != nil || len(rep.Runs) != 1 {
		t.Errorf("got %+v, %v", rep, err)
	}
}

// exportRun is a run with everything that goes to TensorBoard.
func exportRun(t *testing.T, db *tracker.DB) string {
	t.Helper()
	r, err := db.Start(tracker.NewRun{Family: "gan", Recipe: "dcgan", Name: "group/run", Params: []core.Param{{Key: "lr", Type: core.Float, Value: "0.001"},
		{Key: "epochs", Type: core.Int, Value: "5"}, {Key: "deep", Type: core.Bool, Value: "true"}, {Key: "act", Type: core.Enum, Value: "relu"}}})
	if err != nil {
		t.Fatal(err)
	}
	var ps []core.Point
	for i := range int64(500) {
		ps = append(ps, core.Point{Metric: "train/loss", Step: i * 3, Time: time.Duration(i) * 10 * time.Millisecond, Value: math.Sin(float64(i))})
	}
	ps = append(ps, core.Point{Metric: "fid", Step: 1, Value: math.NaN()}, core.Point{Metric: "fid", Step: 2, Value: math.Inf(-1)})
	if err := r.Put(core.Metrics{Points: ps}); err != nil {
		t.Fatal(err)
	}
	var pic bytes.Buffer
	png.Encode(&pic, image.NewGray(image.Rect(0, 0, 4, 3)))
	os.WriteFile(filepath.Join(r.Dir(), "s.png"), pic.Bytes(), 0o644)
	if err := r.Put(core.Artifact{Name: "samples", Kind: "image", Path: "s.png", SHA256: "x", Step: 9}); err != nil {
		t.Fatal(err)
	}
	if err := r.Close(tracker.Exit{Status: core.Finished}); err != nil {
		t.Fatal(err)
	}
	return r.UID()
}

// What is exported comes back, with the precision that TensorBoard has.
func TestExport(t *testing.T) {
	db := open(t)
	uid := exportRun(t, db)
	dir := t.TempDir()
	file, err := Export(ctx, db, uid, dir)
	if err != nil || filepath.Dir(file) != filepath.Join(dir, "group", "run") || !strings.Contains(file, "tfevents") {
		t.Fatalf("got %s, %v", file, err)
	}
	if _, err := db.Rename(ctx, uid, "../out"); err != nil {
		t.Fatal(err)
	}
	if out, err := Export(ctx, db, uid, t.TempDir()); err != nil || filepath.Base(filepath.Dir(out)) != uid {
		t.Errorf("got %s, %v", out, err)
	}
	if files, _ := os.ReadDir(filepath.Dir(file)); len(files) != 1 {
		t.Errorf("left behind: %v", files)
	}
	there := open(t)
	rep, err := Import(ctx, there, dir)
	if err != nil || len(rep.Notes) != 0 {
		t.Fatalf("got %+v, %v", rep, err)
	}
	d, err := there.Show(ctx, "group/run")
	if err != nil || len(d.Artifacts) != 1 || d.Artifacts[0].Step != 9 {
		t.Fatalf("got %+v, %v", d, err)
	}
	var got []string
	for _, p := range d.Params {
		got = append(got, p.Key+"="+p.Value)
	}
	if s := strings.Join(got, " "); s != "act=relu deep=true epochs=5 lr=0.001" {
		t.Errorf("got %s", s)
	}
	var n int64
	there.Points(ctx, "group/run", "train/loss", func(p core.Point) error {
		if p.Step != n*3 || p.Value != float64(float32(math.Sin(float64(n)))) || (p.Time-time.Duration(n)*10*time.Millisecond).Abs() > 2*time.Millisecond {
			t.Errorf("got %+v", p)
		}
		n++
		return nil
	})
	if n != 500 || values(t, there, "group/run", "fid") != "1:NaN 2:-Inf" {
		t.Errorf("%d points, %s", n, values(t, there, "group/run", "fid"))
	}
}

// TestLive has TensorBoard read what is exported, where LAB_PYTHON has one.
func TestLive(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import tensorboard.backend.event_processing.event_accumulator").Run() != nil {
		t.Skip("LAB_PYTHON names no Python with TensorBoard")
	}
	db := open(t)
	uid := exportRun(t, db)
	dir := t.TempDir()
	if _, err := Export(ctx, db, uid, dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "testdata/read.py", dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	type read struct {
		Scalars map[string][][3]*float64
		Images  map[string][][3]int
		HParams map[string]any
		Status  int
	}
	var runs map[string]read
	if err := json.Unmarshal(out, &runs); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r := runs["group/run"]
	loss := r.Scalars["train/loss"]
	if len(loss) != 500 || r.Status != statusSuccess || !reflect.DeepEqual(r.Images["samples"], [][3]int{{9, 4, 3}}) ||
		!reflect.DeepEqual(r.HParams, map[string]any{"lr": 0.001, "epochs": 5.0, "deep": true, "act": "relu"}) {
		t.Errorf("got %d points, %+v", len(loss), r)
	}
	for i, p := range loss {
		if *p[0] != float64(3*i) || *p[1] != float64(float32(math.Sin(float64(i)))) || math.Abs(*p[2]-*loss[0][2]-float64(i)*0.01) > 1e-3 {
			t.Fatalf("point %d: %v", i, p)
		}
	}
	if fid := r.Scalars["fid"]; len(fid) != 2 || fid[0][1] != nil {
		t.Errorf("got %v", fid)
	}
	// And what it writes now is read.
	logs := filepath.Join(t.TempDir(), "logs")
	if out, err := exec.Command(python, "testdata/make.py", logs).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := Import(ctx, db, logs); err != nil || values(t, db, "train", "loss") != "0:1.5 1:NaN 2:+Inf 3:-0.75" {
		t.Errorf("%v, %s", err, values(t, db, "train", "loss"))
	}
}

func FuzzImport(f *testing.F) {
	for _, path := range []string{"testdata/logs/train", "testdata/logs/val/deep"} {
		files, err := os.ReadDir(path)
		if err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(path, files[0].Name()))
		if err != nil {
			f.Fatal(err)
		}
		records := newRecordReader(bytes.NewReader(b))
		for data, err := records.read(); err == nil; data, err = records.read() {
			f.Add(bytes.Clone(data), false)
		}
		f.Add(b, true)
	}
	db := open(f)
	f.Fuzz(func(t *testing.T, b []byte, whole bool) {
		if !whole { // past the checksums
			var framed bytes.Buffer
			if err := writeRecord(&framed, b); err != nil {
				t.Fatal(err)
			}
			b = framed.Bytes()
		}
		dir := t.TempDir()
		os.WriteFile(filepath.Join(dir, "x.tfevents"), b, 0o644)
		if _, err := Import(ctx, db, dir); err != nil && core.KindOf(err) != core.Usage {
			t.Fatal(err)
		}
	})
}
