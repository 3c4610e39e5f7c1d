package transformer

// Sequences to sequences: Vaswani et al., "Attention Is All You Need" (2017), with
// scheduled sampling (Bengio et al. 2015; for transformers Mihaylova & Martins 2019) and
// non-autoregressive decoding (Gu et al. 2018, without their fertilities).
//
// What to expect of the defaults, sorting five to ten digits, in half a minute: exact
// at least 98 %, autoregressive or not. Pronouncing English (data=cmudict batch_size=64
// steps=2500 lr=3e-3), in some minutes: a phoneme error rate of 12 %, more all at once.

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data/text"
	"lab/core/data/token"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/optim"
	"lab/core/vm"
)

type seq2seqParams struct {
	Mode      string `default:"train" enum:"train,translate" doc:"train, or make a target of the prompt with the model of from=RUN"`
	Data      string `default:"sort" doc:"pairs: sort, reverse, add, cmudict, cldr-de, cldr-fr, cldr-zh, or the path of lines source TAB target"`
	Unit      string `default:"char" enum:"char,word" doc:"tokens of a file of your own"`
	MinLength int    `default:"5" min:"1" doc:"digits at least, of sort and reverse"`
	MaxLength int    `default:"10" min:"1" max:"64" doc:"digits at most"`
	Decoding  string `default:"autoregressive" enum:"autoregressive,parallel" doc:"a token at a time from those before it, or all at once"`
	Beams     int    `default:"1" min:"1" max:"32" doc:"sequences followed at once; 1 is greedy"`
	stepsParams
	Layers int `default:"2" min:"1" doc:"blocks of the encoder, and of the decoder"`
	networkParams
	ScheduledSampling float64 `default:"0" min:"0" max:"1" doc:"share of the decoder's inputs that are its own guesses in the end; 0 is teacher forcing"`
	LR                float64 `default:"2e-3" min:"0" doc:"AdamW's learning rate: constant for half of the steps, then linearly to 0"`
	WarmUp            int     `default:"50" min:"0" doc:"steps up to the learning rate"`
	Prompt            string  `default:"" doc:"what to translate, with mode=translate"`
}

var seq2seq = family.NewRecipe("seq2seq", "encoder and decoder: sequences become other sequences", trainSeq2Seq,
	family.Metric("error_rate", "", core.Lower, "edits that the test targets need, per token of them; of phonemes the phoneme error rate"),
	family.Metric("exact", "", core.Higher, "share of test targets without any error"),
	family.Metric("val_error_rate", "", core.Lower, "edits per token on the pairs held out to choose by"),
	family.Metric("val_exact", "", core.Higher, "share of them without any error"),
	family.Metric("teacher_forced", "", core.Higher, "share of their tokens that are right after the right ones"),
	family.Metric("free_running", "", core.Higher, "share that are right after the model's own: the difference is exposure bias"),
	family.Metric("train_loss", "nats", core.Neutral, "cross-entropy of a batch"),
	family.Data(text.PairSets...), family.StartsFrom(), family.Resumes())

