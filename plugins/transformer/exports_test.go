package transformer

import (
	"testing"

	"lab/core/family/familytest"
	"lab/core/onnx/exchange/exchangetest"
)

// TestExports has ONNX Runtime and PyTorch compute what every recipe saves.
func TestExports(t *testing.T) {
	files := exchangetest.Watch(t)
	encoder := familytest.Train(t, Family, "bert", "context=16", "data=testdata/whale.txt", "layers=1", "width=8", "heads=2", "steps=2", "eval_every=2").Model()
	familytest.TrainEach(t, Family, [][]string{
		{"lm", "context=16", "tokens=5", "data=testdata/whale.txt", "layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"},
		{"lm", "context=16", "tokens=5", "data=testdata/whale.txt", "window=4", "positions=sinusoidal", "norm=post", "layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"},
		{"tag", "layers=1", "width=8", "heads=2", "epochs=1", "max_sentences=40"},
		{"tag", "layers=1", "width=8", "heads=2", "epochs=1", "max_sentences=40", "attention=additive"},
		{"seq2seq", "data=testdata/pairs.tsv", "layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"},
		{"seq2seq", "data=testdata/pairs.tsv", "decoding=parallel", "layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"},
		{"bert", "context=16", "data=testdata/whale.txt", "layers=2", "width=16", "heads=2", "steps=20", "eval_every=20", "lr=1e-2", "warm_up=5"},
		{"finetune", "from=" + encoder, "data=testdata/labels.tsv", "steps=4", "eval_every=2", "batch_size=4", "shots=2"},
	}, func(r *familytest.Record) { files.Add(r.Models()...) })
	files.Compare("transformer-tag", "transformer-finetune", "transformer-seq2seq-parallel")
}
