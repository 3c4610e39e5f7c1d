package transformer

import (
	"lab/core/family"
	"lab/core/picture"
)

// drawAttention draws the mean over heads of the probabilities [H,rows,columns] as a
// heat map with the tokens on its axes.
func drawAttention(s *family.Session, name string, step int, p []float32, rows, columns []string) error {
	r, c := len(rows), len(columns)
	heads := len(p) / (r * c)
	mean := make([][]float64, r)
	for i := range mean {
		mean[i] = make([]float64, c)
		for j := range c {
			for h := range heads {
				mean[i][j] += float64(p[(h*r+i)*c+j]) / float64(heads)
			}
		}
	}
	img, err := picture.HeatMap{Title: name, RowLabel: "from", ColumnLabel: "to", Rows: rows, Columns: columns, Values: mean, Hi: 1}.Draw()
	if err != nil {
		return err
	}
	return s.Image(name, step, img)
}
