package text

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestShipped(t *testing.T) {
	c, err := OpenCorpus("moby-dick", "")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Train, "CHAPTER 1. Loomings.\n\nCall me Ishmael.") || len([]rune(c.Val)) != 119032 || c.Notice == "" {
		t.Errorf("moby-dick begins %.40q and has %d characters to validate on", c.Train, len([]rune(c.Val)))
	}
	if want := "fe282a57094ed62e7144fb7c804a9748fc1c909bf3b49d06e7276015f9f67240"; c.SHA256 != want {
		t.Errorf("moby-dick has the hash %s", c.SHA256)
	}
	p, err := OpenPairs("cmudict", "", PairOptions{})
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(p.Train, p.Val, p.Test)
	phonemes := map[string]bool{}
	for _, pair := range all {
		for _, s := range pair.To {
			phonemes[s] = true
		}
	}
	if len(all) != 123874 || len(phonemes) != 39 {
		t.Errorf("cmudict has %d words of %d phonemes", len(all), len(phonemes))
	}
	i := slices.IndexFunc(all, func(p Pair) bool { return strings.Join(p.From, "") == "melville" })
	if got := strings.Join(all[i].To, p.Separator); got != "M EH L V IH L" {
		t.Errorf("Melville is pronounced %s", got)
	}
	for _, name := range []string{"cldr-de", "cldr-fr", "cldr-zh"} {
		p, err := OpenPairs(name, "", PairOptions{})
		if err != nil || len(p.Train) < 2500 || len(p.Test) != 300 {
			t.Errorf("%s: %d pairs, %v", name, len(p.Train), err)
		}
	}
	l, err := OpenLabelled("languages", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Labels) != 11 || len(l.Train) < 20000 || len(l.Test) != 4000 {
		t.Errorf("languages: %v, %d examples", l.Labels, len(l.Train))
	}
}

func TestMade(t *testing.T) {
	for name, right := range map[string]func(from, to string) bool{
		"sort": func(from, to string) bool {
			digits := strings.Split(from, "")
			slices.Sort(digits)
			return strings.Join(digits, "") == to
		},
		"reverse": func(from, to string) bool {
			digits := strings.Split(from, "")
			slices.Reverse(digits)
			return strings.Join(digits, "") == to
		},
		"add": func(from, to string) bool { return strings.Contains(from, "+") && len(to) > 0 },
	} {
		p, err := OpenPairs(name, "", PairOptions{})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, pair := range slices.Concat(p.Train, p.Val, p.Test) {
			from := strings.Join(pair.From, "")
			if seen[from] || !right(from, strings.Join(pair.To, "")) {
				t.Fatalf("%s: %v", name, pair)
			}
			seen[from] = true
		}
		if again, _ := OpenPairs(name, "", PairOptions{}); again.SHA256 != p.SHA256 || len(p.Test) < 500 {
			t.Errorf("%s: made differently again, or %d to test with", name, len(p.Test))
		}
	}
}

// TestGrammar analyses every sentence by what follows from the words that are of one
// kind only: there is one analysis, and it is the one given.
func TestGrammar(t *testing.T) {
	g, err := OpenTagged("grammar", "")
	if err != nil {
		t.Fatal(err)
	}
	is := func(tag, word string) bool { return slices.Contains(lexicon[tag], word) }
	for _, s := range slices.Concat(g.Train, g.Val, g.Test) {
		var got []string
		for i := 0; i < len(s.Words); {
			take := func(tag string) { got = append(got, tag); i++ }
			phrase := func() {
				if is("PRON", s.Words[i]) {
					take("PRON")
					return
				}
				take("DET")
				if is("ADJ", s.Words[i]) {
					take("ADJ")
				}
				take("NOUN")
			}
			phrase()
			if next := s.Words[i+1]; !is("PRON", next) && !is("DET", next) {
				take("AUX")
			}
			take("VERB")
			phrase()
			if i < len(s.Words) && is("ADV", s.Words[i]) {
				take("ADV")
			}
			if i < len(s.Words) {
				take("CONJ")
			}
		}
		if !slices.Equal(got, s.Tags) {
			t.Fatalf("%v is tagged %v, and follows to be %v", s.Words, s.Tags, got)
		}
	}
	if len(g.Train) != 4500 || len(g.Tags) != 8 {
		t.Errorf("%d sentences, tags %v", len(g.Train), g.Tags)
	}
}

func TestOwn(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	conllu := "# text = Don't go\n1-2\tDon't\t_\t_\t_\t_\t_\t_\t_\t_\n1\tDo\tdo\tAUX\t_\t_\t0\troot\t_\t_\n2\tn't\tnot\tPART\t_\t_\t1\tx\t_\t_\n2.1\tyou\tyou\tPRON\t_\t_\t_\t_\t_\t_\n3\tgo\tgo\tVERB\t_\t_\t1\tx\t_\t_\n\n"
	tagged, err := OpenTagged(file("mine.conllu", strings.Repeat(conllu, 20)), "")
	if err != nil {
		t.Fatal(err)
	}
	if s := tagged.Train[0]; len(tagged.Train) != 16 || !slices.Equal(s.Words, []string{"Do", "n't", "go"}) || !slices.Equal(s.Tags, []string{"AUX", "PART", "VERB"}) {
		t.Errorf("read %d sentences, the first %v", len(tagged.Train), s)
	}
	for _, part := range []string{"train", "dev", "test"} {
		file("pairs/"+part+".tsv", part+"\tla "+part+"\n")
	}
	pairs, err := OpenPairs(filepath.Join(dir, "pairs"), "", PairOptions{Unit: "word"})
	if err != nil || !slices.Equal(pairs.Val[0].To, []string{"la", "dev"}) {
		t.Errorf("%v: %+v", err, pairs)
	}

	for name, c := range map[string]struct {
		open func() error
		want string
	}{
		"columns": {func() error { _, err := OpenLabelled(file("l.tsv", "good\tyes\nbad\n"), ""); return err }, "l.tsv:2: 1 columns, not 2"},
		"utf8":    {func() error { _, err := OpenCorpus(file("c.txt", "a\nb\xff"), ""); return err }, "c.txt:2: not UTF-8"},
		"short":   {func() error { _, err := OpenCorpus(file("s.txt", "a"), ""); return err }, "too few to learn from"},
		"tag":     {func() error { _, err := OpenTagged(file("t.tsv", "a\tX\nb\t\n"), ""); return err }, "t.tsv:2: a word without a tag"},
		"absent":  {func() error { _, err := OpenCorpus("./absent.txt", ""); return err }, "no such file"},
		"name":    {func() error { _, err := OpenPairs("cmudct", "", PairOptions{}); return err }, `there is no set of pairs "cmudct"`},
		"fetched": {func() error { t.Setenv("LAB_DATA", dir); _, err := OpenTagged("ewt", ""); return err }, "text ewt was not found"},
		"few":     {func() error { _, err := OpenPairs(file("f.tsv", "a\tb\n"), "", PairOptions{}); return err }, "has 1 pairs, too few"},
	} {
		if err := c.open(); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
	}
}
