package main

import (
	"os"

	"golang.org/x/term"
)

// onTerminal reports whether w is a terminal whose cursor can be moved.
func onTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// columnsOf is how many characters fit a line of the terminal that w is, 0 for what is
// none.
func columnsOf(w any) int {
	if f, ok := w.(*os.File); ok {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 20 {
			return n
		}
	}
	return 0
}

// asks reports whether there is somebody to ask.
func asks() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stderr.Fd()))
}
