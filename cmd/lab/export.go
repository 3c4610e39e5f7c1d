package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
	"lab/tracker/table"
	"lab/tracker/tensorboard"
)

// export is one lab export: what goes where.
type export struct {
	*app
	ctx   context.Context
	refs  []string // runs; of a model also a file
	out   string   // "" for the format's own choice
	rows  bool     // of a table: a row a run
	model form     // of a model

	db   *tracker.DB       // but for models
	runs []*tracker.Detail // but for models
}

// format is a kind of file that runs can be written as.
type format struct {
	what  string
	one   bool // a model, of a single run or file
	write func(*export) ([]exported, error)
}

// formats are told apart by --format, or by how the file's name ends.
var formats = map[string]format{
	"onnx":        {"the model that a run ended with, for PyTorch, ONNX Runtime and lab", true, (*export).onnx},
	"safetensors": {"the weights of that model alone, named as in PyTorch", true, (*export).onnx},
	"zip":         {"runs with everything, for another lab (lab import)", false, (*export).zip},
	"tensorboard": {"event files, a folder a run", false, (*export).tensorboard},
	"csv":         {"every point, a row each; with --rows a row a run", false, (*export).csv},
	"parquet":     {"as csv", false, (*export).parquet},
}

// exported is a file that was written.
type exported struct {
	Run    string   `json:"run,omitempty"`  // of a file that holds one run
	Runs   []string `json:"runs,omitempty"` // of a file that holds several
	Path   string   `json:"path"`
	SHA256 string   `json:"sha256,omitempty"`
	Bytes  int64    `json:"bytes,omitempty"`
	ID     string   `json:"archive_id,omitempty"` // see lab import
}

