package main

import (
	"fmt"
	"os"

	"github.com/jedib0t/go-pretty/v6/table"

	"lab/core"
	"lab/core/profile"
	"lab/tracker"
)

// profileOf is the path of the table that says where the time of a run went, or "".
func profileOf(d *tracker.Detail) string {
	for _, x := range d.Artifacts {
		if x.Kind == "table" && x.Name == profile.Artifact && x.Step == 0 {
			return d.Path(x)
		}
	}
	return ""
}

// leastShare is the share of a program's time from which on an op has a row of its own.
const leastShare = 0.01

// printProfile prints where the time of a run went: a table for each program, what took
// longest first, then all in one line. A finished run without a profile is a warning.
func (a *app) printProfile(d *tracker.Detail) {
	r, err := readProfile(d)
	switch {
	case err != nil && d.Status == core.Finished:
		a.warn(err)
		return
	case err != nil || a.quiet || a.json:
		return
	}
	for i := range r.Parts {
		p := &r.Parts[i]
		fmt.Fprintln(a.out, r.Title(p))
		if p.Kind == profile.Compiling {
			fmt.Fprintln(a.out)
			continue
		}
		head := table.Row{}
		for _, h := range profile.Head {
			head = append(head, h)
		}
		t := newTable(head...)
		numbers(t, profile.Head[:len(profile.Head)-2]...)
		for _, cells := range r.Rows(p, leastShare) {
			row := table.Row{}
			for _, c := range cells {
				row = append(row, c)
			}
			t.AppendRow(row)
		}
		printTable(a.out, t)
		fmt.Fprintln(a.out)
	}
	fmt.Fprintf(a.out, "%s\n\n", r)
}

func readProfile(d *tracker.Detail) (*profile.Report, error) {
	path := profileOf(d)
	if path == "" {
		return nil, fmt.Errorf("run %s has no profile: the plugin %s does not make one", d.UID, d.Family)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return profile.Read(f)
}
