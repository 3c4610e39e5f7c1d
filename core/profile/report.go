package profile

import (
	"fmt"
	"strings"
	"time"
)

// Report is where the time of a run went.
type Report struct {
	Parts   []Part        // what took longest first
	Outside time.Duration // of the run, in none of the parts
	Threads int           // of the programs
	Peak    float64       // operations a second that the cores can do on as many; 0 if not measured
}

// Part is the programs of one name, or all there is of another kind.
type Part struct {
	Kind  Kind
	Name  string // of programs: what they were named, else where they were compiled
	Runs  int64
	Calls []Call // what took longest first
}

// Call is the equal calls of a part.
type Call struct {
	Op
	Calls        int64
	Total        time.Duration
	Median, Best time.Duration // of one
}

// Time is what all calls of the part took.
func (p *Part) Time() (sum time.Duration) {
	for _, c := range p.Calls {
		sum += c.Total
	}
	return sum
}

// Whole is how long the profile was on.
func (r *Report) Whole() time.Duration {
	whole := r.Outside
	for i := range r.Parts {
		whole += r.Parts[i].Time()
	}
	return whole
}

// String is the run in one line: how long it took, and in what.
func (r *Report) String() string {
	whole := r.Whole()
	in := map[Kind]time.Duration{}
	for i := range r.Parts {
		in[r.Parts[i].Kind] += r.Parts[i].Time()
	}
	line := fmt.Sprintf("in all %s: programs %s, optimisers %s, compiling %s, outside of them (data, metrics, pictures, files) %s",
		short(whole), share(in[Program], whole), share(in[Optimiser], whole), share(in[Compiling], whole), share(r.Outside, whole))
	if r.Peak > 0 {
		line += fmt.Sprintf("; the cores' peak is %.0f GFLOP/s, threads %d", r.Peak/1e9, r.Threads)
	}
	return line
}

// Title is a part of the report in one line.
func (r *Report) Title(p *Part) string {
	took := p.Time()
	if p.Kind != Program {
		return fmt.Sprintf("%s: %s, %s of the time", p.Kind, short(took), share(took, r.Whole()))
	}
	flops, bytes := 0.0, 0.0
	for _, c := range p.Calls {
		flops += c.Flops * float64(c.Calls)
		bytes += c.Bytes * float64(c.Calls)
	}
	line := fmt.Sprintf("program %s: %s, %s of the time; %d runs", p.Name, short(took), share(took, r.Whole()), p.Runs)
	if p.Runs > 0 {
		line += fmt.Sprintf(" of %s, %s GFLOP/s", short(took/time.Duration(p.Runs)), rate(flops, took))
		if of := r.ofPeak(flops, took); of != "" {
			line += " (" + of + " of the peak)"
		}
		line += fmt.Sprintf(", %s GB/s", rate(bytes, took))
	}
	return line
}

// Head is the head of the tables of parts.
var Head = []string{"share", "time", "calls", "median", "best", "GFLOP/s", "of peak", "GB/s", "result", "op"}

// Rows are the table of a part: a row for each call with at least that share of the
// part's time, and one for all others. Time is that of all calls, median and best that
// of one; rates are means; bytes count each operand once, wherever it lay.
func (r *Report) Rows(p *Part, least float64) [][]string {
	whole := p.Time()
	var rows [][]string
	var rest Call
	kinds := 0
	for _, c := range p.Calls {
		if float64(c.Total) < least*float64(whole) {
			rest.Calls += c.Calls
			rest.Total += c.Total
			kinds++
			continue
		}
		row := []string{share(c.Total, whole), short(c.Total), fmt.Sprint(c.Calls), short(c.Median), short(c.Best), "", "", "", c.Result, abridged(c.Name)}
		if c.Flops > 0 {
			row[5], row[6] = rate(c.Flops*float64(c.Calls), c.Total), r.ofPeak(c.Flops*float64(c.Calls), c.Total)
		}
		if c.Bytes > 0 {
			row[7] = rate(c.Bytes*float64(c.Calls), c.Total)
		}
		rows = append(rows, row)
	}
	if kinds > 0 {
		rows = append(rows, []string{share(rest.Total, whole), short(rest.Total), fmt.Sprint(rest.Calls), "", "", "", "", "", "", fmt.Sprintf("%d more", kinds)})
	}
	return rows
}

func (r *Report) ofPeak(ops float64, in time.Duration) string {
	if r.Peak == 0 || in == 0 {
		return ""
	}
	return fmt.Sprintf("%.0f %%", 100*ops/in.Seconds()/r.Peak)
}

// rate is so many billions a second, in two digits or as a whole number.
func rate(n float64, in time.Duration) string {
	perSecond := n / in.Seconds() / 1e9
	switch {
	case in == 0:
		return ""
	case perSecond >= 10:
		return fmt.Sprintf("%.0f", perSecond)
	case perSecond < 0.01:
		return "<0.01"
	}
	return fmt.Sprintf("%.2g", perSecond)
}

func share(part, whole time.Duration) string {
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(part)/float64(whole))
}

// short is a duration in three digits: "12.3s", "456ms", "7.89µs".
func short(d time.Duration) string {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit).String()
}

// abridged cuts a long chain of ops.
func abridged(name string) string {
	const most = 60
	if len(name) <= most {
		return name
	}
	return name[:strings.LastIndexByte(name[:most], '+')+1] + "…"
}
