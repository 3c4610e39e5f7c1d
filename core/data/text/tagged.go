package text

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lab/core"
)

// Sentence is words with a tag for each.
type Sentence struct{ Words, Tags []string }

// Tagged are sentences to learn from, to validate on and to test with.
type Tagged struct {
	Source
	Train, Val, Test []Sentence
	Tags             []string // those of Train, by name
}

// OpenTagged makes or reads the sentences of a name in [TaggedSets], or reads the
// user's own: CoNLL-U, of which it takes FORM and UPOS, or lines "word TAB tag", with
// an empty line between sentences.
func OpenTagged(name, dataDir string) (*Tagged, error) {
	t := &Tagged{Source: describe(name)}
	var err error
	switch {
	case isPath(name):
		t.Train, t.Val, t.Test, err = readOwn(&t.Source, name, "sentences", readSentences)
	case name == "grammar":
		t.make()
	case name == "ewt":
		err = t.readTreebank(dataDir)
	default:
		return nil, unknown("set of tagged sentences", name, TaggedSets)
	}
	if err != nil {
		return nil, err
	}
	for _, s := range t.Train {
		for _, tag := range s.Tags {
			if !slices.Contains(t.Tags, tag) {
				t.Tags = append(t.Tags, tag)
			}
		}
	}
	slices.Sort(t.Tags)
	return t, nil
}

func (t *Tagged) readTreebank(dataDir string) error {
	var contents [][]byte
	for i, part := range []struct{ name, published string }{{"train", "train"}, {"dev", "dev"}, {"test", "test"}} {
		b, err := found("ewt", dataDir, t.URL, "ewt/ewt_"+part.name+".tsv", "ewt/en_ewt-ud-"+part.published+".conllu", "en_ewt-ud-"+part.published+".conllu")
		if err != nil {
			return err
		}
		sentences, err := readSentences("ewt "+part.name, b)
		if err != nil {
			return err
		}
		*[]*[]Sentence{&t.Train, &t.Val, &t.Test}[i] = sentences
		contents = append(contents, b)
	}
	t.sum(contents...)
	return nil
}

// readSentences reads CoNLL-U (ten columns) or two. Of the former it passes over
// comments, ranges of words (1-2) and words that are only understood (1.1).
func readSentences(path string, b []byte) ([]Sentence, error) {
	var all []Sentence
	var s Sentence
	end := func() {
		if len(s.Words) > 0 {
			all = append(all, s)
		}
		s = Sentence{}
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		cells := strings.Split(line, "\t")
		word, tag := cells[0], ""
		switch {
		case strings.TrimSpace(line) == "":
			end()
			continue
		case len(cells) == 1 && strings.HasPrefix(line, "#"):
			continue
		case len(cells) == 10:
			if strings.ContainsAny(cells[0], "-.") {
				continue
			}
			word, tag = cells[1], cells[3]
		case len(cells) == 2:
			tag = cells[1]
		default:
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: %d columns", path, n, len(cells)), Try: "CoNLL-U with its 10 columns, or lines word TAB tag"}
		}
		if word == "" || tag == "" || tag == "_" {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s:%d: a word without a tag", path, n), Try: "CoNLL-U with UPOS, or lines word TAB tag"}
		}
		s.Words, s.Tags = append(s.Words, word), append(s.Tags, tag)
	}
	end()
	return all, nil
}

// The words of the grammar. Many are of two or three kinds.
var lexicon = map[string][]string{
	"PRON": {"I", "you", "we", "they"},
	"DET":  {"a", "the", "this", "every"},
	"ADJ":  {"old", "fast", "red", "early"},
	"NOUN": {"saw", "can", "fish", "duck", "watch", "play", "dog", "child"},
	"AUX":  {"can", "will", "must"},
	"VERB": {"saw", "can", "fish", "duck", "watch", "play", "hear", "see"},
	"ADV":  {"fast", "early", "today"},
	"CONJ": {"and", "but"},
}

// make draws sentences of the grammar
//
//	S  → C [CONJ C]      C → NP [AUX] VERB NP [ADV]
//	NP → PRON | DET [ADJ] NOUN
//
// which gives every sentence one analysis only: in "the can can can the fish" a noun
// follows the, and two words before the next the are an auxiliary and a verb.
func (t *Tagged) make() {
	r := rand.New(rand.NewPCG(1851, 2))
	var all []Sentence
	seen := map[string]bool{}
	for len(all) < 6000 {
		var s Sentence
		add := func(tag string) {
			words := lexicon[tag]
			s.Words, s.Tags = append(s.Words, words[r.IntN(len(words))]), append(s.Tags, tag)
		}
		maybe := func(tag string) {
			if r.IntN(2) == 0 {
				add(tag)
			}
		}
		phrase := func() {
			if r.IntN(3) == 0 {
				add("PRON")
				return
			}
			add("DET")
			maybe("ADJ")
			add("NOUN")
		}
		clause := func() {
			phrase()
			maybe("AUX")
			add("VERB")
			phrase()
			maybe("ADV")
		}
		clause()
		if r.IntN(2) == 0 {
			add("CONJ")
			clause()
		}
		if key := strings.Join(s.Words, " "); !seen[key] {
			seen[key] = true
			all = append(all, s)
		}
	}
	t.Train, t.Val, t.Test = divided(all, 500, 1000)
	t.sum([]byte(fmt.Sprint(all)))
}
