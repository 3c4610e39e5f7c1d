package transformer

// Masked language modelling: Devlin et al., "BERT: Pre-training of Deep Bidirectional
// Transformers for Language Understanding" (2019), section 3.1, task 1; masked anew at
// every step, as in RoBERTa (Liu et al. 2019).
//
// What to expect of the defaults, the letters of names in eleven languages, in about a
// minute on two cores: val_loss below 2.45 nats a masked letter, where letters by
// themselves have about 3.1. What it is good for shows recipe=finetune from=@1.

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data/text"
	"lab/core/data/token"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

type bertParams struct {
	Data        string `default:"languages" doc:"texts: languages, moby-dick, tiny-shakespeare, or the path of plain text or of lines text TAB label"`
	Tokenizer   string `default:"char" enum:"char,word,bpe" doc:"what texts are cut into"`
	Vocabulary  int    `default:"1024" min:"256" max:"32768" doc:"tokens at most, beside the special ones"`
	stepsParams `default:"steps=4000 eval_every=1000"`
	Context     int     `default:"24" min:"8" doc:"tokens of a text at most; of a long one it is cut into so many"`
	MaskShare   float64 `default:"0.15" min:"0.01" max:"0.9" doc:"share of tokens to be predicted"`
	Layers      int     `default:"2" min:"1" doc:"transformer blocks"`
	networkParams
	LR          float64 `default:"3e-3" min:"0" doc:"AdamW's learning rate, after warm-up; then along a cosine to a tenth"`
	WarmUp      int     `default:"100" min:"0" doc:"steps up to the learning rate"`
	WeightDecay float64 `default:"0.01" min:"0" doc:"of matrices"`
}

var bert = family.NewRecipe("bert", "masked language model: an encoder learns to fill gaps", trainBERT,
	family.Metric("val_loss", "nats", core.Lower, "cross-entropy of masked tokens in texts held out"),
	family.Metric("val_accuracy", "", core.Higher, "share of them that are guessed"),
	family.Metric("train_loss", "nats", core.Neutral, "cross-entropy of a batch's"),
	family.Data(append(slices.Clone(text.LabelledSets), text.Corpora...)...), family.StartsFrom(), family.Resumes())

// The first tokens of an encoder's vocabulary; padding is 0.
const masked = 1

var encoderTokens = []string{"[PAD]", "[MASK]"} // and then token.Unknown

// encoder is BERT's network without its pairs of segments.
type encoder struct {
	*nn.Scope
	architecture
	token *nn.Embedding
	place positions
	body  *nn.TransformerEncoder
	guess *nn.Linear // what a token's hidden state becomes before it is compared with the table
	norm  *nn.LayerNorm
}

func newEncoder(r *rand.Rand, seed uint64, a architecture) *encoder {
	s := nn.NewScope(r)
	s.Seed = seed
	in := s.WithInit(nn.Normal(0, 0.05), nn.Constant(0))
	return &encoder{Scope: s, architecture: a, token: nn.NewEmbedding(in.Sub("token"), a.Vocabulary, a.Width), place: newPositions(in.Sub("position"), a),
		body: nn.NewTransformerEncoder(in.Sub("body"), a.Layers, a.layers()), guess: nn.NewLinear(in.Sub("guess"), a.Width, a.Width, true),
		norm: nn.NewLayerNorm(s.Sub("guess_norm"), []int{a.Width})}
}

// forward gives what tokens [B,T] mean where they stand, [B,T,E], and the logits
// [B,T,V] of what each is. Nobody looks at padding.
func (m *encoder) forward(tokens *graph.Node, train bool) (hidden, logits *graph.Node) {
	mask := graph.Less(tokens.Graph().Scalar(padding), tokens)
	hidden = m.body.Forward(m.place.forward(m.token.Forward(tokens)), mask, graph.AttentionAttr{}, train)
	h := m.norm.Forward(graph.Gelu(m.guess.Forward(hidden)))
	return hidden, graph.MatMul(h, graph.Transpose(h.Graph().Param(m.token.Weight)))
}

