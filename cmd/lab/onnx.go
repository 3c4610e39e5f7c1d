package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"lab/core"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/onnx/trial"
)

func (a *app) onnxCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "onnx",
		Short: "Look into ONNX files, and run them",
		Example: `  lab onnx check model.onnx
  lab onnx run model.onnx --input photo.png`,
		Args: cobra.ArbitraryArgs,
		RunE: subcommandNeeded,
	}
	cmd.AddCommand(a.onnxCheckCommand(), a.onnxRunCommand())
	return cmd
}

func (a *app) onnxCheckCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Say what is in an ONNX file, and what would not run",
		Long: `Check prints what an ONNX file takes, gives and is made of, operator by operator,
and whether lab can run it and train it; nothing is computed. It ends with status 2
if something would not run.`,
		Example: `  lab onnx check model.onnx
  lab onnx check model.onnx --json`,
		Args: args(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			net, err := exchange.Open(args[0])
			if err != nil {
				return err
			}
			return a.printCheck(net)
		},
	}
}

// freeSize is the size that open axes are checked at.
const freeSize = 2

func (a *app) printCheck(net *exchange.Net) error {
	m, uses := net.Model, exchange.Survey(net.Model)
	var bad []string
	for _, u := range uses {
		if u.Err != nil {
			bad = append(bad, u.Op)
		}
	}
	var training error
	if bad == nil {
		training = net.Differentiable(freeSize)
	}
	if a.json {
		ops := []any{}
		for _, u := range uses {
			ops = append(ops, map[string]any{"domain": u.Domain, "operator": u.Op, "nodes": u.Count, "host": u.Host, "error": reason(u.Err)})
		}
		if err := a.printJSON(map[string]any{"facts": modelFacts(net), "operators": ops, "runs": bad == nil, "graph_error": reason(training)}); err != nil {
			return err
		}
	} else {
		t := newTable("fact", "value")
		for _, f := range modelFacts(net) {
			t.AppendRow(table.Row{strings.TrimPrefix(f.Key, "model."), f.Value})
		}
		printTable(a.out, t)
		fmt.Fprintln(a.out)
		t = newTable("operator", "nodes", "runs")
		numbers(t, "nodes")
		for _, u := range uses {
			runs := "yes"
			switch {
			case u.Err != nil:
				runs = "no: " + oneLine(u.Err.Error())
			case u.Host:
				runs = "yes; in training only of values that are known"
			}
			t.AppendRow(table.Row{strings.TrimPrefix(u.Domain+"."+u.Op, "."), fmt.Sprint(u.Count), runs})
		}
		printTable(a.out, t)
		fmt.Fprintln(a.out)
		switch {
		case bad != nil:
		case training != nil:
			fmt.Fprintf(a.out, "runs; does not train: %s\n", oneLine(training.Error()))
		default:
			fmt.Fprintln(a.out, "runs and trains")
		}
	}
	if bad != nil {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s would not run: %s", m.Name, strings.Join(bad, ", ")), Try: "docs/onnx.md lists what does"}
	}
	return nil
}

func reason(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}

// modelFacts is what can be said of a model in a line each.
func modelFacts(net *exchange.Net) []core.Fact {
	m := net.Model
	values := func(vs []onnx.Value) string {
		all := make([]string, len(vs))
		for i, v := range vs {
			all[i] = v.Name + " " + v.String()
		}
		return strings.Join(all, ", ")
	}
	var opsets []string
	for domain, v := range m.Opsets {
		opsets = append(opsets, strings.TrimSpace(fmt.Sprint(domain, " ", v)))
	}
	slices.Sort(opsets)
	facts := []core.Fact{
		{Key: "model.name", Value: m.Name}, {Key: "model.producer", Value: m.Producer}, {Key: "model.opset", Value: strings.Join(opsets, ", ")},
		{Key: "model.ir_version", Value: fmt.Sprint(m.IRVersion)}, {Key: "model.inputs", Value: values(m.Inputs)}, {Key: "model.outputs", Value: values(m.Outputs)},
		{Key: "model.parameters", Value: fmt.Sprint(net.Params.Count())}, {Key: "model.nodes", Value: fmt.Sprint(len(m.Nodes))},
	}
	var keys []string
	for k := range m.Metadata {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		facts = append(facts, core.Fact{Key: "model.metadata." + k, Value: m.Metadata[k]})
	}
	return slices.DeleteFunc(facts, func(f core.Fact) bool { return f.Value == "" })
}

