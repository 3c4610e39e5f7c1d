package main

import (
	"fmt"
	"strings"

	"lab/core"
)

// parseOverrides reads key=value arguments. The grammar is Hydra's: a value may be
// quoted ('…' or "…"), a backslash takes the next character as it is, [a,b] is a
// list. A value with a comma outside of quotes and brackets, or a sweep function,
// means several runs and is refused.
func parseOverrides(args []string) ([]core.Override, error) {
	out := make([]core.Override, 0, len(args))
	for i, a := range args {
		key, raw, ok := strings.Cut(a, "=")
		if !ok || !validKey(key) {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("argument %q is not key=value", a), Try: "lab run plugin=gan epochs=3"}
		}
		value, quoted, err := parseValue(raw)
		if err != nil {
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("argument %q", a), Err: err, Try: tryFor(key, raw, err)}
		}
		out = append(out, core.Override{Key: key, Value: value, Quoted: quoted, Source: fmt.Sprintf("argument %d", i+1)})
	}
	return out, nil
}

type sweepError struct{}

func (sweepError) Error() string {
	return "several values for one parameter are a sweep, and this is one run"
}

func tryFor(key, raw string, err error) string {
	if _, sweep := err.(sweepError); sweep {
		first, _, _ := strings.Cut(raw, ",")
		return fmt.Sprintf("%s=%s, and another run for each other value (lab sweep, still to come, is for that)", key, first)
	}
	return ""
}

func validKey(k string) bool {
	if k == "" {
		return false
	}
	for _, r := range k {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r)) {
			return false
		}
	}
	return true
}

// parseValue takes off quotes and escapes, but for those inside a list, which the
// parameter's type reads.
func parseValue(raw string) (value string, quoted bool, err error) {
	s := strings.TrimSpace(raw)
	for _, f := range []string{"choice(", "range(", "interval(", "glob("} {
		if strings.HasPrefix(s, f) && strings.HasSuffix(s, ")") {
			return "", false, sweepError{}
		}
	}
	if s != "" && (s[0] == '\'' || s[0] == '"') {
		return unquote(s)
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
			continue
		case c == '\\':
			return "", false, fmt.Errorf("ends with a lone backslash")
		case c == '[':
			depth++
		case c == ']':
			if depth--; depth < 0 {
				return "", false, fmt.Errorf("has a ] without its [")
			}
		case c == ',' && depth == 0:
			return "", false, sweepError{}
		}
		b.WriteByte(s[i])
	}
	if depth > 0 {
		return "", false, fmt.Errorf("has a [ without its ]")
	}
	return b.String(), false, nil
}

func unquote(s string) (string, bool, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == s[0] || s[i+1] == '\\'):
			i++
			b.WriteByte(s[i])
		case s[i] == s[0]:
			if i != len(s)-1 {
				return "", false, fmt.Errorf("has something after its closing quote")
			}
			return b.String(), true, nil
		default:
			b.WriteByte(s[i])
		}
	}
	return "", false, fmt.Errorf("has an unclosed quote")
}

// take removes the override of a key that lab itself understands.
func take(os []core.Override, key string) (value string, rest []core.Override, err error) {
	found := false
	for _, o := range os {
		if o.Key != key {
			rest = append(rest, o)
			continue
		}
		if found {
			return "", nil, &core.Error{Kind: core.Usage, Msg: key + " is given twice"}
		}
		value, found = o.Value, true
	}
	return value, rest, nil
}
