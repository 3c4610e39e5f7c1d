package family

import (
	"encoding/csv"
	"fmt"
	"image"
	"image/png"
	"io"
	"path"
	"regexp"

	"lab/core"
	"lab/core/internal/wire"
)

var artifactForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$`)

// Image writes a picture as PNG. Like every artifact it belongs to a step; step 0
// stands for the run as a whole. One name is written once at one step.
func (s *Session) Image(name string, step int, img image.Image) error {
	return s.artifact("image", name, ".png", step, func(w io.Writer) error {
		return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, img)
	})
}

// Text writes a text.
func (s *Session) Text(name string, step int, text string) error {
	return s.artifact("text", name, ".txt", step, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// Table writes rows as CSV below a header.
func (s *Session) Table(name string, step int, header []string, rows [][]string) error {
	return s.artifact("table", name, ".csv", step, func(w io.Writer) error {
		for i, r := range rows {
			if len(r) != len(header) {
				return fmt.Errorf("row %d has %d cells below a header of %d", i, len(r), len(header))
			}
		}
		c := csv.NewWriter(w)
		if err := c.Write(header); err != nil {
			return err
		}
		return c.WriteAll(rows)
	})
}

// File writes any other file; the name carries its extension ("vectors.npy").
func (s *Session) File(name string, step int, write func(io.Writer) error) error {
	ext := path.Ext(name)
	return s.artifact("file", name[:len(name)-len(ext)], ext, step, write)
}

// SaveModel writes an ONNX model: NAME.onnx for step 0, the model of the run;
// NAME-STEP.onnx for others. The newest model is what another run starts from. Where
// the disk has no room for the model of the run, it goes to the folder of temporary
// files, and a warning tells its path.
func (s *Session) SaveModel(name string, step int, write func(io.Writer) error) error {
	return s.artifact("model", name, ".onnx", step, write)
}

// artifact writes a file and tells the host. A file that finds no room on the disk is
// left out: a training is not lost for a picture. Models lie in the run's folder, all
// else in artifacts/ below it, where it cannot meet a file of the host's.
func (s *Session) artifact(kind, name, ext string, step int, write func(io.Writer) error) error {
	label := kind + " " + name + ext
	if full := name + ext; !artifactForm.MatchString(full) || len(full) > 200 {
		return fmt.Errorf("%s %q: not a name for an artifact (%s)", kind, full, artifactForm)
	}
	if err := wire.CheckStep(int64(step)); err != nil {
		return fmt.Errorf("%s: %w", label, err)
	}
	rel := name
	if step > 0 {
		rel = fmt.Sprintf("%s-%06d", name, step)
	}
	rel += ext
	if kind != "model" {
		rel = "artifacts/" + rel
	}
	if kind == "file" {
		name += ext
	}
	f, err := s.writeOnce(rel, write)
	switch {
	case err == nil:
	case kind == "model" && step == 0:
		return s.keepElsewhere(label, rel, write, err)
	default:
		return s.leaveOut(label, err)
	}
	return s.out.event(wire.FromEvent(core.Artifact{Name: name, Kind: kind, Path: rel,
		SHA256: f.sha256, Bytes: f.bytes, Step: int64(step)}))
}
