package transformer

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"lab/core"
	"lab/core/data/token"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

func isTSV(name string) bool {
	return strings.HasSuffix(strings.TrimSuffix(name, ".gz"), ".tsv")
}

// pretrained is an encoder from a file, lab's or another's, with a new head: the mean of
// its hidden states [B,T,E] over a text's tokens becomes logits.
type pretrained struct {
	*exchange.Net
	hidden int // which output has the states
	head   *nn.Linear
	params *graph.Params // of the head
	width  int
}

// openPretrained reads an encoder and its tokenizer: of the file's metadata, or
// tokenizer.json beside it.
func openPretrained(path string) (*onnx.Model, *token.Tokenizer, error) {
	m, err := onnx.Read(path)
	if err != nil {
		return nil, nil, err
	}
	b := []byte(m.Metadata["lab.tokenizer"])
	if len(b) == 0 {
		beside := filepath.Join(filepath.Dir(path), "tokenizer.json")
		if b, err = os.ReadFile(beside); err != nil {
			return nil, nil, &core.Error{Kind: core.Usage, Msg: "from=" + path + " says nothing of its tokens", Err: err, Try: "a run of recipe=bert, or tokenizer.json of Hugging Face's tokenizers beside the file"}
		}
	}
	t, err := token.Parse(b)
	if err != nil {
		return nil, nil, &core.Error{Kind: core.Usage, Msg: "from=" + path, Err: err}
	}
	return m, t, nil
}

// contextOf is how many tokens an encoder takes at once: what its file says, or, of files
// from elsewhere, the longest text, halved as often as need be, that it can be built for.
func contextOf(m *onnx.Model) (int, error) {
	var a architecture
	if err := json.Unmarshal([]byte(m.Metadata["lab.architecture"]), &a); err == nil && a.Context > 0 {
		return a.Context / 8 * 8, nil
	}
	p, err := newPretrained(m, 1, rand.New(rand.NewPCG(0, 0)), false)
	if err != nil {
		return 0, err
	}
	n := longestLabelled
	for ; n > shortestBuilt; n /= 2 {
		if _, _, err := p.states(graph.New(), 1, n); err == nil {
			break
		}
	}
	return n, nil
}

// newPretrained prepares the model for a number of labels. Drawn anew, its weights are
// as if it had never been trained: matrices by Glorot & Bengio (2010).
func newPretrained(m *onnx.Model, labels int, r *rand.Rand, anew bool) (*pretrained, error) {
	net, err := exchange.Load(m)
	if err != nil {
		return nil, err
	}
	p := &pretrained{Net: net, hidden: -1}
	for i, o := range m.Outputs {
		if strings.Contains(o.Name, "hidden") || p.hidden < 0 && len(o.Dims) == 3 {
			p.hidden = i
		}
	}
	if p.hidden < 0 {
		return nil, &core.Error{Kind: core.Usage, Msg: "the model has no output [batch, sequence, width] of hidden states", Try: "a run of recipe=bert"}
	}
	if anew {
		for _, q := range net.Params.All() {
			v := q.Value()
			switch {
			case q.Buffer:
			case len(q.Shape) > 1:
				nn.XavierNormal(1)(r, q.Shape, v)
			case strings.HasSuffix(q.Name, "weight"): // of a norm
				for i := range v {
					v[i] = 1
				}
			default:
				clear(v)
			}
		}
	}
	states, _, err := p.states(graph.New(), 1, shortestBuilt)
	if err != nil {
		return nil, err
	}
	p.width = states.Shape()[len(states.Shape())-1]
	s := nn.NewScope(r)
	p.head, p.params = nn.NewLinear(s.Sub("classifier"), p.width, labels, true), s.Params
	return p, nil
}

// states adds the encoder to a graph: its hidden states of the input "tokens".
func (p *pretrained) states(g *graph.Graph, batch, length int) (states, tokens *graph.Node, err error) {
	tokens = g.Input("tokens", batch, length)
	var in []exchange.Port
	for i, input := range p.Model.Inputs {
		node := tokens
		switch name := input.Name; {
		case name == "attention_mask":
			node = graph.Less(g.Scalar(padding), tokens)
		case name == "token_type_ids":
			node = g.Full(0, batch, length)
		case i > 0 && name != "input_ids" && name != "tokens":
			return nil, nil, &core.Error{Kind: core.Usage, Msg: "the model wants an input " + name, Try: "an encoder of tokens, perhaps with attention_mask and token_type_ids"}
		}
		in = append(in, exchange.Port{Name: input.Name, Node: node, Whole: true})
	}
	out, err := p.Apply(in...)
	if err != nil {
		return nil, nil, err
	}
	states = out[p.hidden]
	if s := states.Shape(); len(s) != 3 || s[0] != batch || s[1] != length {
		return nil, nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("the model's output %s has the shape %v of %d texts of %d tokens", p.Model.Outputs[p.hidden].Name, s, batch, length)}
	}
	return states, tokens, nil
}

