// Package text holds the texts that language models learn from: embedded ones, made
// ones, larger ones found on disk, and the user's own files.
//
//	corpus, err := text.OpenCorpus("moby-dick", "")   // one long text
//	pairs, err := text.OpenPairs("cmudict", "")       // sequences and what they become
//	tagged, err := text.OpenTagged("grammar", "")     // sentences, a tag for each word
//	labelled, err := text.OpenLabelled("languages", "") // texts, a label for each
//
// A name with a slash or a dot in it is the path of a file of the user's own: plain
// text, TSV or CoNLL-U, perhaps compressed with gzip. Such a file is divided by a fixed
// seed; a folder with train, dev (or val) and test files is taken as it is divided.
//
// It knows words and letters, no numbers: what makes indices of them is package token.
// Start with source.go.
package text
