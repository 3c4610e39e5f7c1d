package transformer

// Fine-tuning: Devlin et al. (2019), section 3: what an encoder learned from many texts
// without labels, few labels put to use. Beside it, the same network from scratch on the
// same labels, and prototypes (Snell, Swersky & Zemel 2017), which train nothing.
//
// What to expect after recipe=bert with its defaults, ten names of each of eleven
// languages to learn from: accuracy about 35 %, scratch_accuracy 29 %.

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
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/picture"
	"lab/core/vm"
)

type finetuneParams struct {
	Data        string `default:"languages" doc:"labelled texts: languages, or the path of lines text TAB label"`
	Shots       int    `default:"10" min:"0" doc:"examples of each label to learn from; 0 all"`
	stepsParams `default:"steps=200 eval_every=50"`
	LR          float64 `default:"1e-3" min:"0" doc:"AdamW's learning rate, linearly to 0"`
	ScratchLR   float64 `default:"1e-3" min:"0" doc:"the same for the network from scratch"`
	WeightDecay float64 `default:"0.01" min:"0" doc:"of matrices"`
	Frozen      bool    `default:"false" doc:"train the new head alone"`
	Scratch     bool    `default:"true" doc:"also train the network from scratch, to compare with"`
}

var finetune = family.NewRecipe("finetune", "a pretrained encoder learns to classify from few labels", trainFinetune,
	family.Metric("accuracy", "", core.Higher, "share of test texts that the fine-tuned encoder labels right"),
	family.Metric("scratch_accuracy", "", core.Neutral, "the same of the network that was never pretrained"),
	family.Metric("prototype_accuracy", "", core.Neutral, "the same of the nearest mean of a label's examples, without training"),
	family.Metric("val_accuracy", "", core.Higher, "share of the texts held out to choose by"),
	family.Metric("train_loss", "nats", core.Neutral, "cross-entropy of a batch"),
	family.Data(text.LabelledSets...), family.StartsFrom(), family.Resumes())

// A text is cut off at longestLabelled tokens; an encoder has to take shortestBuilt.
const longestLabelled, shortestBuilt = 128, 8

func trainFinetune(s *family.Session, p finetuneParams) error {
	vm.SetThreads(s.Threads())
	if s.From() == "" {
		return &core.Error{Kind: core.Usage, Msg: "fine-tuning starts from a pretrained encoder", Try: "lab run plugin=transformer recipe=bert, then from=@1; or an ONNX file with tokenizer.json beside it"}
	}
	set, err := text.OpenLabelled(p.Data, s.DataDir())
	if err != nil {
		return err
	}
	file, tokens, err := openPretrained(s.From())
	if err != nil {
		return err
	}
	longest, err := contextOf(file)
	if err != nil {
		return err
	}
	labels := token.NewVocabulary(set.Labels...)
	shots := few(set.Train, p.Shots, s.Rand("shots"))
	learn, val, test := number(tokens, labels, shots, longest), number(tokens, labels, set.Val, longest), number(tokens, labels, set.Test, longest)
	s.Fact("data.split", fmt.Sprintf("%d train, %d val, %d test", len(learn), len(val), len(test)))

	tuned, err := newClassifier(file, labels.Len(), s.Rand("head"), false, p, p.LR)
	if err != nil {
		return err
	}
	recordFacts(s, set.Source, tuned.Net.Params.Count()+tuned.params.Count())
	if p.Frozen {
		tuned.body = nil
	}
	parts := checkpoint.Parts{"head": tuned.params, "head.adamw": tuned.head, "body": tuned.Net.Params}
	if tuned.body != nil {
		parts["body.adamw"] = tuned.body
	}
	runners := []*classifier{tuned}
	if p.Scratch {
		c, err := newClassifier(file, labels.Len(), s.Rand("scratch"), true, p, p.ScratchLR)
		if err != nil {
			return err
		}
		runners = append(runners, c)
		parts["scratch.head"], parts["scratch.head.adamw"], parts["scratch.body"], parts["scratch.body.adamw"] = c.params, c.head, c.Net.Params, c.body
	}
	nearest, err := newPrototypes(tuned.judges, learn, labels.Len(), tuned.width, p.BatchSize)
	if err != nil {
		return err
	}
	few, _, err := tuned.judge(test, labels.Len(), func(mean, _ []float32) int32 { return nearest.label(mean) })
	if err != nil {
		return err
	}
	s.Log(0, "prototype_accuracy", few)

	pick := s.Rand("texts")
	loop := p.loop(parts)
	for step := range loop.Run(s) {
		batch := make([]labelled, p.BatchSize)
		for b := range batch {
			batch[b] = learn[pick.IntN(len(learn))]
		}
		for i, c := range runners {
			loss, err := c.step(batch, 1-float64(step-1)/float64(p.Steps))
			if err != nil {
				return err
			}
			if i == 0 {
				s.Log(step, "train_loss", loss)
			}
		}
		if !loop.EpochEnds() {
			continue
		}
		accuracy, _, err := tuned.judge(val, labels.Len(), byLogits)
		if err != nil {
			return err
		}
		s.Log(step, "val_accuracy", accuracy)
	}
	if !loop.Finished() {
		return loop.Err()
	}
	done := loop.Step()
	for i, c := range runners {
		accuracy, confusion, err := c.judge(test, labels.Len(), byLogits)
		if err != nil {
			return err
		}
		if i > 0 {
			s.Log(done, "scratch_accuracy", accuracy)
			continue
		}
		s.Log(done, "accuracy", accuracy)
		img, err := picture.Confusion(confusion, labels.Tokens)
		if err != nil {
			return err
		}
		if err := s.Image("confusion", 0, img); err != nil {
			return err
		}
	}
	if !p.Scratch {
		s.Log(done, "scratch_accuracy", 1/float64(labels.Len()))
	}
	export := func(n exchange.Sizes) (in, out []exchange.Port) {
		_, logits, x, err := tuned.classify(graph.New(), n["batch"], n["sequence"])
		if err != nil {
			graph.Fail("finetune", "%v", err)
		}
		return []exchange.Port{{Name: "tokens", Node: x, Whole: true}}, []exchange.Port{{Name: "logits", Node: logits}}
	}
	return save(s, batchAndSequence, export, saved{recipe: "finetune", tokenizer: tokens, vocabularies: map[string]*token.Vocabulary{"labels": labels}})
}

