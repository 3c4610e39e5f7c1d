package data

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"lab/core"
	"lab/core/tensor"
)

// A table is a CSV file as read: rows of cells below a header, none missing.
type table struct {
	file   string // for messages
	header []string
	rows   [][]string
	lines  []int // where each row starts in the file
}

const (
	// maxCategories bounds the columns that one column of text becomes; more
	// different texts are names or identifiers, not categories.
	maxCategories = 50

	// maxWholeClasses bounds the classes that a column of whole numbers holds.
	maxWholeClasses = 1000

	// testShare is the part of a table that is kept for the test, where its source
	// names none: every fifth row, drawn by a fixed seed, so that it is the same
	// rows for everyone.
	testShare = 5
	testSeed  = 0
)

// readTable reads CSV with a header. Cells are separated by commas, or by
// semicolons or tabs where the header holds those and no comma. An empty cell, or
// one that says NA, NaN, null or ?, is an error that names its line and column.
func readTable(file string, r io.Reader) (*table, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	content := strings.TrimPrefix(string(text), "\ufeff")
	c := csv.NewReader(strings.NewReader(content))
	c.Comma, c.TrimLeadingSpace = separator(content), true
	t := &table{file: file}
	for {
		row, err := c.Read()
		if err == io.EOF {
			break
		}
		if bad := (*csv.ParseError)(nil); errors.Is(err, csv.ErrFieldCount) && errors.As(err, &bad) {
			return nil, t.bad(bad.Line, "", "%d cells below a header of %d", len(row), len(t.header))
		} else if errors.As(err, &bad) {
			return nil, t.bad(bad.Line, "", "%v", bad.Err)
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if t.header == nil {
			t.header = row
			continue
		}
		line, _ := c.FieldPos(0)
		t.rows, t.lines = append(t.rows, row), append(t.lines, line)
	}
	return t, t.check()
}

// separator is what parts the cells of the first line.
func separator(content string) rune {
	line, _, _ := strings.Cut(content, "\n")
	for _, c := range ",;\t" {
		if strings.ContainsRune(line, c) {
			return c
		}
	}
	return ','
}

// bad is an error about a place in the file; column may be "".
func (t *table) bad(line int, column, format string, args ...any) *core.Error {
	at := fmt.Sprintf("%s, line %d", t.file, line)
	if column != "" {
		at += ", column " + column
	}
	return &core.Error{Kind: core.Usage, Msg: at + ": " + fmt.Sprintf(format, args...)}
}

func (t *table) check() error {
	if len(t.header) < 2 {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s: the header names %d columns", t.file, len(t.header)),
			Try: "a first line such as height,width,species: features, then what to predict"}
	}
	numbers := 0
	for i, name := range t.header {
		if _, ok := number(name); ok {
			numbers++
		}
		if name == "" || slices.Index(t.header, name) < i {
			return t.bad(1, "", "column %d has the name %q; names must be there, and differ", i+1, name)
		}
	}
	if numbers == len(t.header) {
		e := t.bad(1, "", "every cell of the header is a number")
		e.Try = "a first line with the names of the columns"
		return e
	}
	var first *core.Error
	missing := 0
	for r, row := range t.rows {
		for i, cell := range row {
			if !absent(cell) {
				continue
			}
			if missing++; first == nil {
				first = t.bad(t.lines[r], t.header[i], "%s", sayAbsent(cell))
			}
		}
	}
	if first != nil {
		if missing > 1 {
			first.Msg += fmt.Sprintf(", and so are %d more", missing-1)
		}
		first.Try = "fill the missing cells, or leave their rows out"
		return first
	}
	if len(t.rows) < testShare {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s: %d rows; at least %d are needed", t.file, len(t.rows), testShare)}
	}
	return nil
}

func absent(cell string) bool {
	switch strings.ToLower(cell) {
	case "", "na", "n/a", "nan", "null", "none", "?":
		return true
	}
	return false
}

func sayAbsent(cell string) string {
	if cell == "" {
		return "the cell is empty"
	}
	return fmt.Sprintf("the cell %q is a missing value", cell)
}

// number reads a finite number that float32 can hold.
func number(cell string) (float32, bool) {
	v, err := strconv.ParseFloat(cell, 32)
	return float32(v), err == nil && !math.IsInf(v, 0) && !math.IsNaN(v)
}

// column is column i as numbers, or, where most cells are none, the distinct
// texts in it, sorted.
func (t *table) column(i int) (numbers []float32, texts []string, err error) {
	seen, odd := map[string]bool{}, -1
	for r, row := range t.rows {
		if v, ok := number(row[i]); ok {
			numbers = append(numbers, v)
		} else if seen[row[i]] = true; odd < 0 {
			odd = r
		}
	}
	if odd < 0 {
		return numbers, nil, nil
	}
	if 2*len(numbers) > len(t.rows) {
		return nil, nil, t.bad(t.lines[odd], t.header[i], "%q is not a number, as %d of the %d cells of this column are", t.rows[odd][i], len(numbers), len(t.rows))
	}
	for _, row := range t.rows {
		seen[row[i]] = true
	}
	for text := range seen {
		texts = append(texts, text)
	}
	slices.Sort(texts)
	return nil, texts, nil
}

