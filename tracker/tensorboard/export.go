package tensorboard

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"

	"lab/core"
	"lab/tracker"
)

// Export writes a run as one event file, for TensorBoard to show: its metrics as
// scalars, its pictures, and its parameters for the HParams plugin. The file lies
// in the folder dir/NAME, NAME being the run's name or else its uid; its path is
// returned. TensorBoard keeps values as float32.
func Export(ctx context.Context, db *tracker.DB, ref, dir string) (file string, err error) {
	d, err := db.Show(ctx, ref)
	if err != nil {
		return "", err
	}
	name := filepath.FromSlash(d.Name)
	if !filepath.IsLocal(name) { // "" isn't either
		name = d.UID
	}
	dir = filepath.Join(dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", cannotWrite(dir, err)
	}
	tmp, err := os.CreateTemp(dir, ".tmp-*") // TensorBoard looks for tfevents in the name
	if err != nil {
		return "", cannotWrite(dir, err)
	}
	defer os.Remove(tmp.Name()) // fails once it is in place
	w := bufio.NewWriterSize(tmp, 256<<10)
	err = Write(ctx, w, db, d)
	if err == nil {
		err = w.Flush()
	}
	if err == nil {
		err = tmp.Chmod(0o644)
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	file = filepath.Join(dir, fmt.Sprintf("events.out.tfevents.%010d.lab.%s", d.Started.Unix(), d.UID))
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	if err != nil {
		return "", cannotWrite(file, err)
	}
	return file, nil
}

func cannotWrite(path string, err error) error {
	if core.KindOf(err) != core.Other {
		return err
	}
	return &core.Error{Kind: core.Storage, Msg: "cannot write " + path, Err: err}
}

// Write writes the events of a run.
func Write(ctx context.Context, w io.Writer, db *tracker.DB, d *tracker.Detail) error {
	start := float64(d.Started.UnixMicro()) / 1e6
	put := func(seconds float64, step int64, v []byte) error {
		return writeRecord(w, encode(start+seconds, step, v))
	}
	if err := writeRecord(w, appendString(appendDouble(nil, 1, start), 3, "brain.Event:2")); err != nil {
		return err
	}
	if err := put(0, 0, pluginValue(startTag, hparamsPlugin, startContent(d.Params, start))); err != nil {
		return err
	}
	for _, m := range d.Metrics {
		err := db.Points(ctx, d.UID, m.Name, func(p core.Point) error {
			return put(p.Time.Seconds(), p.Step, scalarValue(p.Metric, p.Value))
		})
		if err != nil {
			return err
		}
	}
	for _, a := range d.Artifacts {
		if a.Kind != "image" {
			continue
		}
		b, err := os.ReadFile(d.Path(a))
		if err != nil {
			continue // a run whose pictures are gone still has its metrics
		}
		c, _, err := image.DecodeConfig(bytes.NewReader(b))
		if err != nil {
			continue
		}
		if err := put(d.Elapsed.Seconds(), a.Step, imageValue(a.Name, c.Width, c.Height, b)); err != nil {
			return err
		}
	}
	end := d.Elapsed.Seconds()
	return put(end, 0, pluginValue(endTag, hparamsPlugin, endContent(d.Status, start+end)))
}
