package familytest

import (
	"fmt"
	"reflect"
	"strings"

	"lab/core"
	"lab/core/host"
)

// checkDescription compares what came over the wire with what was declared, where
// that is known, and asks for the words that a user reads.
func checkDescription(t T, want *core.Family, got core.Family) {
	if want != nil && fmt.Sprintf("%+v", *want) != fmt.Sprintf("%+v", got) {
		t.Errorf("over the wire the description became\n%+v\nfrom\n%+v", got, *want)
	}
	need := func(what, text string) {
		if strings.TrimSpace(text) == "" {
			t.Errorf("%s is empty", what)
		}
	}
	need("the family's version", got.Version)
	need("the family's doc", got.Doc)
	for _, r := range got.Recipes {
		need(r.Name+": doc", r.Doc)
		if len(r.Metrics) == 0 {
			t.Errorf("%s promises no metric", r.Name)
		}
		for _, m := range r.Metrics {
			need(r.Name+": doc of metric "+m.Name, m.Doc)
		}
		for _, p := range r.Params {
			need(r.Name+": doc of parameter "+p.Key, p.Doc)
		}
	}
}

// checkParams gives every parameter a bad value to the check that a host makes, and
// to a plugin made with the SDK itself: both have to refuse it, in the same words.
func checkParams(t T, p *host.Plugin, r core.Recipe, s *settings, ours bool) {
	good, err := r.Resolve(p.Family.Name, parse(s.overrides(r)))
	if err != nil {
		t.Fatalf("the overrides of Short: %v", err)
	}
	for i, spec := range r.Params {
		bad, ok := badValue(spec)
		if !ok {
			continue
		}
		_, hosts := r.Resolve(p.Family.Name, []core.Override{{Key: spec.Key, Value: bad}})
		if hosts == nil || core.KindOf(hosts) != core.Usage || !strings.Contains(hosts.Error(), spec.Key) {
			t.Errorf("%s=%s: the check says %v", spec.Key, bad, hosts)
			continue
		}
		if !ours {
			continue
		}
		params := append([]core.Param(nil), good...)
		params[i].Value = bad
		out := p.Train(t.Context(), core.RunSpec{Recipe: r.Name, Params: params, Dir: t.TempDir(), Threads: 1}, &Record{})
		if out.Status != core.Failed || core.KindOf(out.Err) != core.Usage || out.Reason != hosts.Error() {
			t.Errorf("%s=%s: the plugin says %q, the check %q", spec.Key, bad, out.Reason, hosts)
		}
	}
	for _, key := range []string{"no_such_key", r.Params[0].Key + "x"} {
		_, err := r.Resolve(p.Family.Name, []core.Override{{Key: key, Value: "1"}})
		if err == nil || core.KindOf(err) != core.Usage || core.TryOf(err) == "" || !strings.Contains(err.Error(), key) {
			t.Errorf("unknown key %s: %v (try %q)", key, err, core.TryOf(err))
		}
	}
}

// badValue returns a value that the spec must refuse, if there is one.
func badValue(s core.ParamSpec) (string, bool) {
	if s.Type == core.Int || s.Type == core.Float {
		if lim, err := core.ParseFloat(s.Min); s.Min != "" && err == nil {
			return core.FormatFloat(lim - 1), true
		}
	}
	switch s.Type {
	case core.Bool, core.Int, core.Float, core.Enum, core.Duration:
		return "no-such-value", true
	case core.Ints, core.Floats:
		return "[no-such-value]", true
	case core.Strings:
		return "no-list", true
	}
	return "", false // every text is a string
}

// sameMap reports how two maps of values differ, or "".
func sameMap[V any](a, b map[string]V) string {
	var diff []string
	for k, v := range a {
		w, ok := b[k]
		switch {
		case !ok:
			diff = append(diff, fmt.Sprintf("%s only once", k))
		case !reflect.DeepEqual(v, w):
			diff = append(diff, fmt.Sprintf("%s: %v and %v", k, v, w))
		}
	}
	for k := range b {
		if _, ok := a[k]; !ok {
			diff = append(diff, fmt.Sprintf("%s only once", k))
		}
	}
	return strings.Join(diff, "; ")
}
