package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"lab/core"
)

func (a *app) exportCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "export RUN",
		Short: "Write the model of a run as an ONNX file",
		Long: `Export writes the model that a run ended with: an ONNX file that PyTorch, ONNX
Runtime and lab itself (from=FILE) load. RUN is @1 for the newest run, a run's id
or the beginning of it, or its name.`,
		Example: `  lab export @1 -o generator.onnx
  lab export @best:fid`,
		Args: args(1, 1, "one run"),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := a.records()
			if err != nil {
				return err
			}
			defer db.Close()
			d, err := db.Show(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			m, err := modelOf(d)
			if err != nil {
				return err
			}
			if out == "" {
				out = fmt.Sprintf("%s-%s-%s.onnx", d.Family, d.Recipe, d.UID)
			}
			if err := copyFile(d.Path(m), out); err != nil {
				return &core.Error{Kind: core.Storage, Msg: "export to " + out, Err: cause(err)}
			}
			if a.json {
				return a.printJSON(map[string]any{"run": d.UID, "path": out, "sha256": m.SHA256, "bytes": m.Bytes})
			}
			fmt.Fprintf(a.out, "%s\n", out)
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file to write (default FAMILY-RECIPE-RUN.onnx)")
	return cmd
}

// copyFile copies to a temporary file beside the target and puts it in place when it
// is whole.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	tmp, err := os.CreateTemp(filepath.Dir(to), ".lab-export-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it is in place
	if _, err = io.Copy(tmp, in); err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), to)
	}
	return err
}

// cause is the reason within a path error: the path is named already.
func cause(err error) error {
	if e, ok := err.(*os.PathError); ok {
		return e.Err
	}
	if e, ok := err.(*os.LinkError); ok {
		return e.Err
	}
	return err
}
