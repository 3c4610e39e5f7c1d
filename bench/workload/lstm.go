package workload

import (
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/nn"
)

// A classifier of sequences by what an LSTM remembers at their end. Time is the first
// axis of x.
var lstm = Workload{
	Name: "lstm", What: "LSTM 28→128 over 28 steps, fc 10, batch 64, Adam",
	Batch: func(r *rand.Rand) Batch { return Batch{"x": normal(r, 28, 64, 28), "y": labels(r, 10, 64)} },
	Build: func(r *rand.Rand) (*Net, error) {
		s := nn.NewScope(r)
		cell := nn.NewRecurrent(s.Sub("lstm"), nn.LSTM, 28, 128, 1, false)
		fc := nn.NewLinear(s.Sub("fc"), 128, 10, true)

		g := graph.New()
		x, y := g.Input("x", 28, 64, 28), g.Input("y", 64)
		_, end := cell.Forward(x, nn.State{})               // of one layer: [1,B,H]
		logits := fc.Forward(graph.Reshape(end.H, 64, 128)) // [B,10]
		return trained(s, nn.CrossEntropy(logits, y), x, y)
	},
}
