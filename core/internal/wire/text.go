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
func text(s string) string {
	if len(s) > maxText {
		cut := maxText
		for cut > maxText-utf8.UTFMax && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

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

// OneLine folds every run of control characters in s into one space, so that a
// text from another process can be shown on one line of a terminal.
func OneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, unicode.IsControl), " ")
}
