package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"lab/tracker"
)

// printWritten prints the texts of a run that measured nothing: it was started for
// them, as with mode=generate.
func (a *app) printWritten(d *tracker.Detail) {
	for _, m := range d.Metrics {
		if m.Points > 0 {
			return
		}
	}
	for _, x := range d.Artifacts {
		if x.Kind != "text" || x.Step != 0 {
			continue
		}
		text, err := os.ReadFile(filepath.Join(d.Dir, x.Path))
		if err != nil {
			a.warn(err)
			continue
		}
		fmt.Fprintf(a.out, "%s\n", printable(string(text)))
	}
}

// printable leaves out the control characters that a plugin may have written, but for
// the ends of lines and tabs.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, strings.TrimRight(s, "\n"))
}