// classifier is a network in training.
type classifier struct {
	*pretrained
	head, body    *optim.Adam // body is nil where it is frozen
	clip          *optim.Clip
	lr            float64
	steps, judges *vm.Cache[int, reading]
	batch         int
}

func newClassifier(file *onnx.Model, labels int, r *rand.Rand, anew bool, p finetuneParams, lr float64) (*classifier, error) {
	net, err := newPretrained(file, labels, r, anew)
	if err != nil {
		return nil, err
	}
	c := &classifier{pretrained: net, head: optim.NewAdamW(net.params, lr), body: optim.NewAdamW(net.Net.Params, lr), lr: lr,
		clip: optim.NewClip(net.Net.Params, net.params), steps: net.readings(p.BatchSize, true), judges: net.readings(p.BatchSize, false), batch: p.BatchSize}
	for _, a := range []*optim.Adam{c.head, c.body} {
		a.WeightDecay = p.WeightDecay
		a.DecayOnly(optim.Matrices)
	}
	return c, nil
}

// step learns from a batch at a share of the learning rate.
func (c *classifier) step(batch []labelled, share float64) (loss float64, err error) {
	r, err := c.steps.For(longestText(batch))
	if err != nil {
		return 0, err
	}
	r.fill(batch)
	r.Run()
	c.clip.Norm(1)
	for _, a := range []*optim.Adam{c.head, c.body} {
		if a != nil {
			a.SetLR(c.lr * share)
			a.Step()
		}
	}
	return r.Scalar(r.loss), nil
}

func byLogits(_, logits []float32) int32 { return likeliest(logits) }

// judge is the share of texts labelled right, and how often a label (row) was taken for
// another (column).
func (c *classifier) judge(set []labelled, labels int, label func(mean, logits []float32) int32) (float64, [][]int, error) {
	confusion := make([][]int, labels)
	for i := range confusion {
		confusion[i] = make([]int, labels)
	}
	right := 0
	err := each(c.judges, set, c.batch, func(l labelled, mean, logits []float32) {
		got := label(mean, logits)
		confusion[l.label][got]++
		if got == l.label {
			right++
		}
	})
	return float64(right) / float64(len(set)), confusion, err
}

// few takes so many examples of each label.
func few(examples []text.Example, shots int, r *rand.Rand) []text.Example {
	if shots == 0 {
		return examples
	}
	left := map[string]int{}
	var out []text.Example
	for _, i := range r.Perm(len(examples)) {
		e := examples[i]
		if n, ok := left[e.Label]; !ok {
			left[e.Label] = shots - 1
		} else if n == 0 {
			continue
		} else {
			left[e.Label]--
		}
		out = append(out, e)
	}
	return out
}

// number makes numbers of examples, cut off where a text is too long; those of labels
// that nothing is learned of are left out.
func number(t *token.Tokenizer, labels *token.Vocabulary, examples []text.Example, longest int) (out []labelled) {
	for _, e := range examples {
		ids := t.Encode(e.Text)
		if label := labels.ID(e.Label, -1); label >= 0 && len(ids) > 0 {
			out = append(out, labelled{ids[:min(longest, len(ids))], label})
		}
	}
	return out
}

// byTokens deals texts out by length.
func byTokens(set []labelled, batch int) [][]labelled {
	set = slices.Clone(set)
	slices.SortStableFunc(set, func(a, b labelled) int { return len(a.tokens) - len(b.tokens) })
	return slices.Collect(slices.Chunk(set, batch))
}

// longestText is the length of the longest text, in full eights.
func longestText(batch []labelled) int {
	n := 1
	for _, l := range batch {
		n = max(n, len(l.tokens))
	}
	return (n + 7) / 8 * 8
}
