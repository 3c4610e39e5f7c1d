package main

import (
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"lab/core"
	"lab/tracker"
)

// record writes a run as a training would have left it, without one: scripts about
// reports need many. Words are property=value: home, plugin, recipe, name, note, tag,
// status, reason; metric:NAME=1,2,3 are points at the steps from 1; anything else is a
// parameter. at=TIME is what the clock says when it starts, took=SPAN how far it has moved
// when it ends, back too.
//
//	record name=slow lr=0.1 seed=2 metric:fid=30,20,25
func record(ts *testscript.TestScript, neg bool, words []string) {
	home := ts.Getenv("LAB_HOME")
	if home == "" {
		home = ".lab"
	}
	n := tracker.NewRun{Family: "gan", FamilyVersion: "1.0.0", Recipe: "dcgan", CommandLine: []string{"lab", "run", "plugin=gan"},
		Environment: []core.Fact{{Key: "data.name", Value: "fashion-mini"}, {Key: "git.commit", Value: "0123456789abcdef"}},
		Metrics:     []core.MetricSpec{{Name: "fid", Goal: core.Lower}, {Name: "loss"}}}
	exit := tracker.Exit{Status: core.Finished}
	var (
		points []core.Point
		clock  time.Time
		took   time.Duration
	)
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch name, isMetric := strings.CutPrefix(key, "metric:"); {
		case isMetric:
			for i, v := range strings.Split(value, ",") {
				x, err := core.ParseFloat(v)
				ts.Check(err)
				points = append(points, core.Point{Metric: name, Step: int64(i + 1), Value: x})
			}
		case key == "home":
			home = value
		case key == "plugin":
			n.Family = value
		case key == "recipe":
			n.Recipe = value
		case key == "name":
			n.Name = value
		case key == "note":
			n.Note = value
		case key == "tag":
			n.Tags = append(n.Tags, value)
		case key == "status":
			exit.Status = core.Status(value)
		case key == "at":
			var err error
			clock, err = time.Parse(time.RFC3339, value)
			ts.Check(err)
		case key == "took":
			var err error
			took, err = time.ParseDuration(value)
			ts.Check(err)
		case key == "reason":
			exit.Reason = value
		default:
			n.Params = append(n.Params, core.Param{Key: key, Type: core.Float, Value: value})
			if key == "seed" {
				fmt.Sscan(value, &n.Seed)
			}
		}
	}
	var now func() time.Time
	if !clock.IsZero() {
		now = func() time.Time { return clock }
	}
	db, err := tracker.Open(ts.MkAbs(home), tracker.Options{Now: now})
	ts.Check(err)
	defer db.Close()
	run, err := db.Start(n)
	ts.Check(err)
	ts.Check(run.Put(core.Metrics{Points: points}))
	clock = clock.Add(took)
	h := fnv.New32()
	fmt.Fprint(h, words)
	model := fmt.Sprintf("weights %x", h.Sum32())
	ts.Check(os.WriteFile(filepath.Join(run.Dir(), "model.onnx"), []byte(model), 0o644))
	sum, err := fileSum(filepath.Join(run.Dir(), "model.onnx"))
	ts.Check(err)
	ts.Check(run.Put(core.Artifact{Name: "model", Kind: "model", Path: "model.onnx", SHA256: sum, Bytes: int64(len(model))}))
	ts.Check(run.Close(exit))
}
