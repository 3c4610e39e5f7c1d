package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"lab/tracker"
)

//go:embed mlflow.py
var mlflowScript string

// fewRuns is how many runs MLflow's search is measured over: ten thousand take it
// minutes to write.
const fewRuns = 500

// mlflow measures MLflow's file store and SQLite store doing the same, and gives
// lab's figure as a multiple. It needs the figures of commits and points.
func (b *bench) mlflow() error {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import mlflow").Run() != nil {
		fmt.Fprintln(os.Stderr, "LAB_PYTHON names no Python with MLflow: nothing to compare with")
		return nil
	}
	db, home, err := b.open("few")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	defer db.Close()
	if err := manyRunsInto(b, db, fewRuns); err != nil {
		return err
	}
	search := []float64{}
	for range 2*b.rounds + 1 {
		ms, err := timed(func() error {
			_, err := db.Runs(b.ctx, tracker.Query{Filter: "m03<5000 and p01>=50", Sort: "m03", Limit: 100})
			return err
		})
		if err != nil {
			return err
		}
		search = append(search, ms)
	}
	b.own["search"] = median(search)
	for _, store := range []string{"sqlite", "file"} {
		dir, err := os.MkdirTemp(b.dir, "mlflow-*")
		if err != nil {
			return err
		}
		cmd := exec.CommandContext(b.ctx, python, "-c", mlflowScript, store, strconv.Itoa(fewRuns))
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			if e, ok := err.(*exec.ExitError); ok {
				err = fmt.Errorf("%w: %s", err, e.Stderr)
			}
			return err
		}
		var theirs map[string]float64
		if err := json.Unmarshal(out, &theirs); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		for _, c := range []struct {
			key, what, unit string
			lower           bool
		}{
			{"single points", "one log_metric at a time", "points/s", false},
			{"batches", "log_batch of 1000", "points/s", false},
			{"bytes", "a point on disk", "bytes", true},
			{"search", fmt.Sprintf("filter and sort of %d runs", fewRuns), "ms", true},
		} {
			their, ok := theirs[c.key]
			own, measured := b.own[c.key]
			if !ok || !measured {
				continue
			}
			times := own / their
			if c.lower {
				times = their / own
			}
			b.add(row{what: fmt.Sprintf("MLflow, %s store: %s", store, c.what), bar: fmt.Sprintf("lab %s×", figure(times)), values: []float64{their}, unit: c.unit, lower: c.lower})
		}
		os.RemoveAll(dir)
	}
	return nil
}
