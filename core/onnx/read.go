package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"lab/core"
	"lab/core/onnx/pb"
)

// Read reads an ONNX file. External data is looked for in the file's folder.
func Read(path string) (*Model, error) {
	b, err := readFile(path, pb.MaxSize)
	if err != nil {
		return nil, err
	}
	m, err := Decode(b, filepath.Dir(path))
	if err != nil {
		return nil, about(text(path), err)
	}
	return m, nil
}

// Decode reads the bytes of an ONNX file. External data is looked for in dir and
// below; with "" a model that has some is refused. The model keeps no reference
// to b but for the bodies of control-flow nodes.
func Decode(b []byte, dir string) (*Model, error) {
	file, err := pb.Unmarshal(b)
	if err != nil {
		return nil, about(text("not an ONNX file"), err)
	}
	if file.Graph == nil {
		return nil, bad("not an ONNX file: it holds no graph")
	}
	d := decoder{file: file, model: &Model{}, folder: folder{dir: dir}}
	defer d.folder.close()
	for _, step := range []func() error{d.header, d.names, d.order, d.normalize, d.record} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return d.model, nil
}

// decoder is the state of reading one file, handed from step to step.
type decoder struct {
	file     *pb.Model
	model    *Model
	folder   folder
	elements int    // of all weights so far
	copied   int    // of those, copied from others
	nodes    []step // still to be recorded, in order
}

// step is a node of the file and where it stands there.
type step struct {
	*pb.Node
	index int
}

// header reads what is said of the model as a whole.
func (d *decoder) header() error {
	f, m := d.file, d.model
	if f.IRVersion < 1 {
		return bad("not an ONNX file: it has IR version %d", f.IRVersion)
	}
	m.Name, m.IRVersion = f.Graph.Name, f.IRVersion
	m.Producer = strings.TrimSpace(f.ProducerName + " " + f.ProducerVersion)
	m.Opsets = map[string]int64{}
	for _, o := range f.OpsetImports {
		domain := domainOf(o.Domain)
		if _, twice := m.Opsets[domain]; twice {
			return bad("the model imports the opset of domain %q twice", domain)
		}
		if o.Version < 1 {
			return bad("the model imports version %d of domain %q", o.Version, domain)
		}
		m.Opsets[domain] = o.Version
	}
	if len(f.OpsetImports) == 0 && f.IRVersion < 3 {
		m.Opsets[""] = 1 // IR versions 1 and 2 had no opset_import
	}
	m.Metadata = map[string]string{}
	for _, e := range f.MetadataProps {
		if _, twice := m.Metadata[e.Key]; twice {
			return bad("the model has the metadata %q twice", e.Key)
		}
		m.Metadata[e.Key] = e.Value
	}
	return nil
}

// domainOf is the one spelling of a domain: "ai.onnx" is the default one.
func domainOf(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// about puts the node before an error.
func (d *decoder) about(s step, err error) error {
	domain := domainOf(s.Domain)
	return about(text(describe(s.index, s.Name, domain, s.OpType, d.model.Opsets[domain])), err)
}

// names reads inputs, outputs and initialisers. Up to IR version 3 initialisers
// had to be among the inputs as well, as a default that a caller may replace;
// they are parameters here, whatever the version.
func (d *decoder) names() error {
	g, m := d.file.Graph, d.model
	if len(g.SparseInitializers) > 0 {
		return bad("sparse initialisers are not supported")
	}
	parameter := make(map[string]bool, len(g.Initializers))
	for _, t := range g.Initializers {
		what := text(fmt.Sprintf("initialiser %q", t.Name))
		switch {
		case t.Name == "":
			return bad("an initialiser has no name")
		case parameter[t.Name]:
			return bad("%v is given twice", what)
		case !utf8.ValidString(t.Name):
			return bad("the name %q of an initialiser is not UTF-8", t.Name)
		}
		parameter[t.Name] = true
		w, err := d.weight(t)
		if err != nil {
			return about(what, err)
		}
		m.Initializers = append(m.Initializers, w)
	}
	seen := make(map[string]bool, len(g.Inputs))
	for _, p := range g.Inputs {
		switch {
		case p.Name == "":
			return bad("an input has no name")
		case seen[p.Name]:
			return bad("input %q is given twice", p.Name)
		case !utf8.ValidString(p.Name):
			return bad("the name %q of an input is not UTF-8", p.Name)
		}
		seen[p.Name] = true
		if parameter[p.Name] {
			continue
		}
		v, err := value(p)
		if err != nil {
			return about(text(fmt.Sprintf("input %q", p.Name)), err)
		}
		m.Inputs = append(m.Inputs, v)
	}
	if len(g.Outputs) == 0 {
		return bad("the model has no outputs")
	}
	for _, p := range g.Outputs {
		v, err := value(p)
		if err != nil {
			return about(text(fmt.Sprintf("output %q", p.Name)), err)
		}
		m.Outputs = append(m.Outputs, v)
	}
	return nil
}

// readFile reads a regular file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil, bad("%s: there is no such file", path)
	case err != nil:
		return nil, &core.Error{Kind: core.Usage, Msg: path, Err: cause(err)}
	case !info.Mode().IsRegular():
		return nil, bad("%s: is no regular file", path)
	case info.Size() > limit:
		return nil, bad("%s: has %d bytes, more than the %d that are allowed", path, info.Size(), limit)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: path, Err: cause(err)}
	}
	return b, nil
}
