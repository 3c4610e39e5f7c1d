package picture

import (
	"fmt"
	"image"
	"math"
	"strconv"
)

// HeatMap draws a table of numbers as colours: what each word attends to, the
// weights of a layer.
type HeatMap struct {
	Title                 string
	RowLabel, ColumnLabel string      // what rows and columns are
	Rows, Columns         []string    // the name of each; nil for none
	Values                [][]float64 // row by row, all of one length; NaN is grey
	Text                  [][]string  // written into the cells; nil for none

	// Lo has the first colour and Hi the last; both 0: the least and the greatest
	// value, or, where Diverging, the greatest size below and above 0.
	Lo, Hi    float64
	Diverging bool // from blue over white to red, not from white to blue
	Cell      int  // pixels a side; 0: what suits the count and the texts
}

// Draw draws the map with a scale of its colours at the right.
func (h HeatMap) Draw() (image.Image, error) {
	if err := h.check(); err != nil {
		return nil, err
	}
	f, big := newFace(textSize), newFace(titleSize)
	rows, columns := len(h.Values), len(h.Values[0])
	h.span()
	if h.Cell == 0 {
		h.Cell = max(4, min(28, 560/max(rows, columns)))
		for _, row := range h.Text {
			for _, t := range row {
				h.Cell = max(h.Cell, f.width(t)+6, f.height()+2)
			}
		}
	}
	line := f.height()
	rowNames, columnNames := named(f, h.Rows, line > h.Cell), named(f, h.Columns, false)
	if columnNames > 0 {
		columnNames += 6
	}
	if columnNames <= h.Cell { // they fit lying
		columnNames = min(columnNames, line+4)
	}
	left, top := 10+rowNames, 8+columnNames
	if rowNames > 0 {
		left += 6
	}
	if h.RowLabel != "" {
		left += line + 4
	}
	if h.Title != "" {
		top += big.height() + 4
	}
	if h.ColumnLabel != "" {
		top += line + 4
	}
	wide, high := columns*h.Cell, rows*h.Cell
	scale := 34 + max(f.width(write(h.Lo, h.Hi-h.Lo)), f.width(short(h.Lo)), f.width(short(h.Hi)))
	width, height := left+wide+scale+8, top+max(high, 60)+10
	if h.Title != "" {
		width = max(width, big.width(h.Title)+16)
	}
	if h.Cell > maxSide || width > maxSide || height > maxSide {
		return nil, fmt.Errorf("picture: a heat map of %d×%d cells of %d pixels is too large to draw", rows, columns, h.Cell)
	}
	c := newCanvas(width, height)
	c.text(big, width/2, 6, centreTop, ink, h.Title)
	c.text(f, left+wide/2, top-columnNames-4, centreBottom, ink, h.ColumnLabel)
	c.upward(f, 8, top+high/2, anchor{.5, 0}, ink, h.RowLabel)
	if rowNames > 0 {
		for i, name := range h.Rows {
			c.text(f, left-6, top+i*h.Cell+h.Cell/2, rightMiddle, ink, name)
		}
	}
	for j, name := range h.Columns {
		if x := left + j*h.Cell + h.Cell/2; columnNames > line+4 {
			c.upward(f, x, top-4, anchor{0, .5}, ink, name)
		} else {
			c.text(f, x, top-4, centreBottom, ink, name)
		}
	}
	colours := amounts
	if h.Diverging {
		colours = diverging
	}
	for i, row := range h.Values {
		for j, v := range row {
			x, y := left+j*h.Cell, top+i*h.Cell
			col := along(colours, (v-h.Lo)/(h.Hi-h.Lo))
			c.rect(x, y, x+h.Cell, y+h.Cell, col)
			if h.Text != nil {
				c.text(f, x+h.Cell/2, y+h.Cell/2, centred, readable(col), h.Text[i][j])
			}
		}
	}
	c.frame(left, top, left+wide, top+high)
	x, tall := left+wide+14, max(60, min(high, 200))
	for y := range tall {
		c.rect(x, top+y, x+10, top+y+1, along(colours, 1-float64(y)/float64(tall-1)))
	}
	c.frame(x, top, x+10, top+tall)
	c.text(f, x+15, top, leftTop, ink, short(h.Hi))
	c.text(f, x+15, top+tall, anchor{0, 1}, ink, short(h.Lo))
	return c.RGBA, nil
}

func (h *HeatMap) check() error {
	if len(h.Values) == 0 || len(h.Values[0]) == 0 {
		return fmt.Errorf("picture: a heat map of nothing")
	}
	n := len(h.Values[0])
	for i, row := range h.Values {
		if len(row) != n || h.Text != nil && (len(h.Text) != len(h.Values) || len(h.Text[i]) != n) {
			return fmt.Errorf("picture: row %d of a heat map does not have %d values, or texts", i, n)
		}
	}
	if h.Rows != nil && len(h.Rows) != len(h.Values) || h.Columns != nil && len(h.Columns) != n {
		return fmt.Errorf("picture: %d and %d names for a heat map of %d×%d", len(h.Rows), len(h.Columns), len(h.Values), n)
	}
	if h.Hi < h.Lo || math.IsNaN(h.Lo+h.Hi) || h.Cell < 0 {
		return fmt.Errorf("picture: a heat map from %v to %v, cells of %d", h.Lo, h.Hi, h.Cell)
	}
	return nil
}

// span finds what the colours stand for where it is not given.
func (h *HeatMap) span() {
	if h.Lo != h.Hi {
		return
	}
	a := Axis{}
	a.ends(func(yield func(float64)) {
		for _, row := range h.Values {
			for _, v := range row {
				yield(v)
			}
		}
	})
	if h.Lo, h.Hi = a.Lo, a.Hi; h.Diverging {
		h.Hi = max(math.Abs(h.Lo), math.Abs(h.Hi))
		h.Lo = -h.Hi
	}
}

// named is the room that names take, none where there is no height for them.
func named(f face, names []string, tooLow bool) (widest int) {
	if tooLow {
		return 0
	}
	for _, n := range names {
		widest = max(widest, f.width(n))
	}
	return widest
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

// frame draws a thin frame just within a rectangle.
func (c canvas) frame(x0, y0, x1, y1 int) {
	c.rect(x0, y0, x1, y0+1, marked)
	c.rect(x0, y1-1, x1, y1, marked)
	c.rect(x0, y0, x0+1, y1, marked)
	c.rect(x1-1, y0, x1, y1, marked)
}

// Confusion draws a confusion matrix: counts[i][j] examples of class i were taken for
// class j. Colours are shares of a row, so that classes of any size compare.
func Confusion(counts [][]int, classes []string) (image.Image, error) {
	h := HeatMap{RowLabel: "is", ColumnLabel: "taken for", Rows: classes, Columns: classes, Hi: 1}
	right, total := 0, 0
	for i, row := range counts {
		sum := 0
		for j, n := range row {
			sum += n
			if i == j {
				right += n
			}
		}
		total += sum
		values, texts := make([]float64, len(row)), make([]string, len(row))
		for j, n := range row {
			values[j] = float64(n) / float64(max(1, sum))
			if n > 0 {
				texts[j] = strconv.Itoa(n)
			}
		}
		h.Values, h.Text = append(h.Values, values), append(h.Text, texts)
	}
	h.Title = fmt.Sprintf("%d of %d right", right, total)
	if len(counts) > 30 {
		h.Text = nil
	}
	return h.Draw()
}
