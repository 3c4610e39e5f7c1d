package transformer

// A GPT: Radford et al., "Language Models are Unsupervised Multitask Learners" (2019),
// in the form and at the CPU setting of Karpathy's nanoGPT; attention as in Vaswani et
// al., "Attention Is All You Need" (2017), section 3.2.
//
// What to expect of the defaults, characters of Moby Dick, in less than two minutes on
// two cores: words that mostly exist. On tiny Shakespeare (data=tiny-shakespeare) val_loss
// 1.90 nats a character, where nanoGPT has 1.88.

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data/text"
	"lab/core/data/token"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
)

type lmParams struct {
	Mode            string `default:"train" enum:"train,generate" doc:"train, or write on from the prompt with the model of from=RUN"`
	Data            string `default:"moby-dick" doc:"text to learn: moby-dick, tiny-shakespeare, or the path of a file"`
	Tokenizer       string `default:"char" enum:"char,word,bpe" doc:"what the text is cut into"`
	Vocabulary      int    `default:"1024" min:"256" max:"32768" doc:"tokens at most, of words and bpe"`
	stepsParams     `default:"steps=2000 eval_every=500 batch_size=12"`
	Context         int `default:"64" min:"8" doc:"tokens in a window"`
	Layers          int `default:"4" min:"0" doc:"transformer blocks"`
	networkParams   `default:"width=128"`
	Window          int     `default:"0" min:"0" doc:"tokens see only those less than so many before them; 0 all"`
	LR              float64 `default:"1e-3" min:"0" doc:"AdamW's learning rate, after warm-up"`
	MinLR           float64 `default:"1e-4" min:"0" doc:"learning rate at the end of its cosine"`
	WarmUp          int     `default:"100" min:"0" doc:"steps up to the learning rate"`
	WeightDecay     float64 `default:"0.1" min:"0" doc:"of matrices"`
	ClipNorm        float64 `default:"1" min:"0" doc:"largest norm of the gradient; 0 any"`
	CheckpointEvery int     `default:"0" min:"0" doc:"steps between checkpoints; 0 writes one only when the run is stopped"`
	Prompt          string  `default:"" doc:"what samples go on from; empty: a new line"`
	Tokens          int     `default:"300" min:"1" doc:"tokens a sample has"`
	Temperature     float64 `default:"0.8" min:"0" doc:"of sampling; 0 takes the likeliest token"`
	TopK            int     `default:"200" min:"0" doc:"sample from so many of the likeliest tokens; 0 all"`
}

var lm = family.NewRecipe("lm", "language model: predicts the next token, and writes", trainLM,
	family.Metric("val_loss", "nats", core.Lower, "cross-entropy of the next token, over all of the text held out"),
	family.Metric("val_bpc", "bits", core.Lower, "the same per character, which compares tokenizers"),
	family.Metric("train_loss", "nats", core.Neutral, "cross-entropy of a batch"),
	family.Data(text.Corpora...), family.StartsFrom(), family.Resumes())

