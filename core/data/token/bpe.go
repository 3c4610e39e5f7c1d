package token

import (
	"maps"
	"slices"
	"strings"
)

// Byte-pair encoding over bytes: Sennrich, Haddow & Birch (2016), algorithm 1, with the
// bytes of UTF-8 for characters, as in GPT-2 (Radford et al. 2019, section 2.2).

// letters are the characters that stand for the 256 bytes in vocabularies: printable
// bytes for themselves, others from U+0100 on.
var letters, bytesOf = func() (to [256]rune, from map[rune]byte) {
	from = map[rune]byte{}
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if !(b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae) {
			r, next = next, next+1
		}
		to[b], from[r] = r, byte(b)
	}
	return to, from
}()

func toLetters(text string) string {
	var b strings.Builder
	for i := range len(text) {
		b.WriteRune(letters[text[i]])
	}
	return b.String()
}

func fromLetters(s string) string {
	var b strings.Builder
	for _, r := range s {
		b.WriteByte(bytesOf[r])
	}
	return b.String()
}

// trainBPE learns merges until there are size tokens beside the special ones, or no
// pair comes twice. Of pairs that come equally often the one spelled first is merged.
func trainBPE(text string, size int, special []string) *Tokenizer {
	type entry struct {
		symbols []string
		count   int
	}
	counts := map[string]int{}
	for _, w := range cut(BPE, text) {
		counts[w]++
	}
	var words []entry
	for _, w := range slices.Sorted(maps.Keys(counts)) {
		words = append(words, entry{cut(Char, toLetters(w)), counts[w]})
	}
	pairs := map[[2]string]int{}          // how often each comes
	where := map[[2]string]map[int]bool{} // in which words
	count := func(w, sign int) {
		for i := 1; i < len(words[w].symbols); i++ {
			p := [2]string{words[w].symbols[i-1], words[w].symbols[i]}
			pairs[p] += sign * words[w].count
			if where[p] == nil {
				where[p] = map[int]bool{}
			}
			where[p][w] = true
		}
	}
	for w := range words {
		count(w, 1)
	}
	tokens := slices.Clone(special)
	for b := range 256 {
		tokens = append(tokens, string(letters[b]))
	}
	seen := map[string]bool{}
	t := &Tokenizer{Kind: BPE, Special: len(special), ranks: map[[2]string]int{}, known: map[string][]int32{}}
	for len(tokens) < size+len(special) {
		var best [2]string
		most := 1
		for p, n := range pairs {
			if n > most || n == most && n > 1 && slices.Compare(p[:], best[:]) < 0 {
				best, most = p, n
			}
		}
		if most == 1 {
			break
		}
		t.ranks[best] = len(t.ranks)
		if merged := best[0] + best[1]; !seen[merged] {
			seen[merged] = true
			tokens = append(tokens, merged)
		}
		for w := range where[best] {
			count(w, -1)
			words[w].symbols = merge(words[w].symbols, best)
			count(w, 1)
		}
		delete(pairs, best)
		delete(where, best)
	}
	t.Vocabulary = NewVocabulary(tokens...)
	return t
}

// merge makes one symbol of each pair.
func merge(symbols []string, pair [2]string) []string {
	out := symbols[:0]
	for i := 0; i < len(symbols); i++ {
		if i+1 < len(symbols) && symbols[i] == pair[0] && symbols[i+1] == pair[1] {
			out = append(out, pair[0]+pair[1])
			i++
		} else {
			out = append(out, symbols[i])
		}
	}
	return out
}

// pieces cuts a word: the pair that was learned first is merged first.
func (t *Tokenizer) pieces(word string) []int32 {
	if ids, ok := t.known[word]; ok {
		return ids
	}
	symbols := cut(Char, toLetters(word))
	for {
		first, at := len(t.ranks), [2]string{}
		for i := 1; i < len(symbols); i++ {
			p := [2]string{symbols[i-1], symbols[i]}
			if rank, ok := t.ranks[p]; ok && rank < first {
				first, at = rank, p
			}
		}
		if first == len(t.ranks) {
			break
		}
		symbols = merge(symbols, at)
	}
	ids := t.IDs(symbols, -1)
	t.known[word] = ids
	return ids
}
