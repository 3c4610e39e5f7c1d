package core

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Type is the type of a parameter. The strings are on the wire and in the
// database; never rename one.
type Type string

const (
	Bool     Type = "bool"
	Int      Type = "int"
	Float    Type = "float"
	String   Type = "string"
	Enum     Type = "enum"     // one of Choices
	Duration Type = "duration" // "90s", "1h30m"
	Ints     Type = "ints"     // [1,2,3]
	Floats   Type = "floats"
	Strings  Type = "strings"
)

// ParamSpec declares one parameter of a recipe.
type ParamSpec struct {
	Key     string // "lr", "optim.beta1"
	Type    Type
	Default string   // canonical, see Parse
	Min     string   // least value allowed, "" for none; of each element for lists
	Max     string   // greatest value allowed, "" for none
	Choices []string // for Enum
	Doc     string   // one line
}

// Param is one resolved parameter.
type Param struct {
	Key     string
	Type    Type
	Value   string // canonical
	Default bool   // whether the user left it alone
}

// Override is one key=value as the user wrote it.
type Override struct {
	Key, Value string
	Quoted     bool   // the value was quoted: a string, whatever it looks like
	Source     string // where it was written: "argument 2", "gan.yaml:3"
}

// Parse checks raw against the spec and returns its canonical form: the one
// spelling that equal values share. Numbers may carry underscores (1_000);
// floats may be inf, -inf or nan.
func (s *ParamSpec) Parse(raw string) (string, error) {
	switch s.Type {
	case Ints, Floats, Strings:
		return s.parseList(raw)
	}
	return s.parseOne(s.Type, raw)
}

func (s *ParamSpec) parseOne(t Type, raw string) (string, error) {
	switch t {
	case Bool:
		switch strings.ToLower(raw) {
		case "true", "yes", "on", "1":
			return "true", nil
		case "false", "no", "off", "0":
			return "false", nil
		}
		return "", fmt.Errorf("%q is not a bool (true or false)", raw)
	case Int:
		v, err := ParseInt(raw)
		if err != nil {
			return "", err
		}
		return strconv.FormatInt(v, 10), s.inRange(float64(v))
	case Float:
		v, err := ParseFloat(raw)
		if err != nil {
			return "", err
		}
		return FormatFloat(v), s.inRange(v)
	case Duration:
		v, err := time.ParseDuration(raw)
		if err != nil {
			return "", fmt.Errorf("%q is not a duration such as 90s or 1h30m", raw)
		}
		return v.String(), nil
	case Enum:
		for _, c := range s.Choices {
			if raw == c {
				return raw, nil
			}
		}
		return "", fmt.Errorf("%q is not one of %s", raw, strings.Join(s.Choices, ", "))
	case String:
		return raw, nil
	}
	return "", fmt.Errorf("parameter %s has the unknown type %q", s.Key, s.Type)
}

func (s *ParamSpec) parseList(raw string) (string, error) {
	elems, err := SplitList(raw)
	if err != nil {
		return "", err
	}
	elem := map[Type]Type{Ints: Int, Floats: Float, Strings: String}[s.Type]
	for i, e := range elems {
		if elems[i], err = s.parseOne(elem, e); err != nil {
			return "", err
		}
	}
	return FormatList(elems), nil
}

func (s *ParamSpec) inRange(v float64) error {
	for _, b := range []struct {
		bound string
		bad   func(v, b float64) bool
		text  string
	}{
		{s.Min, func(v, b float64) bool { return v < b }, "at least"},
		{s.Max, func(v, b float64) bool { return v > b }, "at most"},
	} {
		if b.bound == "" {
			continue
		}
		lim, err := strconv.ParseFloat(b.bound, 64)
		if err != nil {
			return fmt.Errorf("parameter %s has the bad bound %q", s.Key, b.bound)
		}
		if math.IsNaN(v) || b.bad(v, lim) {
			return fmt.Errorf("%s is out of range: must be %s %s", FormatFloat(v), b.text, b.bound)
		}
	}
	return nil
}

// ParseInt reads a decimal integer; underscores between digits are allowed, and
// so is a float without fraction such as 1e4.
func ParseInt(raw string) (int64, error) {
	if v, err := strconv.ParseInt(dropUnderscores(raw), 10, 64); err == nil {
		return v, nil
	}
	f, err := strconv.ParseFloat(dropUnderscores(raw), 64)
	if err == nil && f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f), nil
	}
	return 0, fmt.Errorf("%q is not an int", raw)
}

// ParseFloat reads a float, underscores between digits allowed.
func ParseFloat(raw string) (float64, error) {
	v, err := strconv.ParseFloat(dropUnderscores(raw), 64)
	if err != nil {
		return 0, fmt.Errorf("%q is not a float", raw)
	}
	return v, nil
}

func dropUnderscores(s string) string {
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return s // strconv refuses it
	}
	return strings.ReplaceAll(s, "_", "")
}

// FormatFloat is the shortest text that reads back as v.
func FormatFloat(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case math.IsNaN(v):
		return "nan"
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

// SplitList splits [a,b,"c,d"] into its elements, unquoted.
func SplitList(raw string) ([]string, error) {
	s := strings.TrimSpace(raw)
	if !strings.HasPrefix(s, "[") || !strings.HasSuffix(s, "]") {
		return nil, fmt.Errorf("%q is not a list such as [1,2]", raw)
	}
	s = strings.TrimSpace(s[1 : len(s)-1])
	var elems []string
	for s != "" {
		var e string
		if s[0] == '"' {
			q, err := strconv.QuotedPrefix(s)
			if err != nil {
				return nil, fmt.Errorf("%q has an unclosed quote", raw)
			}
			e, _ = strconv.Unquote(q)
			s = strings.TrimSpace(s[len(q):])
			if s != "" && s[0] != ',' {
				return nil, fmt.Errorf("%q needs a comma after %s", raw, q)
			}
			s = strings.TrimPrefix(s, ",")
		} else {
			e, s, _ = strings.Cut(s, ",")
			if e = strings.TrimSpace(e); e == "" {
				return nil, fmt.Errorf("%q has an empty element", raw)
			}
		}
		elems = append(elems, e)
		s = strings.TrimSpace(s)
	}
	return elems, nil
}

// FormatList is the inverse of SplitList.
func FormatList(elems []string) string {
	out := make([]string, len(elems))
	for i, e := range elems {
		if e == "" || strings.ContainsAny(e, "\",[] \t\n\\") {
			e = strconv.Quote(e)
		}
		out[i] = e
	}
	return "[" + strings.Join(out, ",") + "]"
}
