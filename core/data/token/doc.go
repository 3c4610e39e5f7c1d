// Package token makes numbers of texts and texts of numbers. A [Vocabulary] numbers the
// tokens of sequences that are cut already: words and their tags, letters and
// phonemes. A [Tokenizer] also cuts a text, into characters, words, or pieces that
// byte-pair encoding learned.
//
//	t := token.TrainBPE(corpus.Train, 1024)
//	ids := t.Encode("Call me Ishmael.")
//	text := t.Decode(ids)
//
// It reads and writes tokenizer.json of Hugging Face's tokenizers, so that what a model
// was trained with goes with it (json.go). Start with vocabulary.go, then tokenizer.go.
package token