// classify gives the mean states [B,E] of texts and their logits [B,labels].
func (p *pretrained) classify(g *graph.Graph, batch, length int) (mean, logits, tokens *graph.Node, err error) {
	states, tokens, err := p.states(g, batch, length)
	if err != nil {
		return nil, nil, nil, err
	}
	mask := graph.Reshape(graph.Less(g.Scalar(padding), tokens), batch, length, 1)
	count := graph.Max(graph.Sum(mask, 1), g.Scalar(1))            // [B,1]
	mean = graph.Div(graph.Sum(graph.Mul(states, mask), 1), count) // [B,E]
	return mean, p.head.Forward(mean), tokens, nil
}

// reading is the classifier over a batch of texts of one length.
type reading struct {
	*vm.Program
	tokens, labels     *graph.Node // [B,T], [B]
	mean, logits, loss *graph.Node // [B,E], [B,labels], ()
	length             int
}

// readings are programs by length, to train with or to judge with.
func (p *pretrained) readings(batch int, train bool) *vm.Cache[int, reading] {
	return vm.NewCache(16, func(length int) (r reading, err error) {
		g := graph.New()
		r.length = length
		if r.mean, r.logits, r.tokens, err = p.classify(g, batch, length); err != nil {
			return r, err
		}
		if !train {
			r.Program, err = vm.Compile([]*graph.Node{r.mean, r.logits})
			return r, err
		}
		r.labels = g.Input("labels", batch)
		r.loss = nn.CrossEntropy(r.logits, r.labels, nn.IgnoreIndex(-1))
		r.Program, err = vm.Compile([]*graph.Node{r.loss}, graph.Backward(r.loss, p.Params, p.params))
		return r, err
	})
}

// labelled is a text in numbers.
type labelled struct {
	tokens []int32
	label  int32
}

func (r reading) fill(batch []labelled) {
	tokens := r.Value(r.tokens)
	clear(tokens)
	for b := range r.tokens.Shape()[0] {
		if tokens[b*r.length] = unknown; b < len(batch) {
			fill(tokens[b*r.length:], batch[b].tokens)
		}
	}
	if r.labels == nil {
		return
	}
	labels := r.Value(r.labels)
	for b := range labels {
		if labels[b] = -1; b < len(batch) {
			labels[b] = float32(batch[b].label)
		}
	}
}

// each runs the classifier over all texts, in batches of about one length.
func each(programs *vm.Cache[int, reading], set []labelled, batch int, f func(l labelled, mean, logits []float32)) error {
	for _, texts := range byTokens(set, batch) {
		r, err := programs.For(longestText(texts))
		if err != nil {
			return err
		}
		r.fill(texts)
		r.Run()
		e, k := r.mean.Shape()[1], r.logits.Shape()[1]
		for b, l := range texts {
			f(l, r.Value(r.mean)[b*e:(b+1)*e], r.Value(r.logits)[b*k:(b+1)*k])
		}
	}
	return nil
}

// prototypes classify without training: a text belongs to the label whose examples'
// mean is nearest to it, by the cosine from the mean of all (Snell, Swersky & Zemel
// 2017 with the distance of Vinyals et al. 2016).
type prototypes struct {
	centre []float64
	means  [][]float64
}

func newPrototypes(programs *vm.Cache[int, reading], shots []labelled, labels, width, batch int) (*prototypes, error) {
	p := &prototypes{centre: make([]float64, width), means: make([][]float64, labels)}
	counts := make([]float64, labels)
	for i := range p.means {
		p.means[i] = make([]float64, width)
	}
	err := each(programs, shots, batch, func(l labelled, mean, _ []float32) {
		counts[l.label]++
		for i, x := range mean {
			p.means[l.label][i] += float64(x)
			p.centre[i] += float64(x) / float64(len(shots))
		}
	})
	for k, m := range p.means {
		for i := range m {
			m[i] = m[i]/math.Max(1, counts[k]) - p.centre[i]
		}
	}
	return p, err
}

func (p *prototypes) label(mean []float32) (best int32) {
	most := math.Inf(-1)
	for k, m := range p.means {
		dot, length := 0.0, 0.0
		for i, x := range m {
			dot += x * (float64(mean[i]) - p.centre[i])
			length += x * x
		}
		if cos := dot / math.Sqrt(length+1e-12); cos > most {
			best, most = int32(k), cos
		}
	}
	return best
}
