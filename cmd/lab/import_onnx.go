package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"lab/core"
	"lab/core/onnx/exchange"
	"lab/tracker"
)

// importONNX makes a run of a model file: without metrics, with the model, which
// from=NAME starts from, and facts of what is in it. The file's contents are its identity.
func importONNX(ctx context.Context, db *tracker.DB, path string, f importFlags) (*tracker.ImportReport, error) {
	net, err := exchange.Open(path)
	if err != nil {
		return nil, err
	}
	model, err := os.ReadFile(path)
	if err == nil && net.Model.External() { // weights beside it go into the one file that the run keeps
		model, err = net.Encode()
	}
	if err != nil {
		return nil, err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	sum, err := fileSum(path)
	if err != nil {
		return nil, err
	}
	name := f.name
	if name == "" {
		name = tracker.AsWord(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	facts := append(modelFacts(net), core.Fact{Key: "model.file", Value: absolute}, core.Fact{Key: "model.sha256", Value: sum})
	now := time.Now()
	run := &tracker.Foreign{UID: tracker.ForeignUID("onnx", sum), Status: core.Finished, Started: now, Ended: now,
		NewRun: tracker.NewRun{Family: "imported", FamilyVersion: version(), Recipe: "onnx", Name: name, CommandLine: os.Args, Environment: facts},
		Points: func(func(core.Point) error) error { return nil },
		Files: []tracker.ForeignFile{{Artifact: core.Artifact{Name: "model", Kind: "model", Path: "model.onnx"},
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(model)), nil }}}}
	added, err := db.Add(ctx, run)
	if err != nil {
		return nil, err
	}
	return &tracker.ImportReport{Runs: []tracker.Imported{{UID: run.UID, Added: added}}}, nil
}