func (a *app) exportCommand() *cobra.Command {
	x := export{app: a}
	all := strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
	cmd := &cobra.Command{
		Use:   "export RUN…|FILE",
		Short: "Write a run's model, or runs for another lab, TensorBoard or a table",
		Long: `Export writes the model that a run ended with as an ONNX file, which PyTorch, ONNX
Runtime and lab itself (from=FILE) load; an ONNX file can be written anew likewise. Or it
writes whole runs, as what --format or the file's name says: zip, an archive that lab
import takes; tensorboard, a folder of event files; csv or parquet, every point, or with
--rows a row a run. RUN is @1 for the newest run, an id or the beginning of one, a name.`,
		Example: `  lab export @1 -o generator.onnx
  lab export @best:fid --opset 21
  lab export @1 --format safetensors     # the weights alone, named as in PyTorch
  lab export @1 @2 -o runs.zip
  lab export @1 --format tensorboard -o logs`,
		Args:              args(1, 1_000_000, "runs"),
		ValidArgsFunction: a.completeRuns(0),
		RunE: func(cmd *cobra.Command, args []string) error {
			x.ctx, x.refs = cmd.Context(), args
			f, err := x.format()
			if err != nil {
				return err
			}
			if !f.one {
				if x.db, err = a.records(); err != nil {
					return err
				}
				defer x.db.Close()
				for _, ref := range args {
					d, err := x.db.Show(x.ctx, ref)
					if err != nil {
						return err
					}
					x.runs = append(x.runs, d)
				}
			}
			files, err := f.write(&x)
			switch {
			case err != nil:
				return err
			case a.json && f.one:
				return a.printJSON(files[0])
			case a.json:
				return a.printJSON(files)
			}
			for _, file := range files {
				fmt.Fprintln(a.out, file.Path)
			}
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&x.out, "output", "o", "", "the file or folder to write (a model: FAMILY-RECIPE-RUN.onnx)")
	fl.StringVar(&x.model.format, "format", "", all+" (default by the file's name, else onnx)")
	fl.IntVar(&x.model.opset, "opset", 0, "write a model for this opset, 17 to 25 (default: as it is, 17 for lab's own)")
	fl.BoolVar(&x.model.external, "external", false, "larger weights into a file .data beside the model")
	fl.BoolVar(&x.rows, "rows", false, "of csv and parquet: a row a run rather than a row a point")
	cmd.RegisterFlagCompletionFunc("format", func(*cobra.Command, []string, string) (out []cobra.Completion, _ cobra.ShellCompDirective) {
		for _, name := range slices.Sorted(maps.Keys(formats)) {
			out = append(out, cobra.CompletionWithDesc(name, formats[name].what))
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// format chooses what to write: as it was asked for, by the file's name, or the model.
func (e *export) format() (format, error) {
	all := strings.Join(slices.Sorted(maps.Keys(formats)), ", ")
	given := e.model.format != ""
	if !given {
		e.model.format = strings.TrimPrefix(filepath.Ext(e.out), ".")
	}
	if e.model.format == "" && e.out == "" && len(e.refs) == 1 {
		e.model.format = "onnx"
	}
	name := e.model.format
	f, ok := formats[name]
	switch {
	case name == "" && e.out == "":
		return f, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("as what are %s to be written?", count(len(e.refs), "run")), Try: "-o runs.zip, or --format " + all}
	case !ok && !given:
		return f, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("what to write to %s?", e.out), Try: "--format " + all}
	case !ok:
		return f, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--format %s: there is no such format", name), Try: all}
	case f.one && len(e.refs) > 1:
		return f, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s takes one run, not %d", name, len(e.refs)), Try: "a call for each, or -o runs.zip for all"}
	case !f.one && (e.model.opset != 0 || e.model.external):
		return f, &core.Error{Kind: core.Usage, Msg: "--opset and --external are of models, not of " + name}
	}
	return f, nil
}

// onnx writes a model, or the weights of one.
func (e *export) onnx() ([]exported, error) {
	from, uid, base, err := e.modelSource(e.ctx, e.refs[0])
	if err != nil {
		return nil, err
	}
	if e.out == "" {
		e.out = base + "." + e.model.format
	}
	if err := e.model.write(from, e.out); core.KindOf(err) == core.Usage {
		return nil, err
	} else if err != nil {
		return nil, exportError(e.out, err)
	}
	sum, err := fileSum(e.out)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(e.out)
	if err != nil {
		return nil, err
	}
	return []exported{{Run: uid, Path: e.out, SHA256: sum, Bytes: info.Size()}}, nil
}

func (e *export) zip() ([]exported, error) {
	if e.out == "" {
		e.out = "lab-runs.zip"
	}
	var refs []string
	for _, d := range e.runs {
		refs = append(refs, d.UID)
	}
	var x *tracker.Exported
	err := writeFile(e.out, func(w io.Writer) (err error) { x, err = e.db.Export(e.ctx, w, refs...); return err })
	if core.KindOf(err) != core.Other {
		return nil, err
	} else if err != nil {
		return nil, exportError(e.out, err)
	}
	for _, m := range x.Missing {
		e.warn(fmt.Errorf("left out: %s", m))
	}
	return []exported{{Runs: x.Runs, Path: e.out, ID: x.ID}}, nil
}

func (e *export) tensorboard() (files []exported, err error) {
	if e.out == "" {
		e.out = "tensorboard"
	}
	for _, d := range e.runs {
		path, err := tensorboard.Export(e.ctx, e.db, d.UID, e.out)
		if err != nil {
			return nil, exportError(e.out, err)
		}
		files = append(files, exported{Run: d.UID, Path: path})
	}
	return files, nil
}

func (e *export) csv() ([]exported, error) { return e.table(table.RunsCSV, table.PointsCSV) }

func (e *export) parquet() ([]exported, error) {
	return e.table(table.RunsParquet, table.PointsParquet)
}

// table writes a row a run or a row a point.
func (e *export) table(runs func(io.Writer, []tracker.Summary) error, points func(io.Writer, ...table.Series) error) ([]exported, error) {
	if e.out == "" {
		return nil, &core.Error{Kind: core.Usage, Msg: "a table needs a file to go to", Try: "-o points.csv; for printing there is lab report --csv"}
	}
	var (
		uids   []string
		rows   []tracker.Summary
		series []table.Series
	)
	for _, d := range e.runs {
		uids, rows = append(uids, d.UID), append(rows, d.Summary)
		series = append(series, table.Series{Run: d.UID, Points: func(put func(core.Point) error) error {
			for _, m := range d.Metrics {
				if err := e.db.Points(e.ctx, d.UID, m.Name, put); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	err := writeFile(e.out, func(w io.Writer) error {
		if e.rows {
			return runs(w, rows)
		}
		return points(w, series...)
	})
	if err != nil {
		return nil, exportError(e.out, err)
	}
	return []exported{{Runs: uids, Path: e.out}}, nil
}

func exportError(to string, err error) error {
	return &core.Error{Kind: core.Storage, Msg: "export to " + to, Err: cause(err)}
}
