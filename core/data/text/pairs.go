package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"lab/core"
)

// Pair is a sequence of tokens and what it shall become.
type Pair struct{ From, To []string }

// Pairs are pairs to learn from, to validate on and to test with.
type Pairs struct {
	Source
	Train, Val, Test []Pair
	Separator        string // between tokens of To when they are shown; those of From have none
}

// PairOptions say what a set of pairs is made of.
type PairOptions struct {
	MinLength, MaxLength int    // of the sequences that are made; 0: 5 to 10
	Unit                 string // "char" or "word": the tokens of a file of the user's
}

// OpenPairs reads or makes the pairs of a name in [PairSets], or reads a file of lines
// "source TAB target".
//
// Sequences that are made are random digits; sums have up to three digits a number.
// No sequence is in two parts. Pronunciations are without stress: 39 phonemes.
func OpenPairs(name, dataDir string, o PairOptions) (*Pairs, error) {
	if o.MaxLength == 0 {
		o.MinLength, o.MaxLength = 5, 10
	}
	p := &Pairs{Source: describe(name)}
	switch {
	case isPath(name):
		return p, p.readOwn(name, o.Unit)
	case name == "sort" || name == "reverse" || name == "add":
		if o.MinLength < 1 || o.MaxLength < o.MinLength {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("sequences of %d to %d digits", o.MinLength, o.MaxLength), Try: "min_length=5 max_length=10"}
		}
		p.make(name, o)
		return p, nil
	case name == "cmudict":
		b, err := p.shipped("cmudict", "cmudict.tsv.gz")
		if err != nil {
			return nil, err
		}
		var all []Pair
		for line := range strings.Lines(string(b)) {
			word, sounds, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			to := strings.Fields(sounds)
			for i := range to {
				to[i] = strings.TrimRight(to[i], "012")
			}
			all = append(all, Pair{letters(word), to})
		}
		p.Separator = " "
		p.Train, p.Val, p.Test = divided(all, 2000, 5000)
		return p, nil
	case cldrLanguages[name] != "":
		table, err := p.names()
		if err != nil {
			return nil, err
		}
		column := slices.Index(table[0], cldrLanguages[name])
		var all []Pair
		seen := map[string]bool{}
		for _, row := range table[1:] {
			en, other := row[0], row[column]
			if other != "" && !seen[en] {
				seen[en] = true
				all = append(all, Pair{letters(en), letters(other)})
			}
		}
		p.Train, p.Val, p.Test = divided(all, 150, 300)
		return p, nil
	}
	return nil, unknown("set of pairs", name, PairSets)
}

// make draws sequences until there are enough that differ.
func (p *Pairs) make(name string, o PairOptions) {
	const train, val, test = 50000, 500, 1000
	r := rand.New(rand.NewPCG(1851, 1))
	seen := map[string]bool{}
	var all []Pair
	for tries := 0; len(all) < train+val+test && tries < 4*train; tries++ {
		var from, to []string
		if name == "add" {
			a, b := r.IntN(1000), r.IntN(1000)
			from, to = letters(fmt.Sprintf("%d+%d", a, b)), letters(strconv.Itoa(a+b))
		} else {
			for range o.MinLength + r.IntN(o.MaxLength-o.MinLength+1) {
				from = append(from, strconv.Itoa(r.IntN(10)))
			}
			to = slices.Clone(from)
			if name == "sort" {
				slices.Sort(to)
			} else {
				slices.Reverse(to)
			}
		}
		if key := strings.Join(from, ""); !seen[key] {
			seen[key] = true
			all = append(all, Pair{from, to})
		}
	}
	held := min(test+val, len(all)/5)
	p.Train, p.Val, p.Test = divided(all, held/3, held-held/3)
	p.sum([]byte(fmt.Sprint(all)))
}

func (p *Pairs) readOwn(path, unit string) (err error) {
	tokens := letters
	if unit == "word" {
		tokens, p.Separator = strings.Fields, " "
	}
	p.Train, p.Val, p.Test, err = readOwn(&p.Source, path, "pairs", func(path string, b []byte) (pairs []Pair, err error) {
		rows, err := table(path, b, 2, "source TAB target")
		for _, row := range rows {
			pairs = append(pairs, Pair{tokens(row[0]), tokens(row[1])})
		}
		return pairs, err
	})
	return err
}

// names reads the CLDR table; its first row names the languages, English first.
func (s *Source) names() ([][]string, error) {
	b, err := s.shipped("cldr", "cldr.tsv.gz")
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for line := range strings.Lines(string(b)) {
		rows = append(rows, strings.Split(strings.TrimSuffix(line, "\n"), "\t"))
	}
	return rows, nil
}

// table cuts lines into cells at tabs, so many in each. Empty lines are passed over.
func table(path string, b []byte, columns int, form string) ([][]string, error) {
	var rows [][]string
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" {
			continue
		}
		cells := strings.Split(line, "\t")
		if len(cells) != columns {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: %d columns, not %d", path, n, len(cells), columns), Try: "lines " + form}
		}
		for _, c := range cells {
			if strings.TrimSpace(c) == "" {
				return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: an empty column", path, n), Try: "lines " + form}
			}
		}
		rows = append(rows, cells)
	}
	return rows, nil
}

// letters are the characters of a text.
func letters(s string) []string {
	out := make([]string, 0, len(s))
	for _, r := range s {
		out = append(out, string(r))
	}
	return out
}
