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

	"lab/core"
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
	pageTexts    = 4       // of a run
	textBytes    = 4 << 10 // of one text
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
	Texts                                                   [][2]string // caption, text
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
	var shown []pageCurves
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
			shown = append(shown, pageCurves{run, legend{class, one.Label, one.ID}})
		}
	}
	if err := p.overlay(ctx, db, shown); err != nil {
		return err
	}
	return pageTemplate.Execute(w, p)
}

// pageCurves is a run of the page, and how its curves are marked.
type pageCurves struct {
	run    *tracker.Summary
	legend legend
}

// overlay adds a chart of every metric that several runs of a family have, the first ones
// of each run first. What two families call a loss has nothing in common.
func (p *page) overlay(ctx context.Context, db *tracker.DB, shown []pageCurves) error {
	type metric struct{ family, name string }
	var (
		order    []metric
		runs     = map[metric][]pageCurves{}
		units    = map[metric]string{}
		families = map[string]bool{}
	)
	for _, s := range shown {
		families[s.run.Family] = true
		for _, m := range s.run.Metrics {
			k := metric{s.run.Family, m.Name}
			if m.Points < 2 {
				continue
			}
			if runs[k] = append(runs[k], s); len(runs[k]) == 2 {
				order = append(order, k)
				units[k] = m.Unit
			}
		}
	}
	for _, k := range order[:min(pageCharts, len(order))] {
		c := pageChart{Metric: k.name, Unit: units[k]}
		if len(families) > 1 {
			c.Metric = k.family + ": " + k.name
		}
		var curves []curve
		for _, s := range runs[k] {
			buckets, err := db.Curve(ctx, s.run.UID, k.name, chartPoints)
			if err != nil {
				return err
			}
			curves = append(curves, curve{s.legend.Label, s.legend.Class, buckets})
			c.Legend = append(c.Legend, s.legend)
		}
		c.SVG = chart(curves)
		p.Charts = append(p.Charts, c)
	}
	return nil
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
	p.Pictures, p.Texts = pictures(d), texts(d)
	return p, nil
}

// newestOf are the last artifacts of each name and a kind, in the order of their names.
func newestOf(d *tracker.Detail, kind string) (out []core.Artifact) {
	for _, x := range d.Artifacts { // by name and step
		if x.Kind != kind {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Name == x.Name {
			out[n-1] = x
		} else {
			out = append(out, x)
		}
	}
	return out
}

func caption(x core.Artifact) string {
	if x.Step > 0 {
		return fmt.Sprintf("%s, step %d", x.Name, x.Step)
	}
	return x.Name
}

// pictures are the newest ones of each name; those that are gone are left out.
func pictures(d *tracker.Detail) (out []picture) {
	for _, x := range newestOf(d, "image") {
		if len(out) == pagePictures || x.Bytes > pictureBytes {
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
		out = append(out, picture{caption(x), template.URL("data:image/" + kind + ";base64," + base64.StdEncoding.EncodeToString(b))})
	}
	return out
}

// texts are the beginnings of the newest ones of each name.
func texts(d *tracker.Detail) (out [][2]string) {
	for _, x := range newestOf(d, "text") {
		if len(out) == pageTexts {
			break
		}
		f, err := os.Open(d.Path(x))
		if err != nil {
			continue
		}
		b, err := io.ReadAll(io.LimitReader(f, textBytes))
		f.Close()
		if err != nil {
			continue
		}
		text := printable(strings.ToValidUTF8(string(b), ""))
		if x.Bytes > textBytes {
			text += "…"
		}
		out = append(out, [2]string{caption(x), text})
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
