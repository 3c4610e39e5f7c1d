package token

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Vocabulary numbers tokens, from 0.
type Vocabulary struct {
	Tokens []string

	index map[string]int32
}

// NewVocabulary numbers the tokens in the order given. It panics if one comes twice.
func NewVocabulary(tokens ...string) *Vocabulary {
	v := &Vocabulary{Tokens: tokens, index: make(map[string]int32, len(tokens))}
	for i, t := range tokens {
		if _, twice := v.index[t]; twice {
			panic(fmt.Sprintf("token: %q comes twice", t))
		}
		v.index[t] = int32(i)
	}
	return v
}

// Count numbers first the special tokens and then those of the sequences that come at
// least so often, in order of their spelling.
func Count(sequences [][]string, least int, special ...string) *Vocabulary {
	counts := map[string]int{}
	for _, s := range sequences {
		for _, t := range s {
			counts[t]++
		}
	}
	var tokens []string
	for t, n := range counts {
		if n >= least && !slices.Contains(special, t) {
			tokens = append(tokens, t)
		}
	}
	slices.Sort(tokens)
	return NewVocabulary(append(slices.Clone(special), tokens...)...)
}

// Len is the number of tokens.
func (v *Vocabulary) Len() int { return len(v.Tokens) }

// ID is the token's number; unknown where there is none.
func (v *Vocabulary) ID(token string, unknown int32) int32 {
	if id, ok := v.index[token]; ok {
		return id
	}
	return unknown
}

// IDs are the numbers of several tokens.
func (v *Vocabulary) IDs(tokens []string, unknown int32) []int32 {
	ids := make([]int32, len(tokens))
	for i, t := range tokens {
		ids[i] = v.ID(t, unknown)
	}
	return ids
}

// MarshalJSON writes the list of tokens.
func (v *Vocabulary) MarshalJSON() ([]byte, error) { return json.Marshal(v.Tokens) }

// UnmarshalJSON reads it.
func (v *Vocabulary) UnmarshalJSON(b []byte) error {
	var tokens []string
	if err := json.Unmarshal(b, &tokens); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, t := range tokens {
		if seen[t] {
			return fmt.Errorf("token %q comes twice", t)
		}
		seen[t] = true
	}
	*v = *NewVocabulary(tokens...)
	return nil
}
