package frechet

import (
	_ "embed"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

//go:generate go run ./makeclassifier

//go:embed embedded/classifier.onnx
var classifier []byte

//go:embed embedded/reference.safetensors
var reference []byte

// Judge scores images with the classifier.
type Judge struct {
	program          *vm.Program
	x                *graph.Node
	logits, features *graph.Node
	batch, seen      int
	rows             []float64 // features so far
	classes          []float64 // summed probabilities
	real             Stats
}

// NewJudge prepares one that takes images in batches of the given size.
func NewJudge(batch int) (*Judge, error) {
	m, err := onnx.Decode(classifier, "")
	if err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	net, err := exchange.Load(m)
	if err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	g := graph.New()
	j := &Judge{batch: batch, x: g.Input("x", batch, 28, 28, 1)}
	out, err := net.Apply(exchange.Port{Name: "x", Node: j.x, Image: true})
	if err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	j.logits, j.features = out[0], out[1]
	if j.program, err = vm.Compile([]*graph.Node{j.logits, j.features}); err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	j.real, err = readStats(reference)
	return j, err
}

func readStats(b []byte) (Stats, error) {
	weights, _, err := onnx.DecodeSafetensors(b)
	if err != nil {
		return Stats{}, fmt.Errorf("the reference: %w", err)
	}
	var s Stats
	for _, w := range weights {
		values := make([]float64, len(w.Tensor.F))
		for i, v := range w.Tensor.F {
			values[i] = float64(v)
		}
		switch w.Name {
		case "mean":
			s.Mean = values
		case "cov":
			s.Cov = mat.NewSymDense(w.Tensor.Shape[0], values)
		}
	}
	return s, nil
}

// Add takes a batch of images [batch,28,28,1] in [0,1].
func (j *Judge) Add(images []float32) {
	copy(j.program.Value(j.x), images)
	j.program.Run()
	for _, f := range j.program.Value(j.features) {
		j.rows = append(j.rows, float64(f))
	}
	logits := j.program.Value(j.logits)
	k := len(logits) / j.batch
	if j.classes == nil {
		j.classes = make([]float64, k)
	}
	for i := range j.batch {
		row := logits[i*k : (i+1)*k]
		top := math.Inf(-1)
		for _, l := range row {
			top = math.Max(top, float64(l))
		}
		sum := 0.0
		for _, l := range row {
			sum += math.Exp(float64(l) - top)
		}
		for c, l := range row {
			j.classes[c] += math.Exp(float64(l)-top) / sum
		}
	}
	j.seen += j.batch
}

// Score says how the images added so far compare with real ones.
type Score struct {
	FID       float64 // Fréchet distance to the test images' features: 1 for a thousand of them, 616 for noise
	Diversity float64 // spread of the features relative to real ones: 1 for real, 0 for a single image
	Classes   float64 // how many classes there are in effect, e^entropy of their shares: 10 for real
}

// Stats returns the statistics of the images added so far and forgets them.
func (j *Judge) Stats() Stats {
	s := NewStats(mat.NewDense(j.seen, len(j.rows)/j.seen, j.rows))
	j.rows, j.classes, j.seen = j.rows[:0], nil, 0
	return s
}

// Score scores the images added so far and forgets them; two at the least.
func (j *Judge) Score() Score {
	entropy := 0.0
	for _, c := range j.classes {
		if p := c / float64(j.seen); p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	s := j.Stats()
	return Score{FID: s.Distance(j.real), Diversity: mat.Trace(s.Cov) / mat.Trace(j.real.Cov), Classes: math.Exp(entropy)}
}
