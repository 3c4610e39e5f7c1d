package gan

import (
	"io"
	"os"
	"path/filepath"

	"lab/core"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
)

// named is a network by the name of its file.
type named struct {
	name   string
	params *graph.Params
}

// startFrom sets a run's networks to those of an earlier run, if it shall start from
// one: the first is the file given, the others lie beside it as NAME.onnx.
func startFrom(s *family.Session, first *graph.Params, others ...named) error {
	if s.From() == "" {
		return nil
	}
	if err := load(s.From(), first); err != nil {
		return err
	}
	for _, n := range others {
		path := filepath.Join(filepath.Dir(s.From()), n.name+".onnx")
		if _, err := os.Stat(path); err != nil {
			s.Warnf("no %s.onnx beside %s: the %s starts afresh", n.name, s.From(), n.name)
			continue
		}
		if err := load(path, n.params); err != nil {
			return err
		}
	}
	return nil
}

func load(path string, params *graph.Params) error {
	m, err := onnx.Read(path)
	if err != nil {
		return err
	}
	if err := params.LoadStateDict(m.StateDict()); err != nil {
		return &core.Error{Kind: core.Usage, Msg: "from=" + path, Err: err, Try: "the recipe and the sizes that the file was trained with"}
	}
	return nil
}

// save writes a network of the recipe as NAME.onnx, with further facts about it in pairs.
func save(s *family.Session, recipe, name string, model exchange.Model, facts ...string) error {
	b, err := exchange.Export("gan-"+recipe+"-"+name, onnx.DefaultOpset, exchange.Batch, model)
	if err != nil {
		return err
	}
	b.SetMetadata("lab.family", "gan")
	b.SetMetadata("lab.recipe", recipe)
	for i := 0; i < len(facts); i += 2 {
		b.SetMetadata(facts[i], facts[i+1])
	}
	file, err := b.Encode()
	if err != nil {
		return err
	}
	return s.SaveModel(name, 0, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}
