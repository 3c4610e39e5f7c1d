package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/host"
)

// A new plugin is a copy of the example under another name: what the tests have held
// to every promise is what one begins with.
const (
	templateDir  = "examples/thirdparty" // within the source of lab
	templateName = "thirdparty"          // stands for the family's name wherever it is
)

var templateFiles = []string{"go.mod", "go.sum", "main.go", "mlp.go", "mlp_test.go", "README.md", ".gitignore"}

func (a *app) pluginNewCommand() *cobra.Command {
	var source string
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Write a plugin: a Go module that builds, passes its tests and trains",
		Long: `New makes the folder lab-plugin-NAME with a module of its own: a family with one recipe,
a small network that trains on images inside lab, and its tests, which hold it to what
every family promises. The module takes lab from its source on this machine.`,
		Example: `  lab plugin new walker
  lab plugin new walker --lab ~/src/lab`,
		Args: args(1, 1, "one name"),
		RunE: func(_ *cobra.Command, args []string) error {
			name := args[0]
			if !host.ValidName(name) {
				return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%q cannot name a family", name), Try: "lower-case letters, digits and -, a letter first"}
			}
			if slices.Contains(newFinder().Bundled, name) {
				return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is the name of a bundled family", name), Try: "another name"}
			}
			source, err := sourceOfLab(source)
			if err != nil {
				return err
			}
			dir := "lab-plugin-" + name
			if err := writePlugin(dir, name, source); err != nil {
				return err
			}
			if a.json {
				return a.printJSON(map[string]string{"name": name, "path": dir, "lab": source})
			}
			fmt.Fprintf(a.out, `%[1]s
next: cd %[1]s
      go test ./...
      go build -o %[1]s . && lab plugin install ./%[1]s
      lab run plugin=%[2]s
`, dir, name)
			return nil
		},
	}
	cmd.Flags().StringVar(&source, "lab", "", "folder with the source of lab (default the one that this lab was built from, or the one around you)")
	return cmd
}

// sourceOfLab finds a checkout of lab.
func sourceOfLab(given string) (string, error) {
	var tried []string
	if given != "" {
		tried = append(tried, given)
	} else {
		if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
			tried = append(tried, filepath.Dir(filepath.Dir(filepath.Dir(file))))
		}
		if wd, err := os.Getwd(); err == nil {
			for ; ; wd = filepath.Dir(wd) {
				if tried = append(tried, wd); wd == filepath.Dir(wd) {
					break
				}
			}
		}
	}
	for _, dir := range tried {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if first, _, _ := bytes.Cut(mod, []byte("\n")); err != nil || strings.TrimSpace(string(first)) != "module lab" {
			continue
		}
		if _, err := os.Stat(filepath.Join(dir, templateDir)); err == nil {
			return filepath.Abs(dir)
		}
	}
	if given != "" {
		return "", &core.Error{Kind: core.Usage, Msg: given + " is not the source of lab", Try: "--lab with the folder that holds lab's go.mod"}
	}
	return "", &core.Error{Kind: core.Usage, Msg: "the source of lab, which the new module needs, was not found", Try: "--lab DIR"}
}

// writePlugin copies the example to a new folder, under another name.
func writePlugin(dir, name, source string) (err error) {
	if _, err := os.Lstat(dir); err == nil {
		return &core.Error{Kind: core.Usage, Msg: dir + " is there already", Try: "another name, or remove it"}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return &core.Error{Kind: core.Storage, Err: err}
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
			err = &core.Error{Kind: core.Storage, Msg: "write " + dir, Err: err}
		}
	}()
	from := os.DirFS(filepath.Join(source, templateDir))
	for _, file := range templateFiles {
		b, err := fs.ReadFile(from, file)
		if err != nil {
			return err
		}
		if file != "go.sum" {
			b = bytes.ReplaceAll(b, []byte(templateName), []byte(name))
		}
		if file == "go.mod" {
			b = bytes.ReplaceAll(b, []byte("=> ../.."), fmt.Appendf(nil, "=> %q", source))
		}
		if err := os.WriteFile(filepath.Join(dir, file), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
