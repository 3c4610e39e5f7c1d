package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core/data"
	"lab/core/onnx/trial"
)

// TestPythonPlugin has lab run, record, report and check a family that is written in
// Python against nothing but the contract.
func TestPythonPlugin(t *testing.T) {
	t.Parallel()
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with PyTorch and gRPC (make python sets it up)")
	}
	if out, err := exec.Command(python, "-c", "import torch, grpc, grpc_tools, cryptography").CombinedOutput(); err != nil {
		t.Skipf("%s lacks what examples/python-plugin/requirements.txt lists: %s", python, out)
	}
	bin := t.TempDir() // the plugin's first line asks for python3
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", python)), 0o755); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"), "XDG_DATA_HOME="+t.TempDir(),
		"LAB_HOME="+t.TempDir(), "LAB_PLUGIN_PATH=", "LAB_PLUGIN_START_TIMEOUT=1m")
	source, err := filepath.Abs("../../examples/python-plugin/lab-plugin-torch-mlp")
	if err != nil {
		t.Fatal(err)
	}
	lab := func(args ...string) string {
		t.Helper()
		cmd := exec.Command("lab", args...)
		cmd.Env = env
		var said strings.Builder
		cmd.Stderr = &said
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("lab %s: %v\n%s%s", strings.Join(args, " "), err, out, said.String())
		}
		return string(out)
	}
	has := func(out string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("%q is not in\n%s", w, out)
			}
		}
	}
	has(lab("plugin", "install", "--link", source), "torch-mlp 1.0.0 installed")
	has(strings.Join(strings.Fields(lab("plugins")), " "), "torch-mlp mlp (default) two layers that tell clothes apart fashion-mini")
	has(lab("plugins", "torch-mlp", "mlp"), "hidden      int    128", "accuracy        higher", "resumes to the same bits")

	var run struct {
		Status, Hash string
		Metrics      []struct {
			Name string
			Last float64
		}
		Files []struct{ Kind, Path string }
		Facts map[string]string
	}
	if err := json.Unmarshal([]byte(lab("run", "plugin=torch-mlp", "epochs=2", "batch_size=100", "hidden=32", "--json")), &run); err != nil {
		t.Fatal(err)
	}
	if run.Status != "finished" || run.Hash == "" {
		t.Errorf("%+v", run)
	}
	if run.Metrics[0].Name != "accuracy" || run.Metrics[0].Last < 0.7 || run.Facts["torch.version"] == "" {
		t.Errorf("%+v, %v", run.Metrics, run.Facts)
	}
	has(lab("report"), "torch-mlp/mlp", "finished")
	has(lab("show", "@1"), "accuracy", "torch.version", "model.onnx")
	has(lab("verify", "@1"), "points of 2 metrics and 1 model are the same to the last bit")
	has(lab("export", "@1", "-o", filepath.Join(t.TempDir(), "m.onnx")), "m.onnx")

	// What PyTorch wrote tells the same images right when lab computes it.
	model := run.Files[slices.IndexFunc(run.Files, func(f struct{ Kind, Path string }) bool { return f.Kind == "model" })].Path
	if got := accuracy(t, model); math.Abs(got-run.Metrics[0].Last) > 0.0011 { // one image of a thousand may be a tie
		t.Errorf("accuracy %v by lab, %v by PyTorch", got, run.Metrics[0].Last)
	}

	out := lab("plugin", "test", "torch-mlp", "epochs=1", "batch_size=200", "hidden=16", "--long", "epochs=4", "--long", "hidden=16")
	has(out, "passed   describe", "passed   mlp/params", "passed   mlp/short-run", "passed   mlp/same-seed-same-bits", "passed   mlp/stop-and-resume", "passed   killed-host")
}

// accuracy is the share of fashion-mini's test images that a model tells right.
func accuracy(t *testing.T, model string) float64 {
	t.Helper()
	set, err := data.Open("fashion-mini", "")
	if err != nil {
		t.Fatal(err)
	}
	n := set.Test.Len()
	m, err := trial.Load(model, n)
	if err != nil {
		t.Fatal(err)
	}
	images := make([]float32, n*28*28) // [n,28,28,1], which is [n,1,28,28] as well
	set.Test.Copy(images, data.All(set.Test).Index, set.Test.Levels(0, 1))
	out, err := m.Run(map[string][]float32{"image": images})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, logits := 0, out["logits"]; i < n; i++ {
		best := 0
		for c, v := range logits[i*10 : i*10+10] {
			if v > logits[i*10+best] {
				best = c
			}
		}
		if best == int(set.Test.Labels[i]) {
			right++
		}
	}
	return float64(right) / float64(n)
}
