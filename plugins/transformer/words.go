package transformer

import (
	"strings"
	"unicode"

	"lab/core/data/text"
	"lab/core/data/token"
)

// The first tokens of a vocabulary of words.
const (
	padding = 0
	unknown = 1
)

// longestSentence is where sentences are cut in two.
const longestSentence = 64

// words are the vocabularies of a set of sentences.
type words struct{ words, suffixes, tags *token.Vocabulary }

func newWords(set *text.Tagged) words {
	var spelled, endings [][]string
	for _, s := range set.Train {
		for _, w := range s.Words {
			spelled, endings = append(spelled, []string{strings.ToLower(w)}), append(endings, []string{suffix(w)})
		}
	}
	return words{token.Count(spelled, 2, "[PAD]", "[UNK]"), token.Count(endings, 3, "[PAD]", "[UNK]"), token.NewVocabulary(set.Tags...)}
}

func suffix(word string) string {
	r := []rune(strings.ToLower(word))
	return string(r[max(0, len(r)-3):])
}

// shape is 1 for a capital at the beginning, 2 for a digit, 4 for capitals throughout,
// and their sum.
func shape(word string) (n int32) {
	if r := []rune(word); unicode.IsUpper(r[0]) {
		n++
	}
	if strings.ContainsFunc(word, unicode.IsDigit) {
		n += 2
	}
	if len(word) > 1 && word == strings.ToUpper(word) && word != strings.ToLower(word) {
		n += 4
	}
	return n
}

// encoded is a sentence in numbers; a tag that is not known is -1.
type encoded struct{ words, suffixes, shapes, tags []int32 }

// encode makes numbers of sentences, and several of one that is too long.
func (v words) encode(sentences []text.Sentence) (out []encoded) {
	for _, s := range sentences {
		for from := 0; from < len(s.Words); from += longestSentence {
			to := min(from+longestSentence, len(s.Words))
			var e encoded
			for _, w := range s.Words[from:to] {
				e.words = append(e.words, v.words.ID(strings.ToLower(w), unknown))
				e.suffixes = append(e.suffixes, v.suffixes.ID(suffix(w), unknown))
				e.shapes = append(e.shapes, shape(w))
			}
			e.tags = v.tags.IDs(s.Tags[from:to], -1)
			out = append(out, e)
		}
	}
	return out
}

// frequentTag is how often the most frequent tag of a word is right: what can be known
// of a word alone. Words that are new have the most frequent tag of those seen once.
func frequentTag(set *text.Tagged) float64 {
	counts, total := map[string]map[string]int{}, map[string]int{}
	for _, s := range set.Train {
		for i, w := range s.Words {
			w = strings.ToLower(w)
			if counts[w] == nil {
				counts[w] = map[string]int{}
			}
			counts[w][s.Tags[i]]++
			total[w]++
		}
	}
	most := func(c map[string]int) (best string) {
		for _, t := range set.Tags {
			if c[t] > c[best] {
				best = t
			}
		}
		return best
	}
	rare, guess := map[string]int{}, map[string]string{}
	for w, c := range counts {
		guess[w] = most(c)
		if total[w] == 1 {
			rare[guess[w]]++
		}
	}
	right, all := 0, 0
	for _, s := range set.Test {
		for i, w := range s.Words {
			g, ok := guess[strings.ToLower(w)]
			if !ok {
				g = most(rare)
			}
			if all++; g == s.Tags[i] {
				right++
			}
		}
	}
	return float64(right) / float64(all)
}
