// Package transformer is the family of attention: language models, tagging, sequences
// to sequences, pretraining and fine-tuning. Each recipe is one file, to be read from
// top to bottom; what they share is beside them: positions and networks in
// architecture.go and gpt.go, the way through the steps in steps.go, sampling in
// generate.go, model files in file.go.
package transformer

import "lab/core/family"

// Family is what the plugin offers.
var Family = family.Family{
	Name: "transformer", Version: "1.0.0", Doc: "attention: language models, tagging, translation, pretraining and fine-tuning",
	Recipes: []family.Recipe{lm, tag, seq2seq, bert, finetune},
}
