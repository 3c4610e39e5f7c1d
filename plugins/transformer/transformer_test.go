package transformer

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/trial"
)

func TestMain(m *testing.M) { familytest.Main(m, Family) }

// TestFamily runs the conformance suite over the real transport.
func TestFamily(t *testing.T) {
	tiny := []string{"layers=1", "width=8", "heads=2", "batch_size=2"}
	lm := append([]string{"context=8", "tokens=10", "data=testdata/whale.txt"}, tiny...)
	encoder := append([]string{"context=16", "data=testdata/whale.txt"}, tiny...)
	pretrained := familytest.Train(t, Family, "bert", append([]string{"steps=2", "eval_every=2"}, encoder...)...).Model()
	familytest.Run(t, Family,
		familytest.Short("lm", append([]string{"steps=4", "eval_every=2"}, lm...)...),
		familytest.Long("lm", append([]string{"steps=3000", "eval_every=2000"}, lm...)...),
		familytest.Short("tag", append([]string{"epochs=1", "max_sentences=40"}, tiny...)...),
		familytest.Long("tag", append([]string{"epochs=30", "max_sentences=640"}, tiny...)...),
		familytest.Short("seq2seq", append([]string{"steps=4", "eval_every=2", "data=testdata/pairs.tsv"}, tiny...)...),
		familytest.Long("seq2seq", append([]string{"steps=2000", "eval_every=1000", "data=testdata/pairs.tsv"}, tiny...)...),
		familytest.Short("bert", append([]string{"steps=4", "eval_every=2"}, encoder...)...),
		familytest.Long("bert", append([]string{"steps=2000", "eval_every=1000"}, encoder...)...),
		familytest.From("finetune", pretrained),
		familytest.Short("finetune", "steps=4", "eval_every=2", "batch_size=4", "shots=2", "data=testdata/labels.tsv"),
		familytest.Long("finetune", "steps=600", "eval_every=500", "batch_size=4", "shots=2", "data=testdata/labels.tsv"),
		familytest.Reload(trial.Check))
}
