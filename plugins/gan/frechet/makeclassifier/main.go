// Makeclassifier trains the classifier of package frechet on the 60,000 training
// images of Fashion-MNIST and writes ../embedded: the net as ONNX, and the
// statistics of its features over the test images. Run by go generate; the data set
// has to be installed (Debian: dataset-fashion-mnist).
package main

import (
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"

	"gonum.org/v1/gonum/mat"

	"lab/core/data"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/tensor"
	"lab/core/vm"
	"lab/plugins/gan/frechet"
)

// net is conv3×3(16)-pool-conv3×3(32)-pool-fc128-fc10.
type net struct {
	*nn.Scope
	conv1, conv2 *nn.Conv2d
	fc1, fc2     *nn.Linear
}

func newNet(seed uint64) *net {
	s := nn.NewScope(rand.New(rand.NewPCG(seed, 0)))
	g := nn.Geometry{Kernel: 3, Padding: 1}
	return &net{s, nn.NewConv2d(s.Sub("conv1"), 1, 16, g, true), nn.NewConv2d(s.Sub("conv2"), 16, 32, g, true),
		nn.NewLinear(s.Sub("fc1"), 32*7*7, 128, true), nn.NewLinear(s.Sub("fc2"), 128, 10, true)}
}

func (n *net) forward(x *graph.Node) (logits, features *graph.Node) {
	h := nn.MaxPool2d(graph.Relu(n.conv1.Forward(x)), 2)
	h = nn.MaxPool2d(graph.Relu(n.conv2.Forward(h)), 2)
	h = graph.Reshape(graph.Transpose(h, 0, 3, 1, 2), x.Shape()[0], -1) // channels first, as files have it
	features = graph.Relu(n.fc1.Forward(h))
	return n.fc2.Forward(features), features
}

const batch = 100

func main() {
	log.SetFlags(0)
	out := flag.String("o", "embedded", "folder to write to")
	epochs := flag.Int("epochs", 8, "passes over the training set")
	flag.Parse()
	vm.SetThreads(runtime.NumCPU())
	set, err := data.Open("fashion-mnist", "")
	check(err)
	n := newNet(1)
	train(n, set, *epochs)
	accuracy, stats := measure(n, data.All(set.Test))
	fmt.Printf("test accuracy %.2f %%\n", 100*accuracy)

	b, err := exchange.Export("fashion-classifier", onnx.DefaultOpset, exchange.Batch, func(size exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", size["batch"], 28, 28, 1)
		logits, features := n.forward(x)
		return []exchange.Port{{Name: "x", Node: x, Image: true}}, []exchange.Port{{Name: "logits", Node: logits}, {Name: "features", Node: features}}
	})
	check(err)
	b.SetMetadata("accuracy", fmt.Sprintf("%.4f", accuracy))
	b.SetMetadata("data", "fashion-mnist "+set.SHA256)
	check(b.WriteFile(filepath.Join(*out, "classifier.onnx")))
	check(onnx.WriteSafetensors(filepath.Join(*out, "reference.safetensors"), map[string]*tensor.Tensor{
		"mean": tensor.New(tensor.Shape{len(stats.Mean)}, floats(stats.Mean)),
		"cov":  tensor.New(tensor.Shape{len(stats.Mean), len(stats.Mean)}, floats(mat.DenseCopyOf(stats.Cov).RawMatrix().Data)),
	}, nil))
}

func train(n *net, set *data.Set, epochs int) {
	g := graph.New()
	x, y := g.Input("x", batch, 28, 28, 1), g.Input("y", batch, 10)
	logits, _ := n.forward(x)
	loss := nn.CrossEntropy(logits, y)
	p, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, n.Params))
	check(err)
	adam := optim.NewAdam(n.Params, 1e-3)
	bs, err := data.All(set.Train).Batches(data.Batching{Size: batch, Shuffle: true, DropLast: true, Seed: 1, Hi: 1})
	check(err)
	labels := make([]int64, batch)
	steps := epochs * bs.PerEpoch()
	for e := range epochs {
		sum := 0.0
		for bs.Start(e); bs.Next(); {
			bs.Inputs(p.Value(x))
			bs.Labels(labels)
			clear(p.Value(y))
			for i, l := range labels {
				p.Value(y)[i*10+int(l)] = 1
			}
			p.Run()
			_, done := bs.At()
			adam.LR = 1e-3 * (1 + math.Cos(math.Pi*float64(e*bs.PerEpoch()+done)/float64(steps))) / 2
			adam.Step()
			sum += p.Scalar(loss)
		}
		accuracy, _ := measure(n, data.All(set.Test))
		fmt.Printf("epoch %d: loss %.4f, test accuracy %.2f %%\n", e+1, sum/float64(bs.PerEpoch()), 100*accuracy)
	}
}

func measure(n *net, v data.View) (accuracy float64, s frechet.Stats) {
	g := graph.New()
	x := g.Input("x", batch, 28, 28, 1)
	logits, features := n.forward(x)
	p, err := vm.Compile([]*graph.Node{logits, features})
	check(err)
	bs, err := v.Batches(data.Batching{Size: batch, DropLast: true, Hi: 1})
	check(err)
	labels := make([]int64, batch)
	var rows []float64
	right := 0
	for bs.Start(0); bs.Next(); {
		bs.Inputs(p.Value(x))
		bs.Labels(labels)
		p.Run()
		for i, l := range labels {
			row, best := p.Value(logits)[i*10:(i+1)*10], 0
			for c := range row {
				if row[c] > row[best] {
					best = c
				}
			}
			if int64(best) == l {
				right++
			}
		}
		for _, f := range p.Value(features) {
			rows = append(rows, float64(f))
		}
	}
	d := len(p.Value(features)) / batch
	return float64(right) / float64(len(rows)/d), frechet.NewStats(mat.NewDense(len(rows)/d, d, rows))
}

func floats(v []float64) []float32 {
	f := make([]float32, len(v))
	for i := range v {
		f[i] = float32(v[i])
	}
	return f
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
