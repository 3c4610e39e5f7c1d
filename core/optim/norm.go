package optim

import (
	"math"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
)

// norm computes the Euclidean norm of an array: sums of squares in float32 over
// stretches of fixed length, put together in float64. The same bits on any number of
// threads.
type norm struct {
	sums []float32
	runs [2]func() // the whole stretches, and what is left
}

func newNorm(x []float32) *norm {
	const stretch = 2048
	whole, rest := len(x)/stretch, len(x)%stretch
	n := &norm{sums: make([]float32, whole+1)}
	square := func(x, sums []float32, count, length int) func() {
		return kernel.Reduce(twin.Sum, &kernel.Program{Inputs: 1, Code: []kernel.Instr{{Code: twin.Square, Dst: 1}},
			Dim: [kernel.MaxDims]int{1, 1, count, length, 1}, Stride: [kernel.MaxInputs][kernel.MaxDims]int{{0, 0, length, 1, 0}}},
			sums, [][]float32{x})
	}
	n.runs[0] = square(x[:whole*stretch], n.sums[:whole], whole, stretch)
	n.runs[1] = square(x[whole*stretch:], n.sums[whole:], 1, rest)
	return n
}

// squared is the sum of squares.
func (n *norm) squared() float64 {
	for _, run := range n.runs {
		run()
	}
	sum := 0.0
	for _, s := range n.sums {
		sum += float64(s)
	}
	return sum
}

func (n *norm) value() float64 { return math.Sqrt(n.squared()) }
