package token

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kind is how a tokenizer cuts.
type Kind string

// The kinds.
const (
	Char Kind = "char" // into characters
	Word Kind = "word" // into words with the space before them, numbers, punctuation
	BPE  Kind = "bpe"  // words again, and these into pieces of bytes that often come together
)

// Unknown is the token for a character or word that the vocabulary does not have.
// Byte-pair encoding needs none.
const Unknown = "[UNK]"

// Tokenizer cuts texts into tokens of a vocabulary. Decode(Encode(text)) is the text,
// but for what is unknown.
type Tokenizer struct {
	*Vocabulary
	Kind    Kind
	Special int // so many tokens at the beginning stand for no text

	ranks map[[2]string]int  // of merges, first the one learned first
	known map[string][]int32 // pieces of words that were cut before
}

// Train makes a tokenizer of a kind from a text, with at most so many tokens beside
// the special ones; 0 is no limit for characters and words. The special tokens come
// first, then Unknown.
func Train(kind Kind, text string, size int, special ...string) (*Tokenizer, error) {
	switch kind {
	case BPE:
		if size < 256 {
			return nil, fmt.Errorf("%d tokens are not enough for the 256 bytes", size)
		}
		return trainBPE(text, size, special), nil
	case Char, Word:
		special = append(slices.Clone(special), Unknown)
		return &Tokenizer{Vocabulary: NewVocabulary(append(special, frequent(cut(kind, text), size)...)...), Kind: kind, Special: len(special)}, nil
	}
	return nil, fmt.Errorf("there is no tokenizer %q", kind)
}

// frequent are the tokens that come most often, in order of spelling.
func frequent(tokens []string, size int) []string {
	counts := map[string]int{}
	for _, t := range tokens {
		counts[t]++
	}
	var all []string
	for t := range counts {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	if size > 0 && len(all) > size {
		all = all[:size]
	}
	slices.Sort(all)
	return all
}

// Encode cuts a text and numbers its tokens.
func (t *Tokenizer) Encode(text string) []int32 {
	pieces := cut(t.Kind, text)
	ids := make([]int32, 0, len(pieces))
	unknown := t.ID(Unknown, -1)
	for _, p := range pieces {
		if t.Kind == BPE {
			ids = append(ids, t.pieces(p)...)
		} else {
			ids = append(ids, t.ID(p, unknown))
		}
	}
	return ids
}

// Decode is the text of tokens. Bytes of a character that is not whole become U+FFFD;
// special tokens stand as they are spelled.
func (t *Tokenizer) Decode(ids []int32) string {
	var b strings.Builder
	for _, id := range ids {
		if s := t.Tokens[id]; t.Kind == BPE && int(id) >= t.Special {
			b.WriteString(fromLetters(s))
		} else {
			b.WriteString(s)
		}
	}
	return strings.ToValidUTF8(b.String(), "\uFFFD")
}

// cut cuts a text into characters, or into words as GPT-2 does (Radford et al. 2019):
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func cut(kind Kind, text string) []string {
	var out []string
	for len(text) > 0 {
		n := 0
		if kind == Char {
			_, n = utf8.DecodeRuneInString(text)
		} else {
			n = word(text)
		}
		out = append(out, text[:n])
		text = text[n:]
	}
	return out
}

// word is the length of the first word of a text.
func word(text string) int {
	for _, ending := range []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(text, ending) {
			return len(ending)
		}
	}
	body := strings.TrimPrefix(text, " ")
	r, _ := utf8.DecodeRuneInString(body)
	if body != "" && !unicode.IsSpace(r) {
		is := other
		switch {
		case unicode.IsLetter(r):
			is = unicode.IsLetter
		case unicode.IsNumber(r):
			is = unicode.IsNumber
		}
		return len(text) - len(strings.TrimLeftFunc(body, is))
	}
	rest := strings.TrimLeftFunc(text, unicode.IsSpace)
	space := text[:len(text)-len(rest)]
	if _, last := utf8.DecodeLastRuneInString(space); rest != "" && last < len(space) {
		return len(space) - last // the last one goes with the next word
	}
	return len(space)
}

func other(r rune) bool { return !unicode.IsSpace(r) && !unicode.IsLetter(r) && !unicode.IsNumber(r) }
