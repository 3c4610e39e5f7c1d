package text

import (
	"fmt"
	"strings"

	"lab/core"
)

// Corpus is one long text: nine tenths to learn from, and its end to validate on.
type Corpus struct {
	Source
	Train, Val string
}

// OpenCorpus reads a text by its name in [Corpora] or the path of a file. Line ends
// become \n.
func OpenCorpus(name, dataDir string) (*Corpus, error) {
	c := &Corpus{Source: describe(name)}
	var b []byte
	var err error
	switch {
	case isPath(name):
		if b, err = own(name); err == nil {
			c.sum(b)
		}
	case name == "moby-dick":
		b, err = c.shipped("moby-dick", "moby-dick.txt.gz")
	case name == "tiny-shakespeare":
		if b, err = found(name, dataDir, c.URL, "tiny-shakespeare/input.txt", "text/tinyshakespeare.txt", "tinyshakespeare.txt"); err == nil {
			c.sum(b)
		}
	default:
		return nil, unknown("text", name, Corpora)
	}
	if err != nil {
		return nil, err
	}
	all := []rune(strings.ReplaceAll(string(b), "\r\n", "\n"))
	if len(all) < 1000 {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s has %d characters, too few to learn from", name, len(all)), Try: "a text of 1,000 or more"}
	}
	n := len(all) * 9 / 10
	c.Train, c.Val = string(all[:n]), string(all[n:])
	return c, nil
}
