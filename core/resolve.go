package core

import (
	"fmt"
	"sort"
	"strings"
)

// Resolve checks the overrides against the recipe's specs and returns every
// parameter of the recipe, in the specs' order. The error names the first bad
// override and what would be right.
func (r *Recipe) Resolve(family string, overrides []Override) ([]Param, error) {
	given := map[string]string{}
	for _, o := range overrides {
		spec, ok := r.Param(o.Key)
		if !ok {
			return nil, r.unknownKey(family, o.Key)
		}
		if _, twice := given[o.Key]; twice {
			return nil, &Error{Kind: Usage, Msg: fmt.Sprintf("parameter %s is given twice", o.Key)}
		}
		v, err := spec.Parse(o.Value)
		if err != nil {
			return nil, &Error{Kind: Usage, Msg: "parameter " + o.Key, Err: err,
				Try: fmt.Sprintf("%s=%s (%s; %s)", o.Key, spec.Default, spec.Type, spec.Doc)}
		}
		given[o.Key] = v
	}
	params := make([]Param, len(r.Params))
	for i, s := range r.Params {
		v, set := given[s.Key]
		if !set {
			v = s.Default
		}
		params[i] = Param{Key: s.Key, Type: s.Type, Value: v, Default: !set}
	}
	return params, nil
}

func (r *Recipe) unknownKey(family, key string) error {
	keys := make([]string, len(r.Params))
	for i, s := range r.Params {
		keys[i] = s.Key
	}
	list := fmt.Sprintf("lab plugins %s %s", family, r.Name)
	try := list
	if near := Nearest(key, keys); len(near) > 0 {
		try = strings.Join(near, " or ") + "; all of them: " + list
	}
	return &Error{Kind: Usage, Msg: fmt.Sprintf("%s/%s has no parameter %q", family, r.Name, key), Try: try}
}

// Nearest returns the up to three names that look most like name, nearest
// first: at most a third of the letters away (optimal string alignment
// distance, so a swap of neighbours counts as one), or beginning with it.
func Nearest(name string, names []string) []string {
	type cand struct {
		name string
		dist int
	}
	var cs []cand
	for _, n := range names {
		d := editDistance(strings.ToLower(name), strings.ToLower(n))
		switch {
		case d <= max(1, (max(len(name), len(n))+1)/3):
			cs = append(cs, cand{n, d})
		case len(name) >= 2 && strings.HasPrefix(n, name):
			cs = append(cs, cand{n, d})
		}
	}
	sort.SliceStable(cs, func(i, j int) bool { return cs[i].dist < cs[j].dist })
	var out []string
	for _, c := range cs[:min(3, len(cs))] {
		out = append(out, c.name)
	}
	return out
}

func editDistance(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