func (a *app) onnxRunCommand() *cobra.Command {
	var inputs []string
	var out string
	cmd := &cobra.Command{
		Use:   "run FILE",
		Short: "Run an ONNX file once",
		Long: `Run computes a model's outputs and prints what they are; -o keeps them. Inputs are
NumPy's .npy and .npz, ONNX's tensors .pb, and pictures .png and .jpg, which are
scaled to what the model takes.`,
		Example: `  lab onnx run model.onnx --input photo.png
  lab onnx run model.onnx --input tokens=t.npy --input mask=m.npy -o out.npz`,
		Args: args(1, 1, "one file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			net, err := exchange.Open(args[0])
			if err != nil {
				return err
			}
			if out != "" {
				if _, err := trial.Format(out, net.Model); err != nil { // before the work
					return err
				}
			}
			given, err := trial.Inputs(net.Model, inputs)
			if err != nil {
				return err
			}
			results, err := net.Run(given)
			if err != nil {
				return err
			}
			if out != "" {
				if err := trial.Save(out, net.Model, results); err != nil {
					return err
				}
			}
			return a.printOutputs(net.Model, results)
		},
	}
	cmd.Flags().StringArrayVar(&inputs, "input", nil, "an input: FILE, or NAME=FILE where there are several; may be repeated")
	cmd.Flags().StringVarP(&out, "output", "o", "", "write the outputs to this .npz, or the one output to this .npy")
	return cmd
}

// shown is how many numbers of an output are printed.
const shown = 10

func (a *app) printOutputs(m *onnx.Model, results []exchange.Value) error {
	if a.json {
		all := []any{}
		for i, v := range results {
			o := map[string]any{"name": m.Outputs[i].Name}
			if x := v.Array; x != nil {
				o["type"], o["shape"], o["values"] = x.Type.String(), x.Shape, elements(x, x.Len())
			}
			all = append(all, o)
		}
		return a.printJSON(map[string]any{"outputs": all})
	}
	t := newTable("output", "type", "shape", "min", "mean", "max", "values")
	numbers(t, "min", "mean", "max")
	for i, v := range results {
		x := v.Array
		if x == nil {
			t.AppendRow(table.Row{m.Outputs[i].Name, fmt.Sprintf("sequence of %d", len(v.Items))})
			continue
		}
		row := table.Row{m.Outputs[i].Name, x.Type.String(), fmt.Sprint(x.Shape)}
		values := elements(x, min(shown, x.Len()))
		words := make([]string, len(values))
		for k, e := range values {
			words[k] = fmt.Sprint(e)
			if f, ok := e.(jsonNumber); ok {
				words[k] = number(float64(f))
			}
		}
		if x.Len() > shown {
			words = append(words, "…")
		}
		lo, hi, sum := math.Inf(1), math.Inf(-1), 0.0
		for k := range x.Len() {
			if x.Type == pb.String {
				break
			}
			v := x.At(k)
			lo, hi, sum = min(lo, v), max(hi, v), sum+v
		}
		if x.Type == pb.String || x.Len() == 0 {
			row = append(row, "", "", "")
		} else {
			row = append(row, number(lo), number(sum/float64(x.Len())), number(hi))
		}
		t.AppendRow(append(row, strings.Join(words, " ")))
	}
	printTable(a.out, t)
	return nil
}

// elements are the first n elements, as JSON has them.
func elements(x *array.Array, n int) []any {
	out := make([]any, n)
	for i := range out {
		switch {
		case x.Type == pb.String:
			out[i] = array.Of[string](x)[i]
		case x.Type == pb.Bool:
			out[i] = x.At(i) != 0
		case array.IsFloat(x.Type):
			out[i] = jsonNumber(x.At(i))
		default:
			out[i] = int64(x.At(i))
			if v := array.Of[int64](x); v != nil {
				out[i] = v[i]
			}
		}
	}
	return out
}
