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
// below; with "" a model that has some is refused. The model refers to b, which must
// not be changed while it is in use.
func Decode(b []byte, dir string) (*Model, error) {
	file, err := pb.Unmarshal(b)
	if err != nil {
		return nil, about(text("not an ONNX file"), err)
	}
	if file.Graph == nil {
		return nil, bad("not an ONNX file: it holds no graph")
	}
	d := decoder{folder: folder{dir: dir}}
	defer d.folder.close()
	m := &Model{file: file}
	if err := m.header(file); err != nil {
		return nil, err
	}
	if d.functions, err = functions(file); err != nil {
		return nil, err
	}
	r := reader{decoder: &d, file: file.Graph, opsets: m.Opsets, out: &m.Graph}
	if err := r.read(); err != nil {
		return nil, err
	}
	return m, nil
}

// decoder is the state of reading one file, shared by its graphs.
type decoder struct {
	folder    folder
	functions map[callee]*pb.Function
	elements  int // of all weights so far
	copied    int // of those, what is in the file once for several
	inlined   int // calls of functions so far
	nodes     int // that they stand for
}

// header reads what is said of the model as a whole.
func (m *Model) header(f *pb.Model) (err error) {
	if f.IRVersion < 1 {
		return bad("not an ONNX file: it has IR version %d", f.IRVersion)
	}
	m.IRVersion = f.IRVersion
	m.Producer = strings.TrimSpace(f.ProducerName + " " + f.ProducerVersion)
	if m.Opsets, err = opsetsOf(f.OpsetImports); err != nil {
		return about(text("the model"), err)
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

// opsetsOf is the versions by domain.
func opsetsOf(imports []*pb.OpsetID) (map[string]int64, error) {
	opsets := map[string]int64{}
	for _, o := range imports {
		domain := domainOf(o.Domain)
		if _, twice := opsets[domain]; twice {
			return nil, fmt.Errorf("imports the opset of domain %q twice", domain)
		}
		if o.Version < 1 {
			return nil, fmt.Errorf("imports version %d of domain %q", o.Version, domain)
		}
		opsets[domain] = o.Version
	}
	return opsets, nil
}

// domainOf is the one spelling of a domain: "ai.onnx" is the default one.
func domainOf(domain string) string {
	if domain == "ai.onnx" {
		return ""
	}
	return domain
}

// about puts the node before an error.
func (r *reader) about(s step, err error) error {
	domain := domainOf(s.Domain)
	return about(text(describe(s.index, s.Name, domain, s.OpType, s.opsets[domain])), err)
}

// names reads inputs, outputs and initialisers. Up to IR version 3 initialisers
// had to be among the inputs as well, as a default that a caller may replace;
// they are parameters here, whatever the version.
func (r *reader) names() error {
	g, m := r.file, r.out
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
		w, err := r.weight(t, r.again)
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
	switch {
	case len(g.Outputs) > 0:
	case r.outer == nil:
		return bad("the model has no outputs")
	default:
		return fmt.Errorf("a body has no outputs")
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
