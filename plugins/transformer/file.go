package transformer

import (
	"encoding/json"
	"fmt"
	"io"

	"lab/core"
	"lab/core/data/text"
	"lab/core/data/token"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/vm"
)

// batchAndSequence are the free axes of models over tokens.
var batchAndSequence = append(exchange.Batch[:1:1], exchange.Free{Name: "sequence", Sizes: [2]int{5, 7}})

// saved is what a model file keeps beside the weights, as metadata: what a run that
// starts from it needs to know.
type saved struct {
	recipe       string
	architecture architecture
	tokenizer    *token.Tokenizer             // cuts the text
	vocabularies map[string]*token.Vocabulary // of tokens that are cut already
}

// save writes model.onnx, and tokenizer.json beside it where there is one.
func save(s *family.Session, free []exchange.Free, model exchange.Model, what saved) error {
	b, err := exchange.Export("transformer-"+what.recipe, onnx.DefaultOpset, free, model)
	if err != nil {
		return err
	}
	about := map[string]string{}
	keep := func(key string, what any) (text []byte, err error) {
		text, err = json.Marshal(what)
		about[key] = string(text)
		return text, err
	}
	if _, err := keep("lab.architecture", what.architecture); err != nil {
		return err
	}
	if what.tokenizer != nil {
		t, err := keep("lab.tokenizer", what.tokenizer)
		if err != nil {
			return err
		}
		if err := s.File("tokenizer.json", 0, func(w io.Writer) error { _, err := w.Write(t); return err }); err != nil {
			return err
		}
	}
	if what.vocabularies != nil {
		if _, err := keep("lab.vocabularies", what.vocabularies); err != nil {
			return err
		}
	}
	return modelfile.Save(s, "model", b, "transformer", what.recipe, about)
}

// open reads a model file that save wrote for one of the recipes.
func open(path string, recipes ...string) (*onnx.Model, saved, error) {
	m, err := onnx.Read(path)
	if err != nil {
		return nil, saved{}, err
	}
	what := saved{recipe: m.Metadata["lab.recipe"]}
	refuse := func(err error) (*onnx.Model, saved, error) {
		return nil, saved{}, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("from=%s is no model of recipe %s", path, recipes[0]), Err: err,
			Try: "a run of plugin=transformer recipe=" + recipes[0]}
	}
	known := false
	for _, r := range recipes {
		known = known || r == what.recipe
	}
	if !known || m.Metadata["lab.family"] != "transformer" {
		return refuse(nil)
	}
	if err := json.Unmarshal([]byte(m.Metadata["lab.architecture"]), &what.architecture); err != nil {
		return refuse(err)
	}
	if t := m.Metadata["lab.tokenizer"]; t != "" {
		if what.tokenizer, err = token.Parse([]byte(t)); err != nil {
			return refuse(err)
		}
	}
	if v := m.Metadata["lab.vocabularies"]; v != "" {
		if err := json.Unmarshal([]byte(v), &what.vocabularies); err != nil {
			return refuse(err)
		}
	}
	return m, what, nil
}

// load sets the parameters to those of the file.
func load(path string, m *onnx.Model, params *graph.Params) error {
	return modelfile.Set(params, m, path, "the parameters that the file was trained with")
}

func recordFacts(s *family.Session, source text.Source, parameters int) {
	s.Fact("data.name", source.Name)
	s.Fact("data.sha256", source.SHA256)
	s.Fact("model.parameters", fmt.Sprint(parameters))
	s.Fact("cpu.isa", vm.ISA())
}

// fill puts numbers of tokens into the memory of an input.
func fill(dst []float32, ids []int32) {
	for i, id := range ids {
		dst[i] = float32(id)
	}
}