func trainSeq2Seq(s *family.Session, p seq2seqParams) error {
	vm.SetThreads(s.Threads())
	if p.Mode == "translate" {
		return translate(s, p)
	}
	set, err := text.OpenPairs(p.Data, s.DataDir(), text.PairOptions{MinLength: p.MinLength, MaxLength: p.MaxLength, Unit: p.Unit})
	if err != nil {
		return err
	}
	model, v, err := newSeq2Seq(s, p, set)
	if err != nil {
		return err
	}
	longest := model.Context
	train, val, test := v.encode(s, set.Train, longest), v.encode(s, set.Val, longest), v.encode(s, set.Test, longest)
	if len(train) == 0 || len(val) == 0 || len(test) == 0 {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("no pairs of %s are left", p.Data), Try: "shorter lines, or a model of a longer context"}
	}
	recordFacts(s, set.Source, model.Params.Count())
	s.Fact("data.split", fmt.Sprintf("%d train, %d val, %d test", len(train), len(val), len(test)))

	steps := vm.NewCache(32, func(size [2]int) (t teaching, err error) {
		t = newTeaching(model, p.BatchSize, size, true)
		if t.Program, err = vm.Compile([]*graph.Node{t.loss}, graph.Backward(t.loss, model.Params)); err == nil {
			t.Named("step")
		}
		return t, err
	})
	guesses := vm.NewCache(32, func(size [2]int) (t teaching, err error) {
		t = newTeaching(model, p.BatchSize, size, false)
		if t.Program, err = vm.Compile([]*graph.Node{t.logits}); err == nil {
			t.Named("guess")
		}
		return t, err
	})
	adam := optim.NewAdamW(model.Params, p.LR)
	adam.Beta2 = 0.98
	clip := optim.NewClip(model.Params)
	schedule := func(step int) float64 {
		up, down := float64(step+1)/float64(p.WarmUp+1), 2*(1-float64(step)/float64(p.Steps))
		return p.LR * min(1, up, down)
	}
	judge := newDecoder(model, longest, p.Beams, judgeBatch)

	mix := s.Rand("scheduled sampling")
	pairs := &dealt[pairIDs]{deal: func(epoch int) [][]pairIDs { return alike(train, p.BatchSize, s.Seed(), uint64(epoch-1)) }}
	loop := family.Loop{Steps: p.Steps, PerEpoch: (len(train) + p.BatchSize - 1) / p.BatchSize, Samples: p.BatchSize, Batches: []family.Batches{pairs},
		State: checkpoint.Parts{"model": model.Params, "adamw": adam}, Resumed: steps.SetRuns}
	for step := range loop.Run(s) {
		size := paddedPair(pairs.batch(), model)
		t, err := steps.For(size)
		if err != nil {
			return err
		}
		t.fill(pairs.batch())
		if share := p.ScheduledSampling * float64(step-1) / float64(p.Steps); share > 0 && !model.parallel {
			g, err := guesses.For(size)
			if err != nil {
				return err
			}
			g.fill(pairs.batch())
			g.Run()
			g.mix(t, mix, share)
		}
		t.Run()
		clip.Norm(1)
		adam.SetLR(schedule(step - 1))
		adam.Step()
		s.Log(step, "train_loss", t.Scalar(t.loss))
		if step%p.EvalEvery > 0 && step < p.Steps {
			continue
		}
		score, err := judgePairs(judge, val, v, set.Separator)
		if err != nil {
			return err
		}
		forced, err := teacherForced(guesses, model, val, p.BatchSize)
		if err != nil {
			return err
		}
		s.Log(step, "val_error_rate", score.errors)
		s.Log(step, "val_exact", score.exact)
		s.Log(step, "teacher_forced", forced)
		s.Log(step, "free_running", score.places)
		if err := s.Text("samples", step, score.samples); err != nil {
			return err
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	done := loop.Step()
	score, err := judgePairs(judge, test, v, set.Separator)
	if err != nil {
		return err
	}
	s.Log(done, "error_rate", score.errors)
	s.Log(done, "exact", score.exact)
	if err := s.Text("test", 0, score.samples); err != nil {
		return err
	}
	for i := range min(3, len(test)) {
		if err := showAlignment(s, model, v, test[i], fmt.Sprintf("attention-%d", i+1)); err != nil {
			return err
		}
	}
	free, file := model.exported(longest)
	what := saved{recipe: "seq2seq", architecture: model.architecture, vocabularies: map[string]*token.Vocabulary{"source": v.source, "target": v.target}}
	if model.parallel {
		what.recipe = "seq2seq-parallel"
	}
	return save(s, free, file, what)
}

// newSeq2Seq is the model and its vocabularies: new ones, or those of the file to start
// from.
func newSeq2Seq(s *family.Session, p seq2seqParams, set *text.Pairs) (*translator, sides, error) {
	scope := nn.NewScope(s.Rand("init"))
	scope.Seed = s.Seed()
	if s.From() != "" {
		file, what, err := open(s.From(), "seq2seq", "seq2seq-parallel")
		if err != nil {
			return nil, sides{}, err
		}
		v := sides{what.vocabularies["source"], what.vocabularies["target"]}
		if v.source == nil || v.target == nil {
			return nil, sides{}, &core.Error{Kind: core.Usage, Msg: s.From() + " says nothing of its vocabularies", Try: "a run of recipe=seq2seq"}
		}
		what.architecture.Dropout = p.Dropout
		m := newTranslator(scope, what.architecture, what.recipe == "seq2seq-parallel", v.source.Len(), v.target.Len())
		return m, v, load(s.From(), file, scope.Params)
	}
	var from, to [][]string
	longest := 0
	for _, pair := range set.Train {
		from, to = append(from, pair.From), append(to, pair.To)
		longest = max(longest, len(pair.From), len(pair.To)+1)
	}
	const most = 256
	a := p.architecture(p.Layers, max(16, min(most, (longest+3)/4*4)))
	if err := a.check(); err != nil {
		return nil, sides{}, err
	}
	parallel := p.Decoding == "parallel"
	if parallel && (p.Positions == "none" || p.Positions == "rotary") {
		return nil, sides{}, &core.Error{Kind: core.Usage, Msg: "all at once a target's tokens differ by their positions alone", Try: "positions=learned or sinusoidal"}
	}
	v := sides{token.Count(from, 1, sequenceTokens...), token.Count(to, 1, sequenceTokens...)}
	return newTranslator(scope, a, parallel, v.source.Len(), v.target.Len()), v, nil
}

// translate makes a target of the prompt.
func translate(s *family.Session, p seq2seqParams) error {
	if s.From() == "" || p.Prompt == "" {
		return &core.Error{Kind: core.Usage, Msg: "mode=translate needs a model and something to translate", Try: `from=@1 prompt="3 1 2"`}
	}
	model, v, err := newSeq2Seq(s, p, nil)
	if err != nil {
		return err
	}
	symbols := strings.Split(p.Prompt, "")
	if p.Unit == "word" {
		symbols = strings.Fields(p.Prompt)
	}
	source := v.source.IDs(symbols, unknown)
	if len(source) > model.Context {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("the prompt has %d tokens, the model takes %d", len(source), model.Context)}
	}
	targets, err := newDecoder(model, model.Context, p.Beams, 1).targets([][]int32{source})
	if err != nil {
		return err
	}
	words := v.spell(targets[0])
	separator := ""
	if slices.ContainsFunc(v.target.Tokens[len(sequenceTokens):], func(t string) bool { return len([]rune(t)) > 1 }) {
		separator = " "
	}
	out := strings.Join(words, separator)
	s.Printf("%s", out)
	return s.Text("translation", 0, out+"\n")
}

