package wire

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is the length in bytes to which a text of an event is cut, so that no
// log line can make a message too large to send.
const maxText = 64 << 10

// text makes s fit for a protobuf string: a recipe may log any bytes, but the
// encoder refuses what is not UTF-8, and would end the run for it.
func text(s string) string { return strings.ToValidUTF8(cut(s, maxText), "\uFFFD") }

func texts(ss []string) []string {
	if ss == nil {
		return nil
	}
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = text(s)
	}
	return out
}

// maxLine is the length in bytes to which OneLine cuts.
const maxLine = 1000

// OneLine folds every run of control characters in s into one space and cuts what
// is too long to be read, so that a text from another process can be shown on one
// line of a terminal.
func OneLine(s string) string { return cut(flat(cut(s, 2*maxLine)), maxLine) }

// flat folds every run of control characters into one space.
func flat(s string) string { return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ") }

// Printable reports whether s can name something that is shown on a line: not
// empty, at most 200 bytes, printable characters.
func Printable(s string) bool {
	return s != "" && len(s) <= 200 && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// cut shortens s to about n bytes.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for end := n; n > end-utf8.UTFMax && !utf8.RuneStart(s[n]); {
		n--
	}
	return s[:n] + "…"
}
