package tracker

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf8"

	"lab/core"
)

// ForeignUID returns the uid of a run of another tracker. It depends on the names
// alone, so that a run which is imported twice is there once.
func ForeignUID(names ...string) string {
	h := sha256.New()
	for _, n := range names {
		fmt.Fprintf(h, "%d:%s", len(n), n)
	}
	return uidEncoding.EncodeToString(h.Sum(nil)[:10])
}

// AsWord makes a name or tag of any text: what cannot be in one becomes "-".
func AsWord(text string) string {
	word := strings.Trim(strings.Map(func(r rune) rune {
		if isWord(string(r)) {
			return r
		}
		return '-'
	}, text), "-")
	for len(word) > 200 {
		_, n := utf8.DecodeLastRuneInString(word)
		word = word[:len(word)-n]
	}
	return word
}

// GuessParam gives a parameter the type that its text has and writes it as lab
// does, so that runs of other trackers compare with lab's.
func GuessParam(key, text string) core.Param {
	p := core.Param{Key: key, Type: core.String, Value: text}
	for _, t := range []core.Type{core.Int, core.Float, core.Bool} {
		if t == core.Int && strings.ContainsAny(text, ".eE") || t == core.Bool && !strings.EqualFold(text, "true") && !strings.EqualFold(text, "false") {
			continue
		}
		if v, err := (&core.ParamSpec{Type: t}).Parse(text); err == nil {
			p.Type, p.Value = t, v
			break
		}
	}
	return p
}