// pairIDs is a pair in numbers; the target ends with end.
type pairIDs struct{ source, target []int32 }

// sides are the vocabularies of sources and targets.
type sides struct{ source, target *token.Vocabulary }

// encode makes numbers of pairs, and leaves out those that are too long.
func (v sides) encode(s *family.Session, pairs []text.Pair, longest int) (out []pairIDs) {
	for _, p := range pairs {
		if len(p.From) <= longest && len(p.To) < longest && len(p.From) > 0 && len(p.To) > 0 {
			out = append(out, pairIDs{v.source.IDs(p.From, unknown), append(v.target.IDs(p.To, unknown), end)})
		}
	}
	if left := len(pairs) - len(out); left > 0 {
		s.Warnf("%d of %d pairs are left out: they have more than %d tokens on a side", left, len(pairs), longest-1)
	}
	return out
}

// spell is the tokens of a target.
func (v sides) spell(ids []int32) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = v.target.Tokens[id]
	}
	return out
}

// alike deals pairs out in batches of about one length, in an order that the seed and
// the epoch determine.
func alike(set []pairIDs, size int, seed, epoch uint64) [][]pairIDs {
	r := rand.New(rand.NewPCG(seed, epoch))
	set = slices.Clone(set)
	r.Shuffle(len(set), func(i, j int) { set[i], set[j] = set[j], set[i] })
	slices.SortStableFunc(set, func(a, b pairIDs) int {
		if d := (len(a.source)+3)/4 - (len(b.source)+3)/4; d != 0 {
			return d
		}
		return (len(a.target)+3)/4 - (len(b.target)+3)/4
	})
	batches := slices.Collect(slices.Chunk(set, size))
	r.Shuffle(len(batches), func(i, j int) { batches[i], batches[j] = batches[j], batches[i] })
	return batches
}
