package frechet

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// manifold is the region of feature space that a set of points stands for: a ball
// around each, which reaches to its k-th nearest neighbour (Kynkäänniemi et al. 2019,
// "Improved Precision and Recall Metric for Assessing Generative Models", eq. 1).
type manifold struct {
	points  *mat.Dense
	squares []float64 // ‖p‖²
	radii   []float64 // squared
}

// nearest is the paper's k.
const nearest = 3

func newManifold(points *mat.Dense) *manifold {
	m := &manifold{points: points, squares: squares(points)}
	d := m.distances(points, m.squares)
	n, _ := d.Dims()
	for i := range n {
		row := slices.Clone(d.RawRowView(i))
		slices.Sort(row)
		m.radii = append(m.radii, row[min(nearest, n-1)]) // row[0] is the point itself
	}
	return m
}

// holds is the share of the points that lie in a ball: precision where m is of real
// images and the points are drawn, recall the other way round.
func (m *manifold) holds(points *mat.Dense) float64 {
	d := m.distances(points, squares(points))
	n, _ := d.Dims()
	in := 0
	for i := range n {
		for k, v := range d.RawRowView(i) {
			if v <= m.radii[k] {
				in++
				break
			}
		}
	}
	return float64(in) / float64(n)
}

// distances of the given points, a row each, to m's, squared.
func (m *manifold) distances(points *mat.Dense, own []float64) *mat.Dense {
	var d mat.Dense
	d.Mul(points, m.points.T())
	d.Apply(func(i, k int, dot float64) float64 { return math.Max(0, own[i]+m.squares[k]-2*dot) }, &d)
	return &d
}

func squares(points *mat.Dense) []float64 {
	n, _ := points.Dims()
	out := make([]float64, n)
	for i := range out {
		row := points.RawRowView(i)
		for _, v := range row {
			out[i] += v * v
		}
	}
	return out
}
