package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/onnx/exchange"
	"lab/tracker"
)

// importers take a file of one kind in, by the end of its name.
var importers = []struct {
	ext, what string
	take      func(a *app, ctx context.Context, db *tracker.DB, path string, name string) error
}{
	{".onnx", "an ONNX model, as a run of its own", (*app).importONNX},
}

func (a *app) importCommand() *cobra.Command {
	var long strings.Builder
	long.WriteString("Import takes in what was made elsewhere. By the end of its name FILE is\n\n")
	for _, k := range importers {
		fmt.Fprintf(&long, "  %-8s %s\n", k.ext, k.what)
	}
	long.WriteString("\nname=NAME is what to find it by. What is there already is left as it is.")
	return &cobra.Command{
		Use:   "import FILE [name=NAME]",
		Short: "Take in what was made elsewhere",
		Long:  long.String(),
		Example: `  lab import resnet18.onnx name=resnet18   # from PyTorch, say
  lab run plugin=cnn recipe=finetune from=resnet18`,
		Args: args(1, 2, "a file and perhaps name=NAME"),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := ""
			if len(args) == 2 {
				var ok bool
				if name, ok = strings.CutPrefix(args[1], "name="); !ok {
					return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%q is not name=NAME", args[1]), Try: "lab import --help"}
				}
			}
			for _, k := range importers {
				if strings.EqualFold(filepath.Ext(args[0]), k.ext) {
					db, err := tracker.Open(a.homeDir(), tracker.Options{Version: version(), OnTrouble: func(err error) { a.warn(err) }})
					if err != nil {
						return err
					}
					defer db.Close()
					return k.take(a, cmd.Context(), db, args[0], name)
				}
			}
			return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s: nothing that can be imported has a name like this", args[0]), Try: "lab import --help"}
		},
	}
}

// importONNX makes a run of a model file: without metrics, with the model, which
// from=NAME starts from, and facts of what is in it. The file's contents are its identity.
func (a *app) importONNX(ctx context.Context, db *tracker.DB, path, name string) error {
	net, err := exchange.Open(path)
	if err != nil {
		return err
	}
	model, err := os.ReadFile(path)
	if err == nil && net.Model.External() { // weights beside it go into the one file that the run keeps
		model, err = net.Encode()
	}
	if err != nil {
		return err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	sum, err := fileSum(path)
	if err != nil {
		return err
	}
	if name == "" {
		name = tracker.AsWord(strings.TrimSuffix(filepath.Base(path), filepath.Ext(path)))
	}
	facts := append(modelFacts(net), core.Fact{Key: "model.file", Value: absolute}, core.Fact{Key: "model.sha256", Value: sum})
	now := time.Now()
	f := &tracker.Foreign{UID: tracker.ForeignUID("onnx", sum), Status: core.Finished, Started: now, Ended: now,
		NewRun: tracker.NewRun{Family: "imported", FamilyVersion: version(), Recipe: "onnx", Name: name, CommandLine: os.Args, Environment: facts},
		Points: func(func(core.Point) error) error { return nil },
		Files: []tracker.ForeignFile{{Artifact: core.Artifact{Name: "model", Kind: "model", Path: "model.onnx"},
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(model)), nil }}}}
	added, err := db.Add(ctx, f)
	if err != nil {
		return err
	}
	d, err := db.Show(ctx, f.UID)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"run": d.UID, "name": d.Name, "added": added})
	}
	said := "imported as"
	if !added {
		said = "is there already:"
	}
	fmt.Fprintf(a.out, "%s %s %s", filepath.Base(path), said, d.UID)
	if d.Name != "" {
		fmt.Fprintf(a.out, " %s", d.Name)
	}
	fmt.Fprintf(a.out, "\nnext: lab show %s\n      lab run plugin=FAMILY from=%s\n", d.UID, d.UID)
	return nil
}
