package exchange_test

import (
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

// A classifier from a file gets a last layer for two classes and learns them, the rest of
// it frozen. The file written has the names of the one read: PyTorch's
// load_state_dict(strict=True) takes its weights.
func ExampleNet_WriteFile() {
	m, err := onnx.Read("../testdata/convnet_dynamo.onnx") // any classifier, ResNet-18 say
	if err != nil {
		log.Fatal(err)
	}
	head, err := exchange.NewHead(m, 2, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		log.Fatal(err)
	}
	net, err := exchange.Load(m)
	if err != nil {
		log.Fatal(err)
	}
	if err := net.Params.Freeze("*", "!"+head.Weight, "!"+head.Bias); err != nil {
		log.Fatal(err)
	}
	fmt.Println("trains", net.Params.Count(), "numbers:", head.Weight, head.Bias)

	const batch = 8
	g := graph.New()
	images, labels := g.Input("images", batch, 5, 5, 1), g.Input("labels", batch) // NHWC, as everywhere in lab
	logits, err := net.Apply(exchange.Port{Name: m.Inputs[0].Name, Node: images, Image: true})
	if err != nil {
		log.Fatal(err)
	}
	loss := nn.CrossEntropy(logits[0], labels)
	step, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, net.Params))
	if err != nil {
		log.Fatal(err)
	}
	for i := range batch { // black and white images
		step.Value(labels)[i] = float32(i % 2)
		for k := range 25 {
			step.Value(images)[i*25+k] = float32(i % 2)
		}
	}
	adam := optim.NewAdam(net.Params, 0.1)
	for range 50 {
		step.Run()
		adam.Step()
	}
	fmt.Println("learned:", step.Scalar(loss) < 0.1)
	dir, err := os.MkdirTemp("", "tuned")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := net.WriteFile(filepath.Join(dir, "tuned.onnx")); err != nil {
		log.Fatal(err)
	}
	// Output:
	// trains 6 numbers: fc.weight fc.bias
	// learned: true
}
