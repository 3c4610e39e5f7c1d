package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
	"lab/core/vm"
)

// The policy of a small control task: what a step costs beside its arithmetic.
var policyForward = Workload{
	Name: "policy-forward", What: "4-64-64-2, tanh, batch 1, inference",
	Batch: func(r *rand.Rand) Batch { return Batch{"x": normal(r, 1, 4)} },
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		g := graph.New()
		x := g.Input("x", 1, 4)
		logits := newDense(s, graph.Tanh, 4, 64, 64, 2).forward(x)
		p, err := vm.Compile([]*graph.Node{logits})
		if err != nil {
			return nil, err
		}
		return &Net{
			Sets: map[string]*graph.Params{"": s.Params},
			Feed: func(b Batch) { feed(p, b, x) },
			Step: p.Run,
			Losses: func() []float64 {
				out := p.Value(logits)
				return []float64{float64(out[0]), float64(out[1])}
			},
			Programs: []Program{{"forward", p}},
		}, nil
	},
}

var policyTrain = Workload{
	Name: "policy-train", What: "4-64-64-2, tanh, cross-entropy, batch 32, Adam",
	Batch: classified(2, 32, 4),
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		return classifier(s, newDense(s, graph.Tanh, 4, 64, 64, 2).forward, 32, 4)
	},
}
