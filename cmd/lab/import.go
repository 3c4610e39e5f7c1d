package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/tracker"
	"lab/tracker/mlflow"
	"lab/tracker/tensorboard"
)

// source is a file or folder that is to become runs.
type source struct {
	path string
	dir  bool
	head []byte // of a file, its first bytes
}

// importFlags are the flags of lab import.
type importFlags struct {
	experiment string // of MLflow
	name       string // of a model
}

// importer takes one kind of file in.
type importer struct {
	kind  string
	what  string // in the words of a sentence: "an archive of lab"
	fits  func(source) bool
	takes func(ctx context.Context, db *tracker.DB, path string, f importFlags) (*tracker.ImportReport, error)
}

// importers are asked in this order.
var importers = []importer{
	{"onnx", "an ONNX model (.onnx)", func(s source) bool { return !s.dir && strings.EqualFold(filepath.Ext(s.path), ".onnx") }, importONNX},
	{"zip", "an archive of lab (lab export -o runs.zip)", func(s source) bool { return bytes.HasPrefix(s.head, []byte("PK\x03\x04")) },
		func(ctx context.Context, db *tracker.DB, path string, _ importFlags) (*tracker.ImportReport, error) {
			return importArchive(ctx, db, path)
		}},
	{"mlflow", "an MLflow database (mlflow.db)", func(s source) bool { return bytes.HasPrefix(s.head, []byte("SQLite format 3\x00")) },
		func(ctx context.Context, db *tracker.DB, path string, f importFlags) (*tracker.ImportReport, error) {
			return mlflow.Import(ctx, db, path, f.experiment)
		}},
	{"tensorboard", "a folder of TensorBoard event files", func(s source) bool {
		return s.dir || strings.Contains(filepath.Base(s.path), "tfevents")
	},
		func(ctx context.Context, db *tracker.DB, path string, _ importFlags) (*tracker.ImportReport, error) {
			if info, err := os.Stat(path); err == nil && !info.IsDir() {
				path = filepath.Dir(path)
			}
			return tensorboard.Import(ctx, db, path)
		}},
}

func (a *app) importCommand() *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import PATH… [name=NAME]",
		Short: "Take in models, and runs of another lab, MLflow or TensorBoard",
		Long: `Import takes in what was made elsewhere: an ONNX model, as a run of its own that
others start from (name=NAME is what to find it by); an archive of another lab; the SQLite
database of MLflow; a folder of TensorBoard event files. What is there already stays as it
is, so that a file may be imported twice.`,
		Example: `  lab import resnet18.onnx name=resnet18   # from PyTorch, say
  lab import runs.zip
  lab import mlflow.db --experiment mnist`,
		Args: args(1, 1_000_000, "files or folders"),
		RunE: func(cmd *cobra.Command, args []string) error {
			type job struct {
				importer
				path string
			}
			var jobs []job
			for _, path := range args { // before the first one changes anything
				if name, ok := strings.CutPrefix(path, "name="); ok {
					f.name = name
					continue
				}
				m, err := importerOf(path)
				if err != nil {
					return err
				}
				if f.experiment != "" && m.kind != "mlflow" {
					return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("--experiment: %s is %s", path, m.what)}
				}
				jobs = append(jobs, job{m, path})
			}
			switch {
			case len(jobs) == 0:
				return &core.Error{Kind: core.Usage, Msg: "import what?", Try: "lab import --help"}
			case f.name != "" && (len(jobs) > 1 || jobs[0].kind != "onnx"):
				return &core.Error{Kind: core.Usage, Msg: "name=" + f.name + " is for one ONNX model; what comes as runs has names", Try: "lab name RUN " + f.name + " afterwards"}
			}
			db, err := a.store()
			if err != nil {
				return err
			}
			defer db.Close()
			all := []jsonImport{}
			for _, j := range jobs {
				r, err := j.takes(cmd.Context(), db, j.path, f)
				if err != nil {
					return err
				}
				all = append(all, importJSON(j.path, j.kind, r))
				if a.json {
					continue
				}
				if err := a.printImport(cmd.Context(), db, j.path, r); err != nil {
					return err
				}
			}
			if a.json {
				return a.printJSON(all)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&f.experiment, "experiment", "", "of an MLflow database: this experiment only")
	return cmd
}

// importerOf looks what a path leads to.
func importerOf(path string) (importer, error) {
	info, err := os.Stat(path)
	if err != nil {
		return importer{}, &core.Error{Kind: core.Usage, Msg: "import " + path, Err: cause(err)}
	}
	s := source{path: path, dir: info.IsDir()}
	if !s.dir {
		if s.head, err = firstBytes(path, 64); err != nil {
			return importer{}, &core.Error{Kind: core.Storage, Msg: "import " + path, Err: cause(err)}
		}
	}
	if filepath.Base(path) == "lab.db" {
		return importer{}, &core.Error{Kind: core.Usage, Msg: path + " is a database of lab: its runs have files beside it", Try: "lab --home " + filepath.Dir(path) + " export RUN… -o runs.zip, then import that"}
	}
	var what []string
	for _, m := range importers {
		if m.fits(s) {
			return m, nil
		}
		what = append(what, m.what)
	}
	return importer{}, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is not %s or %s", path, strings.Join(what[:len(what)-1], ", "), what[len(what)-1])}
}

func firstBytes(path string, n int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, n)
	k, err := io.ReadFull(f, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return b[:k], err
}

func importArchive(ctx context.Context, db *tracker.DB, path string) (*tracker.ImportReport, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	id, runs, err := db.Import(ctx, f, info.Size())
	if err != nil {
		return nil, err
	}
	r := &tracker.ImportReport{Runs: runs}
	r.Note("the archive's id is %s", id)
	return r, nil
}

func (a *app) printImport(ctx context.Context, db *tracker.DB, path string, r *tracker.ImportReport) error {
	for _, n := range r.Notes {
		fmt.Fprintf(a.err, "lab: %s: %s\n", path, oneLine(n))
	}
	if len(r.Runs) == 1 {
		d, err := db.Show(ctx, r.Runs[0].UID)
		if err != nil {
			return err
		}
		said := "imported as"
		if !r.Runs[0].Added {
			said = "is there already:"
		}
		fmt.Fprintf(a.out, "%s %s %s\nnext: lab show %s\n", filepath.Base(path), said, strings.TrimSpace(d.UID+" "+d.Name), d.UID)
		if _, err := modelOf(d); err == nil {
			fmt.Fprintf(a.out, "      lab run plugin=FAMILY from=%s\n", d.UID)
		}
		return nil
	}
	added := 0
	for _, run := range r.Runs {
		if run.Added {
			added++
			fmt.Fprintln(a.out, "imported "+run.UID)
		}
	}
	line := count(added, "run") + " imported"
	if there := len(r.Runs) - added; there > 0 {
		line += fmt.Sprintf(", %d there already", there)
	}
	fmt.Fprintf(a.out, "%s: %s\n", path, line)
	return nil
}

type jsonImport struct {
	Path  string            `json:"path"`
	Kind  string            `json:"kind"`
	Runs  []jsonImportedRun `json:"runs"`
	Notes []string          `json:"notes"`
}

type jsonImportedRun struct {
	ID    string `json:"id"`
	Added bool   `json:"added"` // false: it was there already
}

func importJSON(path, kind string, r *tracker.ImportReport) jsonImport {
	j := jsonImport{Path: path, Kind: kind, Runs: []jsonImportedRun{}, Notes: append([]string{}, r.Notes...)}
	for _, run := range r.Runs {
		j.Runs = append(j.Runs, jsonImportedRun{run.UID, run.Added})
	}
	return j
}
