package exchange

import (
	"fmt"
	"slices"

	"lab/core/onnx"
)

// Newest is the newest opset of ai.onnx whose operators are known. An operator of a
// later one may mean something else.
const Newest = 28

// operator is an operator that models may use.
type operator struct {
	domain, name string
	rules        []rule // the oldest version first
}

// rule says how some versions of an operator are built: those at which the operator's
// definition changed, of which a node means the last one up to its opset.
type rule struct {
	since       []int64
	least, most int  // inputs
	optional    bool // even those may be left out
	build       func(c *call) []operand
	lists       bool // inputs may be sequences and absent
	host        bool // computed from known values alone, never in a graph
}

// registry holds the operators by domain and name.
var registry = map[[2]string]*operator{}

func versions(v ...int64) []int64 { return v }

// many is any number of inputs.
const many = 1 << 20

// register adds an operator of ai.onnx.
func register(name string, rules ...rule) {
	registry[[2]string{"", name}] = &operator{name: name, rules: rules}
}

// one makes a builder of a function with one result.
func one(f func(c *call) operand) func(c *call) []operand {
	return func(c *call) []operand { return []operand{f(c)} }
}

// find returns the rule for a node, and the version that it means.
func find(n *onnx.Node) (*rule, int64, error) {
	op := registry[[2]string{n.Domain, n.Op}]
	if op == nil {
		return nil, 0, n.Errorf("the operator is not supported (docs/onnx.md lists those that are)")
	}
	if n.Domain == "" && n.Opset > Newest {
		return nil, 0, n.Errorf("opset %d is newer than what is known, up to %d; export with that", n.Opset, Newest)
	}
	var found *rule
	var version, first int64
	for i := range op.rules {
		for _, v := range op.rules[i].since {
			if first == 0 {
				first = v
			}
			if v <= n.Opset {
				found, version = &op.rules[i], v
			}
		}
	}
	if found == nil {
		return nil, 0, n.Errorf("the operator is supported from opset %d on; export with a later one", first)
	}
	return found, version, nil
}

// Operator describes a supported operator, for documentation.
type Operator struct {
	Domain, Name string
	Versions     []Version // those that are read
	Host         bool      // computed on the host: in a graph only of values that are known
}

// Version is an operator as it is since an opset, with so many inputs.
type Version struct {
	Since       int64
	Least, Most int
}

// Operators lists what models may use, by domain and name.
func Operators() []Operator {
	var all []Operator
	for _, op := range registry {
		o := Operator{Domain: op.domain, Name: op.name, Host: true}
		for _, r := range op.rules {
			for _, v := range r.since {
				o.Versions = append(o.Versions, Version{v, r.least, r.most})
			}
			o.Host = o.Host && r.host
		}
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b Operator) int {
		switch x, y := fmt.Sprint(a.Domain, " ", a.Name), fmt.Sprint(b.Domain, " ", b.Name); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return all
}
