package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/tensor"
	"lab/core/vm"
)

// Workload is a step that lab and its peers are timed on.
type Workload struct {
	Name, What string

	// Batch is one batch in the layout of files: images NCHW, labels as int64. Every
	// step sees the same batch, so that no time goes into data.
	Batch func(r *rand.Rand) Batch

	// Build makes the network and compiles its step.
	Build func(r *rand.Rand) (*Net, error)
}

// Batch is a batch's tensors by name.
type Batch map[string]*tensor.Tensor

// Net is a network that is ready to run.
type Net struct {
	Sets     map[string]*graph.Params // by the prefix of their names in a state file
	Feed     func(Batch)
	Step     func()
	Losses   func() []float64 // of the step before; an inference's outputs
	Programs []Program        // what a step runs, beside optimisers

	Model func() ([]byte, error) // the ONNX file that it was made of, with its weights; or nil
}

// Program is one program of a step, for profiles.
type Program struct {
	Name string
	*vm.Program
}

// Table lists the workloads in the order of the tables that are printed.
var Table = []Workload{mlp, cnn, resnet, dcgan, wganGP, policyForward, policyTrain, gpt, lstm, maml, resnet18Single, resnet18Batch}

// Find returns the workload of that name, or nil.
func Find(name string) *Workload {
	for i := range Table {
		if Table[i].Name == name {
			return &Table[i]
		}
	}
	return nil
}

// Parameters is the number of trained values.
func (n *Net) Parameters() int {
	total := 0
	for _, s := range n.Sets {
		total += s.Count()
	}
	return total
}

// trained is a network of one parameter set that Adam trains on one loss, fed by these
// inputs.
func trained(s *nn.Scope, loss *graph.Node, inputs ...*graph.Node) (*Net, error) {
	p, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, s.Params))
	if err != nil {
		return nil, err
	}
	adam := optim.NewAdam(s.Params, 1e-3)
	return &Net{
		Sets:     map[string]*graph.Params{"": s.Params},
		Feed:     func(b Batch) { feed(p, b, inputs...) },
		Step:     func() { p.Run(); adam.Step() },
		Losses:   func() []float64 { return []float64{p.Scalar(loss)} },
		Programs: []Program{{"step", p}},
	}, nil
}
