package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// print writes the report in a format: text, markdown or json.
func (r *report) print(w io.Writer, format string) error {
	if format == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	fmt.Fprintf(w, "%s\n\n", r.Machine)
	fmt.Fprintf(w, "A step of lab in ms, and what a peer takes as a multiple of lab's time in the same round: median and quartiles of\n"+
		"%d rounds of %.2g s, then the ratio of the shortest times. Above 1 lab is faster.\n", r.Rounds, r.Seconds)
	if r.disturbed() {
		fmt.Fprintf(w, "~: in most rounds other processes used more than %.0f %% of the cores.\n", 100*calm)
	}
	fmt.Fprintln(w)
	r.ratios().print(w, format)
	if r.Busy != "" {
		fmt.Fprintf(w, "\nSlowdown beside one busy process (%s): time with it as a multiple of the time without.\n\n", r.Busy)
		r.slowdowns().print(w, format)
	}
	fmt.Fprintln(w)
	for _, note := range r.notes() {
		fmt.Fprintln(w, "- "+note)
	}
	return nil
}

func (m machine) String() string {
	s := fmt.Sprintf("%s · %s, %d cores, %s · %s · %s", m.Time, m.CPU, m.Cores, m.ISA, m.OS, m.Go)
	if m.Before != "" {
		s += fmt.Sprintf(" · load %s before, %s after", m.Before, m.After)
	}
	return s
}

// peers are the names in the order of the columns.
func (r *report) peers() []string {
	var names []string
	for _, res := range r.Results {
		for _, p := range res.Peers {
			if !slices.Contains(names, p.Peer) {
				names = append(names, p.Peer)
			}
		}
	}
	return names
}

func (r *report) disturbed() bool {
	for _, res := range r.Results {
		if slices.ContainsFunc(res.Peers, (*pairing).disturbed) {
			return true
		}
	}
	return false
}

func (r *report) ratios() grid {
	g := grid{append([]string{"workload", "threads", "lab ms"}, r.peers()...)}
	for _, res := range r.Results {
		var all []float64
		for _, p := range res.Peers {
			all = append(all, p.Lab...)
		}
		row := []string{res.Workload, fmt.Sprint(res.Threads), milliseconds(spreadOf(all).Median)}
		for _, p := range res.Peers {
			cell := p.cell(p.ratio())
			if p.Missing == "" {
				cell += " " + multiple(p.best()) + "×"
				if p.disturbed() {
					cell += " ~"
				}
			}
			row = append(row, cell)
		}
		g = append(g, row)
	}
	return g
}

func (r *report) slowdowns() grid {
	g := grid{append([]string{"workload", "threads", "lab"}, r.peers()...)}
	for _, res := range r.Results {
		var all []float64
		row := []string{res.Workload, fmt.Sprint(res.Threads), ""}
		for _, p := range res.Peers {
			all = append(all, ratios(p.LabBusy, p.Lab)...)
			row = append(row, p.cell(spreadOf(ratios(p.Busy, p.Theirs))))
		}
		ours := pairing{}
		row[2] = ours.cell(spreadOf(all))
		g = append(g, row)
	}
	return g
}

func (p *pairing) cell(s spread) string {
	if p.Missing != "" || s.Median != s.Median {
		return "—"
	}
	return fmt.Sprintf("%s× (%s–%s)", multiple(s.Median), multiple(s.Low), multiple(s.High))
}

// multiple shows three digits at most.
func multiple(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func milliseconds(seconds float64) string {
	if seconds != seconds {
		return "—"
	}
	return fmt.Sprintf("%.3g", seconds*1e3)
}

// notes name everybody's versions and why something is missing.
func (r *report) notes() []string {
	notes := []string{"lab: " + strings.Join(r.Lab, ", ")}
	for _, name := range r.peers() {
		var versions, checks []string
		missing := map[string][]string{}
		var reasons []string
		for _, res := range r.Results {
			for _, p := range res.Peers {
				switch {
				case p.Peer != name:
				case p.Missing != "":
					if missing[p.Missing] == nil {
						reasons = append(reasons, p.Missing)
					}
					if !slices.Contains(missing[p.Missing], res.Workload) {
						missing[p.Missing] = append(missing[p.Missing], res.Workload)
					}
				default:
					versions = p.Versions
					if c := res.Workload + " " + p.Checked; res.Threads == r.Results[0].Threads && p.Checked != "" {
						checks = append(checks, c)
					}
				}
			}
		}
		line := name + ": " + strings.Join(versions, ", ")
		if versions == nil {
			line = name + ": not measured"
		}
		notes = append(notes, line)
		if len(checks) > 0 {
			notes = append(notes, "the same work, "+name+": "+strings.Join(checks, "; "))
		}
		for _, why := range reasons {
			notes = append(notes, fmt.Sprintf("no %s for %s: %s", name, strings.Join(missing[why], ", "), why))
		}
	}
	return notes
}

// grid is a table whose first row is the head.
type grid [][]string

func (g grid) print(w io.Writer, format string) {
	if len(g) < 2 {
		fmt.Fprintln(w, "nothing was measured")
		return
	}
	width := make([]int, len(g[0]))
	for _, row := range g {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	bar, edge := "  ", ""
	if format == "markdown" {
		bar, edge = " | ", "|"
	}
	for k, row := range g {
		var cells []string
		for i, cell := range row {
			cells = append(cells, cell+strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)))
		}
		line := strings.Join(cells, bar)
		if edge != "" {
			line = edge + " " + line + " " + edge
		}
		fmt.Fprintln(w, strings.TrimRight(line, " "))
		if k == 0 && format == "markdown" {
			fmt.Fprintln(w, "|"+strings.Repeat("---|", len(row)))
		}
	}
}