func trainLM(s *family.Session, p lmParams) error {
	vm.SetThreads(s.Threads())
	if p.Mode == "generate" {
		return generate(s, p)
	}
	corpus, err := text.OpenCorpus(p.Data, s.DataDir())
	if err != nil {
		return err
	}
	model, tokens, err := newLM(s, p, corpus)
	if err != nil {
		return err
	}
	train, val := tokens.Encode(corpus.Train), tokens.Encode(corpus.Val)
	if n := min(len(train), len(val)); n <= model.Context {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("a part of %s has %d tokens, too few for windows of %d", p.Data, n, model.Context), Try: fmt.Sprintf("context=%d", n/2)}
	}
	recordFacts(s, corpus.Source, model.Params.Count())
	s.Fact("data.tokens", fmt.Sprint(len(train)+len(val)))
	s.Fact("model.vocabulary", fmt.Sprint(tokens.Len()))

	g := graph.New()
	x, y := g.Input("x", p.BatchSize, model.Context), g.Input("y", p.BatchSize, model.Context)
	loss := nn.CrossEntropy(model.forward(x, true), y)
	program, err := vm.Compile([]*graph.Node{loss}, graph.Backward(loss, model.Params))
	if err != nil {
		return err
	}
	program.Named("step")

	adam := optim.NewAdamW(model.Params, p.LR)
	adam.Beta2, adam.WeightDecay = 0.99, p.WeightDecay
	adam.DecayOnly(optim.Matrices)
	clip := optim.NewClip(model.Params)
	schedule := optim.WarmUp(1/float64(p.WarmUp+1), p.WarmUp, optim.Cosine(p.LR, min(p.MinLR, p.LR), max(1, p.Steps-p.WarmUp)))
	judge := newJudge(model, val)
	pen, err := newWriter(model)
	if err != nil {
		return err
	}

	windows := s.Rand("windows")
	loop := p.loop(checkpoint.Parts{"model": model.Params, "adamw": adam})
	loop.CheckpointEvery, loop.Resumed = p.CheckpointEvery, program.SetRuns
	for step := range loop.Run(s) {
		for b := range p.BatchSize {
			at, row := windows.IntN(len(train)-model.Context), b*model.Context
			fill(program.Value(x)[row:], train[at:at+model.Context])
			fill(program.Value(y)[row:], train[at+1:at+model.Context+1])
		}
		program.Run()
		if p.ClipNorm > 0 {
			clip.Norm(p.ClipNorm)
		}
		adam.SetLR(schedule(step - 1))
		adam.Step()
		if expected := math.Log(float64(tokens.Len())); step == 1 && s.From() == "" && math.Abs(program.Scalar(loss)/expected-1) > 0.1 {
			s.Warnf("the first loss is %.2f; a network that knows nothing has ln %d = %.2f", program.Scalar(loss), tokens.Len(), expected)
		}
		s.Log(step, "train_loss", program.Scalar(loss))
		if !loop.EpochEnds() {
			continue
		}
		nats, err := judge.loss()
		if err != nil {
			return err
		}
		s.Log(step, "val_loss", nats)
		s.Log(step, "val_bpc", nats*float64(len(val))/float64(len([]rune(corpus.Val)))/math.Ln2)
		sample := sampler{p.Temperature, p.TopK, tokens.Special, s.Rand("samples")}
		if err := s.Text("samples", step, sampleText(pen, tokens, p, sample)); err != nil {
			return err
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	return save(s, batchAndSequence, exportGPT(model), saved{recipe: "lm", architecture: model.architecture, tokenizer: tokens})
}

// newLM is the model and its tokenizer: new ones, or those of the file to start from.
func newLM(s *family.Session, p lmParams, corpus *text.Corpus) (*gpt, *token.Tokenizer, error) {
	if s.From() != "" {
		file, what, err := open(s.From(), "lm")
		if err != nil {
			return nil, nil, err
		}
		what.architecture.Dropout = p.Dropout
		return loadGPT(s, file, what)
	}
	tokens, err := token.Train(token.Kind(p.Tokenizer), corpus.Train, p.Vocabulary)
	if err != nil {
		return nil, nil, err
	}
	a := p.architecture(p.Layers, p.Context)
	a.Window, a.Vocabulary, a.NoBias = p.Window, tokens.Len(), true
	if err := a.check(); err != nil {
		return nil, nil, err
	}
	return newGPT(s.Rand("init"), s.Seed(), a), tokens, nil
}

func loadGPT(s *family.Session, file *onnx.Model, what saved) (*gpt, *token.Tokenizer, error) {
	m := newGPT(s.Rand("init"), s.Seed(), what.architecture)
	return m, what.tokenizer, load(s.From(), file, m.Params)
}

func exportGPT(m *gpt) exchange.Model {
	return func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("tokens", n["batch"], n["sequence"])
		return []exchange.Port{{Name: "tokens", Node: x, Whole: true}}, []exchange.Port{{Name: "logits", Node: m.forward(x, false)}}
	}
}

// generate writes on from the prompt.
func generate(s *family.Session, p lmParams) error {
	if s.From() == "" {
		return &core.Error{Kind: core.Usage, Msg: "mode=generate needs a model to write with", Try: "from=@1, or another run of recipe=lm"}
	}
	file, what, err := open(s.From(), "lm")
	if err != nil {
		return err
	}
	model, tokens, err := loadGPT(s, file, what)
	if err != nil {
		return err
	}
	pen, err := newWriter(model)
	if err != nil {
		return err
	}
	start := time.Now()
	written := sampleText(pen, tokens, p, sampler{p.Temperature, p.TopK, tokens.Special, s.Rand("samples")})
	took := time.Since(start)
	s.Printf("%s", written)
	s.Printf("(%d tokens in %.2f s, %.0f a second)", p.Tokens, took.Seconds(), float64(p.Tokens)/took.Seconds())
	return s.Text("generated", 0, written)
}

// sampleText is the prompt and what the model writes after it.
func sampleText(pen *writer, tokens *token.Tokenizer, p lmParams, sample sampler) string {
	prompt := tokens.Encode(p.Prompt)
	if len(prompt) == 0 {
		prompt = tokens.Encode("\n")
	}
	all := append(slices.Clone(prompt), pen.write(prompt, p.Tokens, sample)...)
	return strings.TrimLeft(tokens.Decode(all), "\n") + "\n"
}

// judge measures the loss over a text, in windows that do not overlap.
type judge struct {
	*vm.Cache[int, judged]
	tokens  []int32
	context int
}

// judged is the loss of so many windows, summed up.
type judged struct {
	*vm.Program
	x, y, sum *graph.Node
}

const judgeBatch = 32

func newJudge(m *gpt, tokens []int32) *judge {
	build := func(n int) (j judged, err error) {
		g := graph.New()
		j.x, j.y = g.Input("x", n, m.Context), g.Input("y", n, m.Context)
		j.sum = nn.CrossEntropy(m.forward(j.x, false), j.y, nn.ReduceSum)
		if j.Program, err = vm.Compile([]*graph.Node{j.sum}); err == nil {
			j.Named("judge")
		}
		return j, err
	}
	return &judge{vm.NewCache(2, build), tokens, m.Context}
}

func (j *judge) loss() (float64, error) {
	windows := (len(j.tokens) - 1) / j.context
	sum := 0.0
	for at := 0; at < windows; at += judgeBatch {
		n := min(judgeBatch, windows-at)
		p, err := j.For(n)
		if err != nil {
			return 0, err
		}
		from, to := at*j.context, (at+n)*j.context
		fill(p.Value(p.x), j.tokens[from:to])
		fill(p.Value(p.y), j.tokens[from+1:to+1])
		p.Run()
		sum += p.Scalar(p.sum)
	}
	return sum / float64(windows*j.context), nil
}
