package mlp

import (
	"image"
	"math"

	"lab/core/data"
	"lab/core/picture"
	"lab/core/supervised"
	"lab/core/tensor"
)

// drawFilters draws what each unit of the first layer looks for: its weights as an
// image, black for the most negative and white for the most positive weight of all.
func (n *network) drawFilters(shape tensor.Shape) (image.Image, error) {
	const most = 100
	w := n.fc[0].Weight.Value() // [features,units]
	units := n.sizes[1]
	im := picture.Images{N: min(units, most), H: shape[0], W: shape[1], C: shape[2]}
	for u := range im.N {
		for f := range n.sizes[0] {
			v := w[f*units+u]
			im.Data = append(im.Data, v)
			im.Hi = max(im.Hi, float32(math.Abs(float64(v))))
		}
	}
	im.Lo = -im.Hi
	return picture.Grid(im, picture.Layout{Pad: 2, Zoom: max(1, 56/max(im.H, im.W)), Back: 255})
}

// drawPlane draws the test points of two classes over the probability of the second.
func drawPlane(t *task, eval *supervised.Evaluator) (image.Image, error) {
	const side = 120
	e := t.set.Test
	of := make([]picture.Series, len(t.set.Classes))
	lo, hi := [2]float64{math.Inf(1), math.Inf(1)}, [2]float64{math.Inf(-1), math.Inf(-1)}
	for i, l := range e.Labels {
		x, y := float64(e.Values[2*i]), float64(e.Values[2*i+1])
		of[l].X, of[l].Y = append(of[l].X, x), append(of[l].Y, y)
		lo, hi = [2]float64{min(lo[0], x), min(lo[1], y)}, [2]float64{max(hi[0], x), max(hi[1], y)}
	}
	for c := range of {
		of[c].Name, of[c].Points = t.set.Classes[c], true
	}
	grid := &data.Examples{Shape: tensor.Shape{2}}
	for i := range side {
		for j := range side {
			grid.Values = append(grid.Values,
				float32(lo[0]+(hi[0]-lo[0])*(float64(j)+.5)/side), float32(hi[1]-(hi[1]-lo[1])*(float64(i)+.5)/side))
		}
	}
	batches, err := data.All(grid).Batches(data.Batching{Size: side, Normal: t.normal})
	if err != nil {
		return nil, err
	}
	field := &picture.Field{}
	err = eval.Outputs(batches, func(logits []float32) { // [side,2]: one row of the picture
		row := make([]float64, side)
		for j := range row {
			row[j] = 1 / (1 + math.Exp(float64(logits[2*j])-float64(logits[2*j+1])))
		}
		field.Values = append(field.Values, row)
	})
	if err != nil {
		return nil, err
	}
	return picture.Chart{X: picture.Axis{Label: t.set.Features[0], Lo: lo[0], Hi: hi[0]}, Y: picture.Axis{Label: t.set.Features[1], Lo: lo[1], Hi: hi[1]},
		Field: field, Series: of, Width: 640, Height: 480}.Draw()
}
