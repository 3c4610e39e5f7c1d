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
	var f form
	cmd := &cobra.Command{
		Use:   "export RUN|FILE",
		Short: "Write the model of a run as an ONNX file",
		Long: `Export writes the model that a run ended with: an ONNX file that PyTorch, ONNX
Runtime and lab itself (from=FILE) load. RUN is @1 for the newest run, a run's id
or the beginning of it, or its name; an ONNX file can be written anew likewise.`,
		Example: `  lab export @1 -o generator.onnx
  lab export @best:fid --opset 21
  lab export @1 --format safetensors     # the weights alone, named as in PyTorch`,
		Args:              args(1, 1, "one run or file"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, run, base, err := a.modelSource(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if out == "" {
				out = base + "." + f.format
			}
			if err := f.write(from, out); err != nil {
				if core.KindOf(err) == core.Usage {
					return err
				}
				return &core.Error{Kind: core.Storage, Msg: "export to " + out, Err: cause(err)}
			}
			sum, err := fileSum(out)
			if err != nil {
				return err
			}
			info, err := os.Stat(out)
			if err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]any{"run": run, "path": out, "sha256": sum, "bytes": info.Size()})
			}
			fmt.Fprintf(a.out, "%s\n", out)
			return nil
		},
	}
	fl := cmd.Flags()
	fl.StringVarP(&out, "output", "o", "", "the file to write (default FAMILY-RECIPE-RUN.onnx)")
	fl.StringVar(&f.format, "format", "onnx", "onnx, or safetensors for the weights alone")
	fl.IntVar(&f.opset, "opset", 0, "write for this opset, 17 to 25 (default: as the model is, 17 for lab's own)")
	fl.BoolVar(&f.external, "external", false, "larger weights into a file .data beside it")
	return cmd
}

// copyFile copies a file; the copy is there whole or not at all.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	return replaceFile(to, func(f *os.File) error { _, err := io.Copy(f, in); return err })
}

// replaceFile writes a temporary file beside the target and puts it in place when it
// is whole.
func replaceFile(path string, write func(*os.File) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".lab-export-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails once it is in place
	if err = write(tmp); err == nil {
		err = tmp.Chmod(0o644)
	}
	if err == nil {
		err = tmp.Sync()
	}
	if e := tmp.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(tmp.Name(), path)
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
