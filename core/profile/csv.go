package profile

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Artifact is the name of the table that a profiled run leaves behind.
const Artifact = "profile"

// Header names the columns of a report as a table: a row for each call, of the kinds
// "program", "optimiser" and "compiling"; one of the kind "outside" for the time in none
// of them; and one of the kind "peak" for the cores' peak, whose calls are threads, and
// whose time is not the run's. All other seconds together are the run's.
//
// Runs are those of the part, on each of its rows; flops and bytes are of one call,
// median and best too.
var Header = []string{"kind", "part", "runs", "op", "result", "calls", "seconds", "median_seconds", "best_seconds", "flops", "bytes"}

const (
	outside = "outside"
	peak    = "peak"
)

// Records are the rows below the header.
func (r *Report) Records() [][]string {
	seconds := func(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'g', -1, 64) }
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	var rows [][]string
	for _, p := range r.Parts {
		for _, c := range p.Calls {
			rows = append(rows, []string{string(p.Kind), p.Name, fmt.Sprint(p.Runs), c.Name, c.Result, fmt.Sprint(c.Calls),
				seconds(c.Total), seconds(c.Median), seconds(c.Best), number(c.Flops), number(c.Bytes)})
		}
	}
	rows = append(rows, []string{outside, "", "0", "", "", "0", seconds(r.Outside), "0", "0", "0", "0"})
	if r.Peak > 0 {
		rows = append(rows, []string{peak, "", "0", "multiply-adds on registers", "", fmt.Sprint(r.Threads), "1", "1", "1", number(r.Peak), "0"})
	}
	return rows
}

// Read reads a report from CSV: the header, then the rows of Records. Columns may come
// in any order, and others among them; rows of other kinds are passed over.
func Read(from io.Reader) (*Report, error) {
	c := csv.NewReader(from)
	head, err := c.Read()
	if err == io.EOF {
		err = errors.New("it is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	at := make([]int, len(Header))
	for i, name := range Header {
		if at[i] = slices.Index(head, name); at[i] < 0 {
			return nil, fmt.Errorf("profile: there is no column %q", name)
		}
	}
	r := &Report{}
	for {
		row, err := c.Read()
		if err == io.EOF {
			return r, nil
		}
		if err == nil {
			err = r.add(row, at)
		}
		if err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
	}
}

// add takes one row, whose columns are at these places.
func (r *Report) add(row []string, at []int) error {
	cell := func(i int) string { return row[at[i]] }
	v := make([]float64, len(Header))
	for i, name := range Header {
		if i == 0 || i == 1 || i == 3 || i == 4 {
			continue
		}
		var err error
		if v[i], err = strconv.ParseFloat(cell(i), 64); err != nil || !(v[i] >= 0 && v[i] < 1e18) {
			return fmt.Errorf("%s %q is not a number of at least 0", name, cell(i))
		}
	}
	for _, text := range row { // they are shown on a terminal
		if strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%q holds a control character", text)
		}
	}
	duration := func(i int) time.Duration { return time.Duration(math.Round(min(v[i], 9e9) * 1e9)) }
	kind := Kind(cell(0))
	switch kind {
	case outside:
		r.Outside = duration(6)
	case peak:
		r.Threads, r.Peak = int(v[5]), v[9]
	case Program, Optimiser, Compiling:
		i := slices.IndexFunc(r.Parts, func(p Part) bool { return p.Kind == kind && p.Name == cell(1) })
		if i < 0 {
			i = len(r.Parts)
			r.Parts = append(r.Parts, Part{Kind: kind, Name: cell(1), Runs: int64(v[2])})
		}
		r.Parts[i].Calls = append(r.Parts[i].Calls, Call{Op: Op{cell(3), cell(4), v[9], v[10]}, Calls: int64(v[5]),
			Total: duration(6), Median: duration(7), Best: duration(8)})
	}
	return nil
}
