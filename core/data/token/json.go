package token

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// wordPattern is what [cut] does, as a regular expression with a look-ahead.
const wordPattern = `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`

type file struct {
	Version       string  `json:"version"`
	Added         []added `json:"added_tokens"`
	Normalizer    *step   `json:"normalizer"`
	PreTokenizer  *step   `json:"pre_tokenizer"`
	PostProcessor *step   `json:"post_processor"`
	Decoder       *step   `json:"decoder"`
	Model         model   `json:"model"`
}

type added struct {
	ID      int    `json:"id"`
	Content string `json:"content"`
	Single  bool   `json:"single_word"`
	Left    bool   `json:"lstrip"`
	Right   bool   `json:"rstrip"`
	Normal  bool   `json:"normalized"`
	Special bool   `json:"special"`
}

type step struct {
	Type           string            `json:"type"`
	Pattern        map[string]string `json:"pattern,omitempty"`
	Behavior       string            `json:"behavior,omitempty"`
	Invert         *bool             `json:"invert,omitempty"`
	AddPrefixSpace *bool             `json:"add_prefix_space,omitempty"`
	TrimOffsets    *bool             `json:"trim_offsets,omitempty"`
	UseRegex       *bool             `json:"use_regex,omitempty"`
}

type model struct {
	Type    string         `json:"type"`
	Vocab   map[string]int `json:"vocab"`
	Unknown string         `json:"unk_token,omitempty"`
	Merges  [][2]string    `json:"merges,omitempty"`
}

// MarshalJSON writes tokenizer.json of Hugging Face's library tokenizers, which reads
// it with Tokenizer.from_file and cuts texts alike.
func (t *Tokenizer) MarshalJSON() ([]byte, error) {
	no, yes := false, true
	f := file{Version: "1.0", Added: []added{}, Model: model{Type: "WordLevel", Vocab: map[string]int{}, Unknown: Unknown}, Decoder: &step{Type: "Fuse"}}
	for i, s := range t.Tokens {
		f.Model.Vocab[s] = i
		if i < t.Special {
			f.Added = append(f.Added, added{ID: i, Content: s, Special: true})
		}
	}
	split := func(pattern string) *step {
		return &step{Type: "Split", Pattern: map[string]string{"Regex": pattern}, Behavior: "Isolated", Invert: &no}
	}
	switch t.Kind {
	case Char:
		f.PreTokenizer = split(`[\s\S]`)
	case Word:
		f.PreTokenizer = split(wordPattern)
	case BPE:
		bytes := &step{Type: "ByteLevel", AddPrefixSpace: &no, TrimOffsets: &yes, UseRegex: &yes}
		f.PreTokenizer, f.Decoder = bytes, bytes
		f.Model.Type, f.Model.Unknown = "BPE", ""
		f.Model.Merges = make([][2]string, len(t.ranks))
		for p, rank := range t.ranks {
			f.Model.Merges[rank] = p
		}
	}
	return json.Marshal(f)
}

// Parse reads what MarshalJSON wrote. Of Hugging Face's other tokenizers it reads
// byte-level BPE as of GPT-2, without a normalizer.
func Parse(b []byte) (*Tokenizer, error) {
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	t := &Tokenizer{ranks: map[[2]string]int{}, known: map[string][]int32{}}
	switch p := f.PreTokenizer; {
	case p == nil || f.Normalizer != nil:
		return nil, fmt.Errorf("tokenizer: a normalizer, or no pre_tokenizer, is not supported")
	case f.Model.Type == "BPE" && p.Type == "ByteLevel" && (p.UseRegex == nil || *p.UseRegex) && (p.AddPrefixSpace == nil || !*p.AddPrefixSpace):
		t.Kind = BPE
	case f.Model.Type == "WordLevel" && p.Type == "Split" && p.Pattern["Regex"] == wordPattern:
		t.Kind = Word
	case f.Model.Type == "WordLevel" && p.Type == "Split" && p.Pattern["Regex"] == `[\s\S]`:
		t.Kind = Char
	default:
		return nil, fmt.Errorf("tokenizer: model %s with pre_tokenizer %s is not supported", f.Model.Type, p.Type)
	}
	vocab := f.Model.Vocab
	if vocab == nil {
		vocab = map[string]int{}
	}
	for _, a := range f.Added {
		vocab[a.Content] = a.ID
	}
	tokens := make([]string, len(vocab))
	filled := make([]bool, len(vocab))
	for s, i := range vocab {
		if i < 0 || i >= len(tokens) || filled[i] {
			return nil, fmt.Errorf("tokenizer: token %q has the number %d, which is taken or beyond the %d tokens", s, i, len(tokens))
		}
		tokens[i], filled[i] = s, true
	}
	t.Vocabulary = NewVocabulary(tokens...)
	for t.Special < len(tokens) && slices.ContainsFunc(f.Added, func(a added) bool { return a.ID == t.Special }) {
		t.Special++
	}
	if _, ok := t.index[Unknown]; t.Kind != BPE && !ok {
		return nil, fmt.Errorf("tokenizer: no token %s", Unknown)
	}
	for i, p := range f.Model.Merges {
		t.ranks[p] = i
		if _, ok := t.index[strings.Join(p[:], "")]; !ok {
			return nil, fmt.Errorf("tokenizer: the merge of %q and %q is no token", p[0], p[1])
		}
	}
	for b := 0; t.Kind == BPE && b < 256; b++ {
		if _, ok := t.index[string(letters[b])]; !ok {
			return nil, fmt.Errorf("tokenizer: byte %#02x is no token", b)
		}
	}
	return t, nil
}
