package modelfile

import (
	"os"
	"path/filepath"

	"lab/core"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/onnx"
)

// Named are the parameters of a model by the name of its file.
type Named struct {
	Name   string
	Params *graph.Params
}

// StartFrom sets the models of a run to those of the file or of the earlier run that it
// shall start from, if any: the first is that of the file given, others lie beside it as
// NAME.onnx, and start afresh, with a warning, where they do not. What may have to be
// changed where a file does not fit, try says to the user.
func StartFrom(s *family.Session, try string, first *graph.Params, others ...Named) error {
	if s.From() == "" {
		return nil
	}
	if err := load(s.From(), try, first); err != nil {
		return err
	}
	for _, o := range others {
		path := filepath.Join(filepath.Dir(s.From()), o.Name+".onnx")
		if _, err := os.Stat(path); err != nil {
			s.Warnf("no %s.onnx beside %s: the %s starts afresh", o.Name, s.From(), o.Name)
			continue
		}
		if err := load(path, try, o.Params); err != nil {
			return err
		}
	}
	return nil
}

func load(path, try string, params *graph.Params) error {
	m, err := onnx.Read(path)
	if err != nil {
		return err
	}
	return Set(params, m, path, try)
}

// Set sets parameters to those of a file that was read. They are its initialisers of
// the same names and shapes; where they are not, the error says how they differ and
// what to try.
func Set(params *graph.Params, m *onnx.Model, path, try string) error {
	if err := params.LoadStateDict(m.StateDict()); err != nil {
		return &core.Error{Kind: core.Usage, Msg: "from=" + path, Err: err, Try: try}
	}
	return nil
}
