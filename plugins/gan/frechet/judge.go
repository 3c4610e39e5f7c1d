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
	programs *vm.Cache[int, classification] // by the number of images
	seen     int
	rows     []float64 // features so far
	classes  []float64 // summed probabilities
	real     Stats
}

// classification is the classifier for a number of images.
type classification struct {
	*vm.Program
	x, logits, features *graph.Node
}

// pixels of an image.
const pixels = 28 * 28

// NewJudge prepares one.
func NewJudge() (*Judge, error) {
	m, err := onnx.Decode(classifier, "")
	if err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	net, err := exchange.Load(m)
	if err != nil {
		return nil, fmt.Errorf("the classifier: %w", err)
	}
	j := &Judge{programs: vm.NewCache(2, func(n int) (classification, error) { return classify(net, n) })} // full batches, and the last
	j.real, err = readStats(reference)
	return j, err
}

func classify(net *exchange.Net, n int) (c classification, err error) {
	c.x = graph.New().Input("x", n, 28, 28, 1)
	out, err := net.Apply(exchange.Port{Name: "x", Node: c.x, Image: true})
	if err != nil {
		return c, err
	}
	c.logits, c.features = out[0], out[1]
	if c.Program, err = vm.Compile(out); err != nil {
		return c, err
	}
	c.Named("judge")
	return c, nil
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

// Add takes images [n,28,28,1] in [0,1], one at the least.
func (j *Judge) Add(images []float32) error {
	n := len(images) / pixels
	c, err := j.programs.For(n)
	if err != nil {
		return fmt.Errorf("the classifier: %w", err)
	}
	copy(c.Value(c.x), images)
	c.Run()
	for _, f := range c.Value(c.features) {
		j.rows = append(j.rows, float64(f))
	}
	logits := c.Value(c.logits)
	k := len(logits) / n
	if j.classes == nil {
		j.classes = make([]float64, k)
	}
	for i := range n {
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
	j.seen += n
	return nil
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
