package text

import (
	"fmt"
	"slices"

	"lab/core"
)

// Example is a text with its label.
type Example struct{ Text, Label string }

// Labelled are examples to learn from, to validate on and to test with.
type Labelled struct {
	Source
	Train, Val, Test []Example
	Labels           []string // those of Train, by name
}

// OpenLabelled reads the examples of a name in [LabelledSets], or a file of lines
// "text TAB label".
//
// The set languages has names (of languages, places, scripts and emoji) in eleven
// languages that share an alphabet, but for those that are the same in two of them.
func OpenLabelled(name, dataDir string) (*Labelled, error) {
	l := &Labelled{Source: describe(name)}
	var err error
	switch {
	case isPath(name):
		l.Train, l.Val, l.Test, err = readOwn(&l.Source, name, "examples", func(path string, b []byte) (all []Example, err error) {
			rows, err := table(path, b, 2, "text TAB label")
			for _, row := range rows {
				all = append(all, Example{row[0], row[1]})
			}
			return all, err
		})
	case name == "languages":
		err = l.readLanguages()
	default:
		return nil, unknown("set of labelled texts", name, LabelledSets)
	}
	if err != nil {
		return nil, err
	}
	for _, e := range l.Train {
		if !slices.Contains(l.Labels, e.Label) {
			l.Labels = append(l.Labels, e.Label)
		}
	}
	slices.Sort(l.Labels)
	if len(l.Labels) < 2 {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s has %d labels", name, len(l.Labels)), Try: "lines text TAB label, with two labels or more"}
	}
	return l, nil
}

func (l *Labelled) readLanguages() error {
	table, err := l.names()
	if err != nil {
		return err
	}
	in := map[string]int{} // the column that has the text, -1 for several
	for _, row := range table[1:] {
		for c, text := range row {
			if at, ok := in[text]; ok && at != c {
				c = -1
			}
			in[text] = c
		}
	}
	var all []Example
	for _, row := range table[1:] {
		for c, text := range row {
			if text != "" && in[text] == c && table[0][c] != "zh" {
				in[text] = -1 // once
				all = append(all, Example{text, table[0][c]})
			}
		}
	}
	l.Train, l.Val, l.Test = divided(all, 1000, 4000)
	return nil
}
