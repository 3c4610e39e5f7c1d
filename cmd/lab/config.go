package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"lab/core"
	"lab/tracker"
)

// A configuration is a YAML file of what lab run takes as key=value: plugin, recipe,
// from and parameters. Mappings within mappings make dotted keys.

// readConfig reads a file as overrides, in its order.
func readConfig(path string) ([]core.Override, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: "--config " + path, Err: cause(err)}
	}
	bad := func(line int, format string, args ...any) error {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: ", path, line) + fmt.Sprintf(format, args...), Try: "lab config @1 prints such a file"}
	}
	var doc yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	if err := decoder.Decode(&doc); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: path + " is no YAML", Err: fmt.Errorf("%s", strings.TrimPrefix(err.Error(), "yaml: "))}
	}
	if err := decoder.Decode(new(yaml.Node)); err != io.EOF {
		return nil, bad(1, "there is more than one document in it")
	}
	var (
		out  []core.Override
		read func(prefix string, n *yaml.Node) error
		seen = map[string]bool{}
	)
	read = func(prefix string, n *yaml.Node) error {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n.Kind != yaml.MappingNode {
			return bad(n.Line, "a list of key: value is needed")
		}
		for i := 0; i < len(n.Content); i += 2 {
			key, v := n.Content[i], n.Content[i+1]
			if v.Kind == yaml.AliasNode {
				v = v.Alias
			}
			name := prefix + key.Value
			switch {
			case !validKey(key.Value):
				return bad(key.Line, "%q is no key", key.Value)
			case v.Kind == yaml.MappingNode:
				if err := read(name+".", v); err != nil {
					return err
				}
				continue
			case seen[name]:
				return bad(key.Line, "%s is given twice", name)
			}
			seen[name] = true
			value, err := configValue(v)
			if err != nil {
				return bad(v.Line, "%s: %v", name, err)
			}
			out = append(out, core.Override{Key: name, Value: value, Quoted: v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0,
				Source: fmt.Sprintf("%s:%d", path, key.Line)})
		}
		return nil
	}
	return out, read("", doc.Content[0])
}

// configValue is a scalar as it is written, or a list as the command line has it.
func configValue(n *yaml.Node) (string, error) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!float":
		return strings.NewReplacer(".inf", "inf", ".Inf", "inf", ".INF", "inf", ".nan", "nan", ".NaN", "nan", ".NAN", "nan").Replace(n.Value), nil
	case n.Kind == yaml.ScalarNode:
		return n.Value, nil
	case n.Kind != yaml.SequenceNode:
		return "", fmt.Errorf("a value or a list of values is needed")
	}
	var elems []string
	for _, e := range n.Content {
		if e.Kind != yaml.ScalarNode {
			return "", fmt.Errorf("a list holds values alone")
		}
		v, err := configValue(e)
		if err != nil {
			return "", err
		}
		elems = append(elems, v)
	}
	return core.FormatList(elems), nil
}

// over puts the second overrides in the place of the first that have their keys.
func over(first, second []core.Override) []core.Override {
	given := map[string]bool{}
	for _, o := range second {
		given[o.Key] = true
	}
	var out []core.Override
	for _, o := range first {
		if !given[o.Key] {
			out = append(out, o)
		}
	}
	return append(out, second...)
}

func (a *app) configCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "config RUN",
		Short: "Print a run as a file for lab run --config",
		Long: `Config writes what a run was started with as YAML: plugin, recipe, what its weights
started from, and every parameter, those left at their default too.`,
		Example: `  lab config @1 > baseline.yaml
  lab run --config baseline.yaml lr=1e-4`,
		Args:              args(1, 1, "one run"),
		ValidArgsFunction: a.completeRuns(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withRun(cmd.Context(), args[0], func(_ *tracker.DB, d *tracker.Detail) error { return a.printConfig(d, out) })
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "the file to write instead of printing")
	return cmd
}

// printConfig writes the file of a run, to standard output or to out.
func (a *app) printConfig(d *tracker.Detail, out string) error {
	text, err := configOf(d)
	switch {
	case err != nil:
		return err
	case a.json:
		j := map[string]any{"plugin": d.Family, "recipe": d.Recipe, "params": summaryJSON(&d.Summary).Params}
		if from := fromOf(d); from != "" {
			j["from"] = from
		}
		return a.printJSON(j)
	case out == "":
		_, err = a.out.Write(text)
		return err
	}
	if err := writeFile(out, func(w io.Writer) error { _, err := w.Write(text); return err }); err != nil {
		return &core.Error{Kind: core.Storage, Msg: "config to " + out, Err: cause(err)}
	}
	return nil
}

// configOf writes a run as a configuration.
func configOf(d *tracker.Detail) ([]byte, error) {
	root := &yaml.Node{Kind: yaml.MappingNode, HeadComment: fmt.Sprintf("run %s: %s/%s %s", d.UID, d.Family, d.Recipe, d.FamilyVersion)}
	put := func(key string, v *yaml.Node) {
		root.Content = append(root.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, v)
	}
	text := func(s string) *yaml.Node { n := &yaml.Node{}; n.SetString(s); return n }
	put("plugin", text(d.Family))
	put("recipe", text(d.Recipe))
	if from := fromOf(d); from != "" {
		put("from", text(from))
	}
	for _, p := range d.Params {
		v := &yaml.Node{Kind: yaml.ScalarNode, Value: p.Value}
		switch p.Type {
		case core.String, core.Enum, core.Duration:
			v = text(p.Value)
		case core.Ints, core.Floats, core.Strings:
			elems, err := core.SplitList(p.Value)
			if err != nil {
				return nil, fmt.Errorf("parameter %s: %w", p.Key, err)
			}
			v = &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
			for _, e := range elems {
				elem := &yaml.Node{Kind: yaml.ScalarNode, Value: e}
				if p.Type == core.Strings {
					elem = text(e)
				}
				v.Content = append(v.Content, elem)
			}
		}
		if p.Default {
			v.LineComment = "default"
		}
		put(p.Key, v)
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(root)
	return b.Bytes(), err
}

// fromOf is what a run's weights started from, as from= takes it.
func fromOf(d *tracker.Detail) string {
	if len(d.Sources) == 0 {
		return ""
	}
	s := d.Sources[0]
	if s.Run == "" {
		return s.Path
	}
	if s.Path != "" && filepath.Base(s.Path) != "model.onnx" { // not the model that the run ended with
		return s.Path
	}
	return s.Run
}
