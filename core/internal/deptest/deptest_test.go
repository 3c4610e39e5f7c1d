package deptest

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"
)

type pkg struct {
	ImportPath string
	Standard   bool
	Imports    []string // direct
	Deps       []string // closure
}

// load lists every package of the module with its direct imports and closure.
func load(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Standard,Imports,Deps", "lab/...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

// below reports whether path is dir or lies below it.
func below(path string, dirs ...string) bool {
	for _, d := range dirs {
		if path == d || strings.HasPrefix(path, d+"/") {
			return true
		}
	}
	return false
}

// One importer for each heavy dependency.
var owners = []struct {
	dep    string
	owners []string
	reason string
}{
	{"gorgonia.org/gorgonia", []string{"lab/core/graph", "lab/core/vm", "lab/core/onnx", "lab/bench/stock"},
		"the rest of lab sees graph's own node type, so that Gorgonia can be understood, and pinned, in one place; bench/stock is Gorgonia as a peer to measure against"},
	{"github.com/owulveryck/onnx-go", []string{"lab/core/onnx"},
		"onnx-go is fed a skeleton that only core/onnx knows how to make"},
	{"github.com/mattn/go-sqlite3", []string{"lab/tracker"},
		"the database has one owner; everyone else asks the tracker"},
	{"github.com/parquet-go/parquet-go", []string{"lab/tracker/table"},
		"a file format among others; its types stay behind the writer"},
	{"github.com/hashicorp/go-plugin", []string{"lab/core/family", "lab/core/host", "lab/core/internal/wire"},
		"the transport can change without any recipe noticing"},
	{"google.golang.org/grpc", []string{"lab/core/family", "lab/core/host", "lab/core/internal/wire"},
		"the transport can change without any recipe noticing"},
	{"lab/core/internal/wire", []string{"lab/core/family", "lab/core/host"},
		"protobuf types stay behind the two ends of the wire"},
	{"lab/core/internal/kernel", []string{"lab/core/graph", "lab/core/vm", "lab/core/optim"},
		"kernels trust their arguments; only code that checks shapes may call them"},
}

// What a package's closure must not hold.
var closures = []struct {
	pkg, dep, reason string
}{
	{"lab/plugins", "lab/core/host", "a plugin is written against the SDK; it must build without the host"},
	{"lab/plugins", "lab/tracker", "a recipe never opens the tracker; the event stream is its only way out"},
	{"lab/plugins", "github.com/mattn/go-sqlite3", "a plugin's binary holds no database"},
	{"lab/core/family", "lab/core/host", "the SDK must not drag the host in"},
	{"lab/core/family", "lab/core/internal/kernel", "a third-party plugin links the SDK and no kernels; what programs tell of themselves goes through core/profile"},
	{"lab/core/profile", "lab/core", "vm and family meet in it; it knows neither, nor anything of lab"},
	{"lab/core/host", "lab/tracker", "host and tracker meet in cmd/lab, through core.Sink"},
	{"lab/core/host", "lab/core/graph", "the host starts plugins; it does not compute"},
	{"lab/tracker", "lab/core/host", "host and tracker meet in cmd/lab, through core.Sink"},
	{"lab/tracker", "lab/core/graph", "reports are read from the database; nothing is computed"},
	{"lab/core/internal/kernel", "lab/core/graph", "kernels know memory, not graphs"},
	{"lab/core/graph", "lab/core/vm", "a graph does not know how it is run"},
	{"lab/core/graph", "lab/core/nn", "layers are built from ops, never the other way"},
	{"lab/core/data", "lab/core/graph", "data is numbers and shapes"},
}

// Packages that only tests import: a conformance suite holds both ends of what it
// checks.
var suites = []string{"lab/core/family/familytest", "lab/core/graph/graphtest", "lab/core/onnx/exchange/exchangetest"}

// suiteCommands are the commands that are a suite: lab plugin test.
var suiteCommands = map[string]string{"lab/cmd/lab": "lab/core/family/familytest"}

func TestImportRules(t *testing.T) {
	pkgs := load(t)
	if len(pkgs) < 3 {
		t.Fatalf("only %d packages listed", len(pkgs))
	}
	for _, p := range pkgs {
		for _, imp := range p.Imports {
			if imp == "C" {
				continue
			}
			for _, o := range owners {
				if below(imp, o.dep) && !below(p.ImportPath, append(o.owners, o.dep)...) {
					t.Errorf("%s imports %s; only %v may: %s", p.ImportPath, imp, o.owners, o.reason)
				}
			}
			if below(imp, suites...) && suiteCommands[p.ImportPath] != imp {
				t.Errorf("%s imports %s: a conformance suite is for tests", p.ImportPath, imp)
			}
			if below(imp, "lab/cmd") {
				t.Errorf("%s imports %s: the command is the top; nothing imports it", p.ImportPath, imp)
			}
			if below(imp, "lab/plugins") && below(p.ImportPath, "lab/plugins") && family(imp) != family(p.ImportPath) {
				t.Errorf("%s imports %s: families meet through ONNX files and the tracker only", p.ImportPath, imp)
			}
			if (p.ImportPath == "lab/core" || p.ImportPath == "lab/core/tensor") && strings.Contains(imp, ".") {
				t.Errorf("%s imports %s: the shared nouns use the standard library only", p.ImportPath, imp)
			}
		}
		for _, dep := range p.Deps {
			for _, c := range closures {
				if below(p.ImportPath, c.pkg) && below(dep, c.dep) && !below(dep, c.pkg) && !below(p.ImportPath, suites...) {
					t.Errorf("%s reaches %s: %s", p.ImportPath, dep, c.reason)
				}
			}
		}
	}
}

// family is the folder below plugins/ that a package lies in.
func family(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, "lab/plugins/"), "/")
	return name
}
