// Command gomlx is GoMLX on its backend in pure Go, a peer to measure against. It
// speaks bench/protocol on stdin and stdout; the networks are those of
// bench/workload. It is a module of its own, so that lab does not depend on GoMLX.
package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/train/optimizers"

	"lab/bench/protocol"
	"lab/core/onnx"
	"lab/core/tensor"
)

func main() {
	answers := os.Stdout
	os.Stdout = os.Stderr // GoMLX prints warnings there
	backend, err := simplego.New("")
	if err == nil {
		err = protocol.Serve(os.Stdin, answers, builder{backend})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gomlx:", err)
		os.Exit(1)
	}
}

type builder struct{ backend backends.Backend }

// Versions implements protocol.Builder.
func (b builder) Versions() []string {
	version := "GoMLX"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == "github.com/gomlx/gomlx" {
				version += " " + m.Version
			}
		}
	}
	return []string{version, "backend " + b.backend.Name(), runtime.Version(), fmt.Sprintf("%d threads", runtime.GOMAXPROCS(0))}
}

// network makes logits of x.
type network func(w weights, x *graph.Node) *graph.Node

var networks = map[string]network{"mlp": mlp, "policy-train": policy}

// Build implements protocol.Builder.
func (b builder) Build(r protocol.Request) (*protocol.Work, error) {
	net := networks[r.Workload]
	if net == nil {
		return nil, protocol.Missing("not built: mlp and policy-train are; its Go backend has no gradient of max pooling")
	}
	read, _, err := onnx.ReadSafetensors(r.State)
	if err != nil {
		return nil, err
	}
	state := map[string]*tensor.Tensor{}
	for _, w := range read {
		state[w.Name] = w.Tensor
	}
	in, labels := state[protocol.BatchPrefix+"x"], state[protocol.BatchPrefix+"y"]
	x, y := flat(in), tensors.FromFlatDataAndDimensions(labels.I, len(labels.I))
	ctx := context.New().Checked(false) // variables are made anew when a graph is
	exec, err := context.NewExec(b.backend, ctx, func(ctx *context.Context, x, y *graph.Node) *graph.Node {
		logits := net(weights{ctx, x.Graph(), state}, x)
		classes := logits.Shape().Dim(1)
		picked := graph.Mul(graph.OneHot(y, classes, logits.DType()), graph.LogSoftmax(logits))
		loss := graph.Neg(graph.MulScalar(graph.ReduceAllSum(picked), 1/float64(len(labels.I))))
		optimizers.Adam().LearningRate(1e-3).Epsilon(1e-8).Done().UpdateGraph(ctx, x.Graph(), loss)
		return loss
	})
	if err != nil {
		return nil, err
	}
	parameters := 0
	for name, t := range state {
		if name != protocol.BatchPrefix+"x" && name != protocol.BatchPrefix+"y" {
			parameters += t.Shape.Size()
		}
	}
	var loss *tensors.Tensor
	return &protocol.Work{
		Parameters: parameters,
		Step: func() {
			if loss != nil {
				loss.FinalizeAll()
			}
			loss = exec.MustExec1(x, y)
		},
		Losses: func() []float64 { return []float64{float64(tensors.ToScalar[float32](loss))} },
	}, nil
}

func flat(t *tensor.Tensor) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(t.F, t.Shape...)
}
