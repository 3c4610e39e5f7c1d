package onnx

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core"
)

// FuzzDecode mutates real models. Whatever comes of it is a model whose parts
// are consistent, or one line of error; never a panic.
func FuzzDecode(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.onnx")
	debian, _ := filepath.Glob(debianModels)
	for i := 0; i < len(debian); i += 20 {
		paths = append(paths, debian[i])
	}
	for _, p := range paths {
		if b, err := os.ReadFile(p); err == nil && len(b) < 16<<10 {
			f.Add(b)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Decode(b, "testdata")
		if err != nil {
			if core.KindOf(err) != core.Usage || strings.Contains(err.Error(), "\n") {
				t.Fatalf("not one line for the user: %q", err)
			}
			if strings.Contains(err.Error(), "onnx-go") {
				t.Fatalf("recorded something else than the file: %v", err)
			}
			return
		}
		known := map[string]bool{}
		for _, v := range m.Inputs {
			known[v.Name] = true
		}
		for _, w := range append(m.Initializers, m.Constants...) {
			known[w.Name] = true
			if v := w.Tensor; v != nil && (v.Shape.Size() != len(v.F)+len(v.I) || (v.F == nil) == (v.I == nil)) {
				t.Fatalf("%s: %v values for %v", w.Name, len(v.F)+len(v.I), v.Shape)
			}
		}
		for _, n := range m.Nodes {
			for _, name := range n.Inputs {
				if name != "" && !known[name] {
					t.Fatalf("%v reads %q, which comes later or never", n, name)
				}
			}
			for _, name := range n.Outputs {
				known[name] = true
			}
		}
		for _, v := range m.Outputs {
			if !known[v.Name] {
				t.Fatalf("output %q is not defined", v.Name)
			}
		}
	})
}
