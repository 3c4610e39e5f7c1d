package table

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"

	"lab/core"
	"lab/tracker"
)

// kind is what a column holds.
type kind int

const (
	text kind = iota
	whole
	unsigned
	number
	moment
)

// column is one column of a table of runs. value returns a string, int64, uint64,
// float64 or time.Time by the kind, or nil for an empty cell.
type column struct {
	name  string
	kind  kind
	value func(*tracker.Summary) any
}

// columnsOf lists the columns for the runs: what every run has, a column
// "param.KEY" for every parameter of any run, and "best(M)", "last(M)", "min(M)"
// and "max(M)" for every metric.
func columnsOf(runs []tracker.Summary) []column {
	some := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	cs := []column{
		{"uid", text, func(s *tracker.Summary) any { return s.UID }},
		{"name", text, func(s *tracker.Summary) any { return some(s.Name) }},
		{"plugin", text, func(s *tracker.Summary) any { return s.Family }},
		{"plugin_version", text, func(s *tracker.Summary) any { return some(s.FamilyVersion) }},
		{"recipe", text, func(s *tracker.Summary) any { return s.Recipe }},
		{"status", text, func(s *tracker.Summary) any { return string(s.Status) }},
		{"reason", text, func(s *tracker.Summary) any { return some(s.Reason) }},
		{"started", moment, func(s *tracker.Summary) any { return s.Started }},
		{"ended", moment, func(s *tracker.Summary) any {
			if s.Ended.IsZero() {
				return nil
			}
			return s.Ended
		}},
		{"seconds", number, func(s *tracker.Summary) any { return s.Elapsed.Seconds() }},
		{"seed", unsigned, func(s *tracker.Summary) any { return s.Seed }},
		{"peak_memory_bytes", whole, func(s *tracker.Summary) any {
			if s.PeakMemory == 0 {
				return nil
			}
			return s.PeakMemory
		}},
		{"note", text, func(s *tracker.Summary) any { return some(s.Note) }},
		{"tags", text, func(s *tracker.Summary) any { return some(strings.Join(s.Tags, " ")) }},
	}
	var params, metrics []string
	seen := map[string]bool{}
	for i := range runs {
		for _, p := range runs[i].Params {
			if !seen["p"+p.Key] {
				seen["p"+p.Key] = true
				params = append(params, p.Key)
			}
		}
		for _, m := range runs[i].Metrics {
			if m.Points > 0 && !seen["m"+m.Name] {
				seen["m"+m.Name] = true
				metrics = append(metrics, m.Name)
			}
		}
	}
	for _, key := range params {
		cs = append(cs, column{"param." + key, text, func(s *tracker.Summary) any {
			if p, ok := s.Param(key); ok {
				return p.Value
			}
			return nil
		}})
	}
	for _, name := range metrics {
		for _, fn := range []string{"best", "last", "min", "max"} {
			cs = append(cs, column{fn + "(" + name + ")", number, func(s *tracker.Summary) any {
				if m, ok := s.Metric(name); ok && m.Points > 0 {
					return m.Value(fn)
				}
				return nil
			}})
		}
	}
	return cs
}

// RunsCSV writes a header and one row a run. Numbers have as many digits as tell
// them apart; NaN is nan, infinity inf; times are RFC 3339 in UTC; an empty cell
// means that the run has no such parameter or metric.
func RunsCSV(w io.Writer, runs []tracker.Summary) error {
	out := csv.NewWriter(w)
	cs := columnsOf(runs)
	row := make([]string, len(cs))
	for i, c := range cs {
		row[i] = c.name
	}
	if err := out.Write(row); err != nil {
		return err
	}
	for i := range runs {
		for k, c := range cs {
			row[k] = cell(c.value(&runs[i]))
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func cell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return core.FormatFloat(v)
	case time.Time:
		return v.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return ""
}

// RunsParquet writes one row a run, the columns of [RunsCSV] in alphabetical
// order. Parameters are text, metrics and seconds DOUBLE, the seed an unsigned
// integer, times milliseconds UTC; an empty cell is null.
func RunsParquet(w io.Writer, runs []tracker.Summary) error {
	cs := columnsOf(runs)
	slices.SortFunc(cs, func(a, b column) int { return strings.Compare(a.name, b.name) }) // as the schema sorts them
	group := parquet.Group{}
	for _, c := range cs {
		group[c.name] = parquet.Optional(map[kind]parquet.Node{
			text: parquet.String(), whole: parquet.Int(64), unsigned: parquet.Uint(64),
			number: parquet.Leaf(parquet.DoubleType), moment: parquet.Timestamp(parquet.Millisecond),
		}[c.kind])
	}
	out := parquet.NewWriter(w, parquet.NewSchema("run", group), parquet.Compression(&parquet.Zstd))
	row := make(parquet.Row, len(cs))
	for i := range runs {
		for k, c := range cs {
			row[k] = parquetValue(c.value(&runs[i]), k)
		}
		if _, err := out.WriteRows([]parquet.Row{row}); err != nil {
			return err
		}
	}
	return out.Close()
}

// parquetValue is a value of column k; the definition level tells null from the
// rest.
func parquetValue(v any, k int) parquet.Value {
	switch v := v.(type) {
	case nil:
		return parquet.NullValue().Level(0, 0, k)
	case time.Time:
		return parquet.Int64Value(v.UnixMilli()).Level(0, 1, k)
	case uint64:
		return parquet.Int64Value(int64(v)).Level(0, 1, k)
	default:
		return parquet.ValueOf(v).Level(0, 1, k)
	}
}
