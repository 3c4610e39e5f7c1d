package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lab/core"
	"lab/tracker"
)

// findModel finds what from=REF means: a file, or the model of a run.
func (a *app) findModel(ctx context.Context, ref string) (tracker.Source, error) {
	if info, err := os.Stat(ref); err == nil && info.Mode().IsRegular() {
		path, err := filepath.Abs(ref)
		if err != nil {
			return tracker.Source{}, err
		}
		sum, err := fileSum(path)
		return tracker.Source{Path: path, SHA256: sum}, err
	}
	db, err := a.records()
	if err != nil {
		return tracker.Source{}, err
	}
	defer db.Close()
	d, err := db.Show(ctx, ref)
	if err != nil {
		if strings.ContainsAny(ref, "/\\") || filepath.Ext(ref) != "" {
			return tracker.Source{}, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("from=%s: there is no such file", ref)}
		}
		return tracker.Source{}, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("from=%s: there is no such file, nor such a run", ref), Try: "lab report, and from=@1 or a path"}
	}
	m, err := modelOf(d)
	if err != nil {
		return tracker.Source{}, err
	}
	path, err := filepath.Abs(d.Path(m))
	return tracker.Source{Run: d.UID, Path: path, SHA256: m.SHA256}, err
}

// modelOf is the model that a run ended with: the one of step 0 called "model", or
// else the newest. Its file is there and unchanged.
func modelOf(d *tracker.Detail) (core.Artifact, error) {
	var best core.Artifact
	for _, x := range d.Artifacts {
		if x.Kind != "model" {
			continue
		}
		final := x.Name == "model" && x.Step == 0
		if best.Path == "" || final || !(best.Name == "model" && best.Step == 0) && x.Step > best.Step {
			best = x
		}
	}
	if best.Path == "" {
		return best, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("run %s has no model: it is %s", d.UID, d.Status), Try: "lab show " + d.UID}
	}
	path := d.Path(best)
	sum, err := fileSum(path)
	switch {
	case os.IsNotExist(err):
		return best, &core.Error{Kind: core.Storage, Msg: fmt.Sprintf("the model of run %s is gone: %s", d.UID, path)}
	case err != nil:
		return best, &core.Error{Kind: core.Storage, Msg: "the model of run " + d.UID, Err: err}
	case sum != best.SHA256:
		return best, &core.Error{Kind: core.Storage, Msg: fmt.Sprintf("the model of run %s was changed after the run: %s", d.UID, path)}
	}
	return best, nil
}

func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
