package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// newTable starts a table without lines, columns two spaces apart; empty columns are
// left out.
func newTable(head ...any) table.Writer {
	t := table.NewWriter()
	t.AppendHeader(head)
	s := table.StyleDefault
	s.Options = table.OptionsNoBordersAndSeparators
	s.Box.PaddingLeft, s.Box.PaddingRight = "", "  "
	s.Format.Header = text.FormatDefault
	t.SetStyle(s)
	t.SuppressEmptyColumns()
	return t
}

// numbers aligns the named columns to the right.
func numbers(t table.Writer, columns ...string) {
	var c []table.ColumnConfig
	for _, name := range columns {
		c = append(c, table.ColumnConfig{Name: name, Align: text.AlignRight, AlignHeader: text.AlignRight})
	}
	t.SetColumnConfigs(c)
}

func printTable(w io.Writer, t table.Writer) { printWithin(w, t, 0) }

// printSection prints a table below an empty line, or nothing of one without rows.
func printSection(w io.Writer, t table.Writer) {
	if t.Length() > 0 {
		fmt.Fprintln(w)
		printTable(w, t)
	}
}

// printWithin cuts lines that are longer than so many characters, if any, for a terminal
// would make two of them. It reports whether it had to.
func printWithin(w io.Writer, t table.Writer, width int) (cut bool) {
	for _, line := range strings.Split(t.Render(), "\n") {
		line = strings.TrimRight(line, " ")
		if width > 0 && text.StringWidthWithoutEscSequences(line) > width {
			line, cut = text.Trim(line, width-1)+"…", true
		}
		fmt.Fprintln(w, line)
	}
	return cut
}