// gaps is a program over a batch of texts with gaps in them.
type gaps struct {
	*vm.Program
	tokens, labels, logits, loss *graph.Node // [B,T], [B,T] with -1 but for gaps, [B,T,V], ()
}

func newGaps(m *encoder, batch, context int, train bool) (g gaps, err error) {
	in := graph.New()
	g.tokens, g.labels = in.Input("tokens", batch, context), in.Input("labels", batch, context)
	_, g.logits = m.forward(g.tokens, train)
	g.loss = nn.CrossEntropy(g.logits, g.labels, nn.IgnoreIndex(-1))
	if train {
		g.Program, err = vm.Compile([]*graph.Node{g.loss}, graph.Backward(g.loss, m.Params))
	} else {
		g.Program, err = vm.Compile([]*graph.Node{g.loss, g.logits})
	}
	return g, err
}

func trainBERT(s *family.Session, p bertParams) error {
	vm.SetThreads(s.Threads())
	texts, val, source, err := plainTexts(p.Data, s.DataDir())
	if err != nil {
		return err
	}
	model, tokens, err := newBERT(s, p, texts)
	if err != nil {
		return err
	}
	recordFacts(s, source, model.Params.Count())
	context := model.Context
	learn, held := chunks(tokens, texts, context), chunks(tokens, val, context)
	held = held[:min(len(held), 1024)]

	train, err := newGaps(model, p.BatchSize, context, true)
	if err != nil {
		return err
	}
	train.Named("step")
	judge, err := newGaps(model, p.BatchSize, context, false)
	if err != nil {
		return err
	}
	judge.Named("judge")
	adam := optim.NewAdamW(model.Params, p.LR)
	adam.WeightDecay = p.WeightDecay
	adam.DecayOnly(optim.Matrices)
	clip := optim.NewClip(model.Params)
	schedule := optim.WarmUp(1/float64(p.WarmUp+1), p.WarmUp, optim.Cosine(p.LR, p.LR/10, max(1, p.Steps-p.WarmUp)))
	hole := masker{p.MaskShare, model.Vocabulary, len(encoderTokens) + 1}

	pick := s.Rand("texts and gaps")
	loop := p.loop(checkpoint.Parts{"model": model.Params, "adamw": adam})
	loop.Resumed = train.SetRuns
	for step := range loop.Run(s) {
		batch := make([][]int32, p.BatchSize)
		for b := range batch {
			batch[b] = learn[pick.IntN(len(learn))]
		}
		hole.fill(train, batch, pick)
		train.Run()
		clip.Norm(1)
		adam.SetLR(schedule(step - 1))
		adam.Step()
		s.Log(step, "train_loss", train.Scalar(train.loss))
		if !loop.EpochEnds() {
			continue
		}
		loss, accuracy, guesses := hole.judge(judge, held, tokens)
		s.Log(step, "val_loss", loss)
		s.Log(step, "val_accuracy", accuracy)
		if err := s.Text("samples", step, guesses); err != nil {
			return err
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	export := func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("tokens", n["batch"], n["sequence"])
		hidden, logits := model.forward(x, false)
		return []exchange.Port{{Name: "tokens", Node: x, Whole: true}}, []exchange.Port{{Name: "logits", Node: logits}, {Name: "hidden", Node: hidden}}
	}
	return save(s, batchAndSequence, export, saved{recipe: "bert", architecture: model.architecture, tokenizer: tokens})
}

// newBERT is the model and its tokenizer: new ones, or those of the file to start from.
func newBERT(s *family.Session, p bertParams, train []string) (*encoder, *token.Tokenizer, error) {
	if s.From() != "" {
		file, what, err := open(s.From(), "bert")
		if err != nil {
			return nil, nil, err
		}
		what.architecture.Dropout = p.Dropout
		m := newEncoder(s.Rand("init"), s.Seed(), what.architecture)
		return m, what.tokenizer, load(s.From(), file, m.Params)
	}
	all := ""
	for _, t := range train {
		all += t + "\n"
		if len(all) > 1<<22 {
			break
		}
	}
	tokens, err := token.Train(token.Kind(p.Tokenizer), all, p.Vocabulary, encoderTokens...)
	if err != nil {
		return nil, nil, err
	}
	a := p.architecture(p.Layers, p.Context)
	a.Vocabulary = tokens.Len()
	if err := a.check(); err != nil {
		return nil, nil, err
	}
	return newEncoder(s.Rand("init"), s.Seed(), a), tokens, nil
}

// plainTexts are the texts of a labelled set without their labels, or a corpus.
func plainTexts(name, dataDir string) (train, val []string, source text.Source, err error) {
	if slices.Contains(text.LabelledSets, name) || isTSV(name) {
		set, err := text.OpenLabelled(name, dataDir)
		if err != nil {
			return nil, nil, source, err
		}
		for _, e := range set.Train {
			train = append(train, e.Text)
		}
		for _, e := range set.Val {
			val = append(val, e.Text)
		}
		return train, val, set.Source, nil
	}
	c, err := text.OpenCorpus(name, dataDir)
	if err != nil {
		return nil, nil, source, err
	}
	return []string{c.Train}, []string{c.Val}, c.Source, nil
}

// chunks cuts texts into tokens and long ones into pieces.
func chunks(t *token.Tokenizer, texts []string, context int) (out [][]int32) {
	for _, s := range texts {
		out = slices.AppendSeq(out, slices.Chunk(t.Encode(s), context))
	}
	if len(out) == 0 {
		return [][]int32{{0}}
	}
	return out
}

// masker makes gaps: of the tokens that are to be predicted, eight of ten become a
// mask, one another token, and one stays (section 3.1).
type masker struct {
	share float64
	size  int // of the vocabulary
	first int // token that stands for text
}

func (m masker) fill(g gaps, batch [][]int32, r *rand.Rand) {
	tokens, labels := g.Value(g.tokens), g.Value(g.labels)
	clear(tokens)
	for i := range labels {
		labels[i] = -1
	}
	context, any := g.tokens.Shape()[1], false
	for b, text := range batch {
		for i, id := range text {
			at := b*context + i
			tokens[at] = float32(id)
			if r.Float64() >= m.share {
				continue
			}
			labels[at], any = float32(id), true
			switch u := r.Float64(); {
			case u < 0.8:
				tokens[at] = masked
			case u < 0.9:
				tokens[at] = float32(m.first + r.IntN(m.size-m.first))
			}
		}
	}
	if !any { // the mean over no tokens is no number
		labels[0], tokens[0] = tokens[0], masked
	}
}

// judge fills the same gaps at every call, and shows some of them.
func (m masker) judge(g gaps, held [][]int32, t *token.Tokenizer) (loss, accuracy float64, samples string) {
	r := rand.New(rand.NewPCG(1851, 3))
	size := g.tokens.Shape()
	right, all, batches := 0, 0, 0
	for batch := range slices.Chunk(held, size[0]) {
		m.fill(g, batch, r)
		g.Run()
		loss += g.Scalar(g.loss)
		batches++
		for i, want := range g.Value(g.labels) {
			if want < 0 {
				continue
			}
			if all++; likeliest(g.Value(g.logits)[i*m.size:(i+1)*m.size]) == int32(want) {
				right++
			}
		}
		for b := range min(20, len(batch)) {
			if batches > 1 {
				break
			}
			var seen, filled []int32
			for i := range batch[b] {
				at := b*size[1] + i
				id := int32(g.Value(g.tokens)[at])
				seen = append(seen, id)
				if g.Value(g.labels)[at] >= 0 {
					id = likeliest(g.Value(g.logits)[at*m.size : (at+1)*m.size])
				}
				filled = append(filled, id)
			}
			samples += fmt.Sprintf("%s\n%s\n\n", t.Decode(seen), t.Decode(filled))
		}
	}
	return loss / float64(batches), float64(right) / float64(all), samples
}
