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
	labels   []int     // of the images so far
	real     Stats
	known    *manifold // of the images given to Know
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
		best, sum := 0, 0.0
		for c, l := range row {
			if l > row[best] {
				best = c
			}
			sum += math.Exp(float64(l) - top)
		}
		for c, l := range row {
			j.classes[c] += math.Exp(float64(l)-top) / sum
		}
		j.labels = append(j.labels, best)
	}
	j.seen += n
	return nil
}

// Know takes real images [n,28,28,1] in [0,1] that precision and recall are measured by.
// It returns the Fréchet distance between their halves, the even and the odd ones: what
// a perfect generator would have for as many images. Call it before Add.
func (j *Judge) Know(images []float32) (floor float64, err error) {
	const batch = 100
	for at := 0; at < len(images); at += batch * pixels {
		if err := j.Add(images[at:min(len(images), at+batch*pixels)]); err != nil {
			return 0, err
		}
	}
	all := j.features()
	n, d := all.Dims()
	var halves [2]Stats
	for h := range halves {
		var rows []float64
		for i := h; i < n; i += 2 {
			rows = append(rows, all.RawRowView(i)...)
		}
		halves[h] = NewStats(mat.NewDense(len(rows)/d, d, rows))
	}
	j.known = newManifold(mat.DenseCopyOf(all.Slice(0, min(n, manifoldSize), 0, d)))
	j.forget()
	return halves[0].Distance(halves[1]), nil
}

// manifoldSize bounds the images, real and drawn, of precision and recall: what they
// cost grows with its square.
const manifoldSize = 1000

// Labels are the classes that the classifier takes the images added so far for. They are
// overwritten after the next call of Score or Stats.
func (j *Judge) Labels() []int { return j.labels }

// Score says how the images added so far compare with real ones.
type Score struct {
	FID       float64 // Fréchet distance to the test images' features: 1 for a thousand of them, 616 for noise
	Diversity float64 // spread of the features relative to real ones: 1 for real, 0 for a single image
	Classes   float64 // how many classes there are in effect, e^entropy of their shares: 10 for real

	// Precision is the share of the images that look like real ones, Recall the share of
	// the real ones that such images could be: of the first thousand of each, by the
	// neighbourhoods of Kynkäänniemi et al. (2019). NaN unless the judge was given real
	// images by Know.
	Precision, Recall float64
}

// Stats returns the statistics of the images added so far and forgets them.
func (j *Judge) Stats() Stats {
	s := NewStats(j.features())
	j.forget()
	return s
}

func (j *Judge) features() *mat.Dense { return mat.NewDense(j.seen, len(j.rows)/j.seen, j.rows) }

func (j *Judge) forget() { j.rows, j.classes, j.labels, j.seen = j.rows[:0], nil, j.labels[:0], 0 }

// Score scores the images added so far and forgets them; two at the least.
func (j *Judge) Score() Score {
	entropy := 0.0
	for _, c := range j.classes {
		if p := c / float64(j.seen); p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	s := Score{Classes: math.Exp(entropy), Precision: math.NaN(), Recall: math.NaN()}
	if j.known != nil {
		drawn := j.features()
		n, d := drawn.Dims()
		drawn = mat.DenseCopyOf(drawn.Slice(0, min(n, manifoldSize), 0, d))
		s.Precision, s.Recall = j.known.holds(drawn), newManifold(drawn).holds(j.known.points)
	}
	stats := j.Stats()
	s.FID, s.Diversity = stats.Distance(j.real), mat.Trace(stats.Cov)/mat.Trace(j.real.Cov)
	return s
}
