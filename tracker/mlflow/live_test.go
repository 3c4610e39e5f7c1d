package mlflow

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"lab/core"
)

// TestLive compares with what MLflow itself reads, where LAB_PYTHON has one.
func TestLive(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import mlflow").Run() != nil {
		t.Skip("LAB_PYTHON names no Python with MLflow")
	}
	script, err := filepath.Abs("testdata/live.py")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	out, err := exec.Command(python, script, dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]map[string][][2]float64
	if err := json.Unmarshal(out, &want); err != nil || len(want) != 2 {
		t.Fatalf("%v: %s", err, out)
	}
	db := open(t)
	if _, err := Import(ctx, db, filepath.Join(dir, "mlflow.db"), "live"); err != nil {
		t.Fatal(err)
	}
	for run, metrics := range want {
		for metric, points := range metrics {
			i := 0
			err := db.Points(ctx, run, metric, func(p core.Point) error {
				if i < len(points) && (points[i][0] != float64(p.Step) || points[i][1] != p.Value) {
					t.Errorf("%s %s: got %v; want %v", run, metric, p, points[i])
				}
				i++
				return nil
			})
			if err != nil || i != len(points) {
				t.Errorf("%s %s: %d points of %d, %v", run, metric, i, len(points), err)
			}
		}
	}
}