// examples turns all columns but the target's into features: a column of numbers
// is one; a column of text is one for each of its texts, 1 where the cell is that
// text and 0 elsewhere, or a single one where there are only two.
func (t *table) examples(target int) (e *Examples, features []string, err error) {
	var columns [][]float32
	for i, name := range t.header {
		if i == target {
			continue
		}
		numbers, texts, err := t.column(i)
		if err != nil {
			return nil, nil, err
		}
		if numbers != nil {
			columns, features = append(columns, numbers), append(features, name)
			continue
		}
		if len(texts) > maxCategories {
			return nil, nil, &core.Error{Kind: core.Usage, Try: "a file without that column",
				Msg: fmt.Sprintf("%s: column %s holds %d different texts; up to %d can be categories", t.file, name, len(texts), maxCategories)}
		}
		if len(texts) == 2 {
			texts = texts[1:]
		}
		for _, text := range texts {
			is := make([]float32, len(t.rows))
			for r, row := range t.rows {
				if row[i] == text {
					is[r] = 1
				}
			}
			columns, features = append(columns, is), append(features, name+"="+text)
		}
	}
	e = &Examples{Shape: tensor.Shape{len(columns)}, Values: make([]float32, len(t.rows)*len(columns))}
	for j, c := range columns {
		for r, v := range c {
			e.Values[r*len(columns)+j] = v
		}
	}
	return e, features, nil
}

// set makes a data set of the table: a target of text is classes, one of numbers
// is numbers unless classes are wanted.
func (t *table) set(o options) (*Set, error) {
	target := len(t.header) - 1
	if o.target != "" {
		if target = slices.Index(t.header, o.target); target < 0 {
			near := core.Nearest(o.target, t.header)
			if len(near) == 0 {
				near = t.header
			}
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s has no column %q to predict", t.file, o.target),
				Try: strings.Join(near, ", ")}
		}
	}
	all, features, err := t.examples(target)
	if err != nil {
		return nil, err
	}
	numbers, texts, err := t.column(target)
	if err != nil {
		return nil, err
	}
	if numbers != nil && o.classes {
		if texts, err = t.wholes(target, numbers); err != nil {
			return nil, err
		}
	}
	if texts == nil {
		all.Targets = numbers
	} else {
		all.Labels = make([]int32, len(t.rows))
		for r, row := range t.rows {
			cell := row[target]
			if numbers != nil {
				cell = whole(numbers[r])
			}
			all.Labels[r] = int32(slices.Index(texts, cell))
		}
	}
	s := &Set{Name: t.file, Classes: texts, Features: features, Target: t.header[target]}
	if err := all.check(len(texts)); err != nil {
		return nil, fmt.Errorf("%s: %w", t.file, err)
	}
	if o.fold < 0 || o.fold >= testShare {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("fold %d of %d", o.fold, testShare), Try: fmt.Sprintf("0 to %d", testShare-1)}
	}
	train, test := fold(All(all), o.fold)
	s.Train, s.Test = train.extract(), test.extract()
	return s, nil
}

// fold cuts the k-th fifth off: each is drawn from what the ones before have left.
func fold(all View, k int) (train, test View) {
	n, train := all.Len()/testShare, View{Examples: all.Examples}
	rest := all
	for i := range testShare {
		var part View
		if part, rest = rest.Cut(n, testSeed); i == k {
			test = part
		} else {
			train.Index = append(train.Index, part.Index...)
		}
	}
	train.Index = append(train.Index, rest.Index...)
	slices.Sort(train.Index)
	return train, test
}

func whole(v float32) string { return strconv.FormatInt(int64(v), 10) }

// wholes names the classes of a column of whole numbers, in their order.
func (t *table) wholes(i int, numbers []float32) (names []string, err error) {
	distinct := slices.Clone(numbers)
	slices.Sort(distinct)
	distinct = slices.Compact(distinct)
	for _, v := range distinct {
		if v != float32(int32(v)) || len(distinct) > maxWholeClasses || len(distinct) > 2 && 5*len(distinct) > len(numbers) {
			return nil, &core.Error{Kind: core.Usage, Try: "recipe=regress predicts numbers; classes are texts or a few whole numbers",
				Msg: fmt.Sprintf("%s: column %s holds %d different numbers, which are no classes", t.file, t.header[i], len(distinct))}
		}
		names = append(names, whole(v))
	}
	return names, nil
}

// extract copies the view's examples.
func (v View) extract() *Examples {
	from, size := v.Examples, v.Examples.Shape.Size()
	to := &Examples{Shape: from.Shape, White: from.White}
	for _, at := range v.Index {
		if from.Pixels != nil {
			to.Pixels = append(to.Pixels, from.Pixels[int(at)*size:][:size]...)
		} else {
			to.Values = append(to.Values, from.Values[int(at)*size:][:size]...)
		}
		if from.Labels != nil {
			to.Labels = append(to.Labels, from.Labels[at])
		}
		if from.Targets != nil {
			to.Targets = append(to.Targets, from.Targets[at])
		}
	}
	return to
}
