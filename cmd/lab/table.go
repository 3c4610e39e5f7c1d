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

func printTable(w io.Writer, t table.Writer) {
	for _, line := range strings.Split(t.Render(), "\n") {
		fmt.Fprintln(w, strings.TrimRight(line, " "))
	}
}
