package token

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const sample = "It's a  whale—a WHALE!\n\nThey've 3 boats,\t\tand 42 men. Ça va? 鯨 \n"

func TestCut(t *testing.T) {
	// The pattern without its look-ahead, which Go lacks, over spaces that are single.
	pattern := regexp.MustCompile(strings.Replace(wordPattern, `|\s+(?!\S)`, "", 1))
	single := strings.Join(strings.Fields(sample), " ")
	if got, want := cut(Word, single), pattern.FindAllString(single, -1); !slices.Equal(got, want) {
		t.Errorf("%q\nwant %q", got, want)
	}
	want := []string{"a", " ", " b", "\n", "\n", "c", "  "}
	if got := cut(Word, "a  b\n\nc  "); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestBPE(t *testing.T) {
	b, err := Train(BPE, strings.Repeat("low low low lower newest newest widest ", 3), 262, "[PAD]")
	if err != nil {
		t.Fatal(err)
	}
	// " low": Ġl 12, lo 12 (ow 12): the pair spelled first is "l"+"o".
	if got := b.Tokens[257:260]; !slices.Equal(got, []string{"lo", "low", "Ġlow"}) {
		t.Errorf("merged %q", got)
	}
	if got := b.Encode(" lower"); len(got) != 3 || b.Tokens[got[0]] != "Ġlow" {
		t.Errorf("cut into %v", got)
	}
	if _, err := Train(BPE, "a", 255); err == nil {
		t.Error("255 tokens do for 256 bytes")
	}
}

func TestThereAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []Kind{Char, Word, BPE} {
		tok, err := Train(kind, strings.Repeat(sample, 4), 300, "[PAD]", "[MASK]")
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			pieces := cut(kind, sample)
			r.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
			text := sample + strings.Join(pieces, "")
			if kind == Word {
				text = sample
			}
			ids := tok.Encode(text)
			if got := tok.Decode(ids); got != text {
				t.Fatalf("%s: %q became %q", kind, text, got)
			}
			if !slices.Equal(ids, again.Encode(text)) || again.Special != tok.Special {
				t.Fatalf("%s: another after writing and reading", kind)
			}
		}
		if unknown := tok.Decode(tok.Encode("ж")); kind != BPE && unknown != Unknown || kind == BPE && unknown != "ж" {
			t.Errorf("%s: what is unknown became %q", kind, unknown)
		}
	}
}

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		`{`: "unexpected end",
		`{"model":{"type":"Unigram"},"pre_tokenizer":{"type":"Metaspace"}}`:                                              "not supported",
		`{"model":{"type":"WordLevel","vocab":{"a":1}},"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[\\s\\S]"}}}`: "beyond the 1 tokens",
		`{"model":{"type":"BPE","vocab":{"a":0}},"pre_tokenizer":{"type":"ByteLevel"}}`:                                  "byte 0x00 is no token",
	} {
		if _, err := Parse([]byte(in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", in, err, want)
		}
	}
}

// TestHuggingFace has the library tokenizers read what is written and cut a text.
func TestHuggingFace(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import tokenizers").Run() != nil {
		t.Skip("LAB_PYTHON is not set to a Python with tokenizers (make python sets it up)")
	}
	for _, kind := range []Kind{Char, Word, BPE} {
		tok, err := Train(kind, strings.Repeat(sample, 4), 300, "[PAD]", "[MASK]")
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(tok)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "tokenizer.json")
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(python, "-c", "import sys, tokenizers; print(tokenizers.Tokenizer.from_file(sys.argv[1]).encode(sys.argv[2]).ids)", path, sample).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		want := strings.ReplaceAll(fmt.Sprint(tok.Encode(sample)), " ", ", ")
		if got := strings.TrimSpace(string(out)); got != want {
			t.Errorf("%s: tokenizers cuts into\n%s, we into\n%s", kind, got, want)
		}
	}
}
