package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"lab/core"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

// form is how lab export writes a model.
type form struct {
	format   string // "onnx" or "safetensors"
	opset    int    // 0: as it is
	external bool
}

// modelSource finds the model that lab export is asked for: a file's, or a run's, whose
// uid and base of a name come with it.
func (a *app) modelSource(ctx context.Context, ref string) (path, uid, base string, err error) {
	if info, err := os.Stat(ref); err == nil && info.Mode().IsRegular() {
		return ref, "", strings.TrimSuffix(filepath.Base(ref), filepath.Ext(ref)) + "-lab", nil
	}
	db, err := a.records()
	if err != nil {
		return "", "", "", err
	}
	defer db.Close()
	d, err := db.Show(ctx, ref)
	if err != nil {
		return "", "", "", err
	}
	m, err := modelOf(d)
	if err != nil {
		return "", "", "", err
	}
	return d.Path(m), d.UID, fmt.Sprintf("%s-%s-%s", d.Family, d.Recipe, d.UID), nil
}

// write writes the model file from to the file to.
func (f form) write(from, to string) error {
	switch {
	case f.format == "safetensors" && (f.opset != 0 || f.external):
		return &core.Error{Kind: core.Usage, Msg: "--opset and --external are of ONNX files; safetensors holds weights alone"}
	case f.opset != 0 && !onnx.Writable(f.opset):
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--opset %d cannot be written, only 17 to 25", f.opset)}
	case f == form{format: "onnx"}:
		return copyFile(from, to)
	}
	m, err := onnx.Read(from)
	if err != nil {
		return err
	}
	if f.format == "safetensors" {
		return onnx.WriteSafetensors(to, m.StateDict(), m.Metadata)
	}
	if f.opset == 0 {
		return m.WriteExternal(to, nil)
	}
	net, err := exchange.Load(m)
	if err != nil {
		return err
	}
	b, err := net.Reexport(f.opset)
	if err != nil {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--opset %d", f.opset), Err: err}
	}
	if f.external {
		return b.WriteExternal(to)
	}
	return b.WriteFile(to)
}
