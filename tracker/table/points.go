package table

import (
	"encoding/csv"
	"io"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"lab/core"
)

// Series gives the points of one run, in any order; [tracker.DB.Points] does for a
// metric. An error of put is to be returned.
type Series struct {
	Run    string // uid or name, as the rows shall show it
	Points func(put func(core.Point) error) error
}

// PointsCSV writes the header run,metric,step,time_ms,value and one row a point.
// Numbers have as many digits as tell them apart; NaN is nan, infinity inf; times
// count from the start of the run.
func PointsCSV(w io.Writer, series ...Series) error {
	out := csv.NewWriter(w)
	row := []string{"run", "metric", "step", "time_ms", "value"}
	if err := out.Write(row); err != nil {
		return err
	}
	for _, s := range series {
		err := s.Points(func(p core.Point) error {
			row[0], row[1], row[2] = s.Run, p.Metric, strconv.FormatInt(p.Step, 10)
			row[3], row[4] = strconv.FormatInt(p.Time.Milliseconds(), 10), core.FormatFloat(p.Value)
			return out.Write(row)
		})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

type pointRow struct {
	Run    string  `parquet:"run,dict"`
	Metric string  `parquet:"metric,dict"`
	Step   int64   `parquet:"step,delta"`
	TimeMS int64   `parquet:"time_ms,delta"`
	Value  float64 `parquet:"value"`
}

// PointsParquet writes the columns of [PointsCSV]: run and metric as text, step and
// time_ms as INT64, value as DOUBLE.
func PointsParquet(w io.Writer, series ...Series) error {
	out := parquet.NewGenericWriter[pointRow](w, parquet.Compression(&parquet.Zstd))
	rows := make([]pointRow, 0, 4096)
	flush := func() error {
		_, err := out.Write(rows)
		rows = rows[:0]
		return err
	}
	for _, s := range series {
		err := s.Points(func(p core.Point) error {
			rows = append(rows, pointRow{s.Run, p.Metric, p.Step, p.Time.Milliseconds(), p.Value})
			if len(rows) < cap(rows) {
				return nil
			}
			return flush()
		})
		if err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return out.Close()
}
