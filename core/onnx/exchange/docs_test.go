package exchange_test

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"lab/core/onnx/exchange"
)

//go:generate go test -run TestDocs -update

var update = flag.Bool("update", false, "write docs/onnx.md anew")

// TestOperators compares the registry with ONNX's own list of operators: every version of
// a supported operator is known, with its inputs.
func TestOperators(t *testing.T) {
	file, err := os.Open("testdata/operators.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	type version struct {
		since       int64
		least, most int
	}
	defined := map[string][]version{}
	newest := int64(0)
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var name string
		var v version
		if _, err := fmt.Sscan(lines.Text(), &name, &v.since, &v.least, &v.most); err != nil {
			t.Fatal(err)
		}
		defined[name] = append(defined[name], v)
		newest = max(newest, v.since)
	}
	if newest != exchange.Newest {
		t.Errorf("the newest opset is %d, Newest is %d", newest, exchange.Newest)
	}
	for _, op := range exchange.Operators() {
		have := map[int64]exchange.Version{}
		for _, v := range op.Versions {
			have[v.Since] = v
		}
		for _, d := range defined[op.Name] {
			v, ok := have[d.since]
			if !ok {
				t.Errorf("%s: version %d is not known", op.Name, d.since)
			} else if v.Least != d.least && !(d.least == 0 && v.Least == 1) || v.Most != d.most && !(d.most == 1<<20 && v.Most >= d.most) {
				t.Errorf("%s: version %d has %d to %d inputs, not %d to %d", op.Name, d.since, d.least, d.most, v.Least, v.Most)
			}
			delete(have, d.since)
		}
		for since := range have {
			t.Errorf("%s: there is no version %d", op.Name, since)
		}
	}
}

const docs, begin, end = "../../../docs/onnx.md", "<!-- operators: go generate ./core/onnx/exchange -->\n", "<!-- end -->\n"

// TestDocs checks that docs/onnx.md lists the operators of the registry.
func TestDocs(t *testing.T) {
	old, err := os.ReadFile(docs)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := bytes.Cut(old, []byte(begin))
	_, after, ok2 := bytes.Cut(rest, []byte(end))
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the operators", docs)
	}
	var b bytes.Buffer
	b.Write(before)
	b.WriteString(begin)
	b.WriteString("| operator | versions | in a graph |\n|---|---|---|\n")
	for _, op := range exchange.Operators() {
		var v []string
		for _, x := range op.Versions {
			v = append(v, fmt.Sprint(x.Since))
		}
		in := "yes"
		if op.Host {
			in = "of known values"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", op.Name, strings.Join(v, " "), in)
	}
	b.WriteString(end)
	b.Write(after)
	if slices.Equal(b.Bytes(), old) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: go generate ./core/onnx/exchange", docs)
	}
	if err := os.WriteFile(docs, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}
