package main

import (
	"context"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"math"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"lab/tracker"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

const (
	pageRuns     = 24      // runs with curves and pictures of their own
	pageCharts   = 8       // metrics with a chart of all runs
	pagePictures = 16      // of a run
	pictureBytes = 2 << 20 // of one picture
)

// page is the report as one HTML file, which needs nothing else.
type page struct {
	Title, Filter, Version, Note string
	Made                         string
	Rows, Runs                   string
	Head                         []headCell
	Cells                        [][]string
	Charts                       []pageChart
	Details                      []pageRun
}

type headCell struct {
	Name  string
	Right bool
}

type pageChart struct {
	Metric, Unit string
	SVG          template.HTML
	Legend       []legend
}

type legend struct{ Class, Label, ID string }

type pageRun struct {
	ID, Label, Status, Reason, Note, Command, Started, Time string
	Tags                                                    []string
	Params                                                  []jsonParam
	Metrics                                                 [][]string
	Charts                                                  []pageChart
	Pictures                                                []picture
	Files                                                   [][]string
	Facts                                                   [][2]string
}

type picture struct {
	Caption string
	Data    template.URL
}

func (a *app) page(ctx context.Context, w io.Writer, db *tracker.DB, r *tracker.Report, s *sheet, filter string) error {
	p := page{Title: "lab report", Filter: filter, Version: version(), Made: time.Now().Format("2006-01-02 15:04"),
		Rows: count(r.Rows, "row"), Runs: count(r.Runs, "run"), Cells: s.rows}
	for _, h := range s.head {
		p.Head = append(p.Head, headCell{h, slices.Contains(s.right, h)})
	}
	overlays := map[string]*overlay{}
	var order []string
	for i := range r.Groups {
		for _, run := range r.Groups[i].Runs {
			if len(p.Details) == pageRuns {
				p.Note = fmt.Sprintf("Curves and pictures are those of the first %d runs.", pageRuns)
				break
			}
			class := fmt.Sprintf("c%d", i%10) // a colour a row, or a run where there is one row
			if len(r.Groups) == 1 {
				class = fmt.Sprintf("c%d", len(p.Details)%10)
			}
			one, err := a.pageRun(ctx, db, run, class)
			if err != nil {
				return err
			}
			p.Details = append(p.Details, *one)
			for _, m := range run.Metrics {
				if m.Points < 2 || overlays[m.Name] == nil && len(order) == pageCharts {
					continue
				}
				o := overlays[m.Name]
				if o == nil {
					o = &overlay{unit: m.Unit}
					overlays[m.Name] = o
					order = append(order, m.Name)
				}
				buckets, err := db.Curve(ctx, run.UID, m.Name, chartPoints)
				if err != nil {
					return err
				}
				o.curves = append(o.curves, curve{one.Label, class, buckets})
				o.legend = append(o.legend, legend{class, one.Label, one.ID})
			}
		}
	}
	for _, name := range order {
		o := overlays[name]
		if len(p.Details) > 1 && len(o.curves) > 1 {
			p.Charts = append(p.Charts, pageChart{name, o.unit, chart(o.curves), o.legend})
		}
	}
	return pageTemplate.Execute(w, p)
}

// overlay is one metric of all runs.
type overlay struct {
	unit   string
	curves []curve
	legend []legend
}

func (a *app) pageRun(ctx context.Context, db *tracker.DB, s *tracker.Summary, class string) (*pageRun, error) {
	d, err := db.Show(ctx, s.UID)
	if err != nil {
		return nil, err
	}
	label := reference(d) + " " + d.Family + "/" + d.Recipe
	if d.Name != "" {
		label += " " + d.Name
	}
	p := &pageRun{ID: d.UID, Label: label, Status: string(d.Status), Reason: d.Reason, Note: d.Note, Tags: d.Tags,
		Command: strings.Join(d.CommandLine, " "), Started: d.Started.Local().Format("2006-01-02 15:04:05"), Time: duration(d.Elapsed)}
	for _, x := range d.Params {
		p.Params = append(p.Params, jsonParam{x.Key, string(x.Type), x.Value, x.Default})
	}
	for _, m := range d.Metrics {
		if m.Points == 0 {
			continue
		}
		p.Metrics = append(p.Metrics, []string{m.Name, number(m.Last), number(m.Best), fmt.Sprint(m.BestStep), number(m.Min), number(m.Max), fmt.Sprint(m.Points)})
		buckets, err := db.Curve(ctx, d.UID, m.Name, chartPoints)
		if err != nil {
			return nil, err
		}
		if svg := chart([]curve{{m.Name, class, buckets}}); svg != "" && len(p.Charts) < 2*pageCharts {
			p.Charts = append(p.Charts, pageChart{Metric: m.Name, Unit: m.Unit, SVG: svg})
		}
	}
	for _, x := range d.Artifacts {
		step := ""
		if x.Step > 0 {
			step = fmt.Sprint(x.Step)
		}
		p.Files = append(p.Files, []string{x.Path, x.Kind, step, humanize.Bytes(uint64(x.Bytes)), x.SHA256[:min(12, len(x.SHA256))]})
	}
	for _, f := range d.Facts {
		p.Facts = append(p.Facts, [2]string{f.Key, shorten(f.Value)})
	}
	p.Pictures = pictures(d)
	return p, nil
}

// pictures are the newest ones of each name; those that are gone are left out.
func pictures(d *tracker.Detail) (out []picture) {
	newest := map[string]int{}
	for i, x := range d.Artifacts {
		if k, ok := newest[x.Name]; x.Kind == "image" && (!ok || d.Artifacts[k].Step <= x.Step) {
			newest[x.Name] = i
		}
	}
	for i, x := range d.Artifacts {
		if k, ok := newest[x.Name]; x.Kind != "image" || !ok || k != i || len(out) == pagePictures || x.Bytes > pictureBytes {
			continue
		}
		b, err := os.ReadFile(d.Path(x))
		if err != nil {
			continue
		}
		kind := strings.TrimPrefix(path.Ext(x.Path), ".")
		if kind == "jpg" {
			kind = "jpeg"
		}
		if !slices.Contains([]string{"png", "jpeg", "gif", "webp"}, kind) {
			continue
		}
		caption := x.Name
		if x.Step > 0 {
			caption += fmt.Sprintf(", step %d", x.Step)
		}
		out = append(out, picture{caption, template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(b))})
	}
	return out
}

// secondsOf is a time span of so many seconds.
func secondsOf(s float64) time.Duration {
	if math.IsNaN(s) {
		return 0
	}
	return time.Duration(s * float64(time.Second))
}
