package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/bench/protocol"
	"lab/bench/workload"
)

// TestPyTorchAgrees has PyTorch do every workload from lab's weights: the same
// parameters, the same losses.
func TestPyTorchAgrees(t *testing.T) {
	if os.Getenv("LAB_PYTHON") == "" {
		t.Skip("LAB_PYTHON is not set to a Python with torch (make python sets it up)")
	}
	stage, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer stage.close()
	peer, err := stage.start("eager", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.close()
	for _, w := range workload.Table {
		r := protocol.Request{Do: protocol.Build, Workload: w.Name}
		r.State = filepath.Join(stage.dir, w.Name)
		ours, err := workload.Ready(w.Name, r.State, true)
		if err != nil {
			t.Fatal(err)
		}
		var losses []float64
		for range checkedSteps {
			ours.Step()
			losses = append(losses, ours.Losses()...)
		}
		said, err := agree(peer, ours.Parameters(), losses, r)
		if missing := errMissing(""); errors.As(err, &missing) && strings.Contains(err.Error(), "torchvision") {
			t.Logf("%s: %v", w.Name, err)
			continue
		}
		if err != nil {
			t.Error(err)
		}
		t.Logf("%s: %s", w.Name, said)
	}
	if _, err := peer.ask(protocol.Request{Do: protocol.Build, Workload: "other"}); err == nil || !strings.Contains(err.Error(), "no workload") {
		t.Errorf("an unknown workload: %v", err)
	}
}
