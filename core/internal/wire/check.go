package wire

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"lab/core"
)

// Limits on a description. They are far above what a recipe needs and far below
// what would hurt the host.
const (
	maxParams  = 1000
	maxRecipes = 1000
	maxDoc     = 1000 // bytes
	maxQuote   = 60   // bytes of what is quoted in an error
)

var (
	nameForm   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	keyForm    = regexp.MustCompile(`^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$`)
	metricForm = regexp.MustCompile(`^[A-Za-z0-9_./@%+\-]{1,200}$`)
	factForm   = regexp.MustCompile(`^[a-z0-9_]+(\.[a-z0-9_]+)*$`)
)

// ValidName reports whether s can name a family or a recipe.
func ValidName(s string) bool { return nameForm.MatchString(s) }

// ValidMetric reports whether s can name a metric.
func ValidMetric(s string) bool { return metricForm.MatchString(s) }

// ValidFact reports whether s can be the key of a fact.
func ValidFact(s string) bool { return len(s) <= 200 && factForm.MatchString(s) }

// CheckFamily tests a description against the contract: the SDK before it is
// sent, the host after it came. The error says in one line where it is wrong.
func CheckFamily(f core.Family) error {
	switch {
	case !ValidName(f.Name):
		return fmt.Errorf("%q is not a name for a family (%s)", cut(f.Name, maxQuote), nameForm)
	case !line(f.Doc) || !line(f.Version):
		return fmt.Errorf("family %s: doc and version must be one line of at most %d bytes", f.Name, maxDoc)
	case len(f.Recipes) == 0:
		return fmt.Errorf("family %s has no recipe", f.Name)
	case len(f.Recipes) > maxRecipes:
		return fmt.Errorf("family %s has %d recipes; at most %d are allowed", f.Name, len(f.Recipes), maxRecipes)
	}
	seen := map[string]bool{}
	for _, r := range f.Recipes {
		if err := checkRecipe(r); err != nil {
			return fmt.Errorf("recipe %q: %w", cut(r.Name, maxQuote), err)
		}
		if seen[r.Name] {
			return fmt.Errorf("recipe %q is declared twice", r.Name)
		}
		seen[r.Name] = true
	}
	return nil
}

func checkRecipe(r core.Recipe) error {
	switch {
	case !ValidName(r.Name):
		return fmt.Errorf("not a name for a recipe (%s)", nameForm)
	case !line(r.Doc):
		return fmt.Errorf("doc must be one line of at most %d bytes", maxDoc)
	case len(r.Params) > maxParams:
		return fmt.Errorf("%d parameters; at most %d are allowed", len(r.Params), maxParams)
	}
	seen := map[string]bool{}
	for _, p := range r.Params {
		if err := checkParam(p); err != nil {
			return fmt.Errorf("parameter %q: %w", cut(p.Key, maxQuote), err)
		}
		if seen[p.Key] {
			return fmt.Errorf("parameter %q is declared twice", p.Key)
		}
		seen[p.Key] = true
	}
	if seed, ok := r.Param("seed"); !ok || seed.Type != core.Int {
		return fmt.Errorf("no parameter seed of type int")
	}
	seen = map[string]bool{}
	for _, m := range r.Metrics {
		switch {
		case !ValidMetric(m.Name):
			return fmt.Errorf("%q is not a name for a metric (%s)", cut(m.Name, maxQuote), metricForm)
		case seen[m.Name]:
			return fmt.Errorf("metric %q is declared twice", m.Name)
		case m.Goal < core.Neutral || m.Goal > core.Higher:
			return fmt.Errorf("metric %q has the unknown goal %d", m.Name, m.Goal)
		case !line(m.Unit) || !line(m.Doc):
			return fmt.Errorf("metric %q: unit and doc must be one line of at most %d bytes", m.Name, maxDoc)
		}
		seen[m.Name] = true
	}
	for _, d := range r.Data {
		if d == "" || !line(d) {
			return fmt.Errorf("%q is not a name for a dataset", cut(d, maxQuote))
		}
	}
	return nil
}

func checkParam(p core.ParamSpec) error {
	if len(p.Key) > 200 || !keyForm.MatchString(p.Key) {
		return fmt.Errorf("not a key (%s)", keyForm)
	}
	for what, s := range map[string]string{"doc": p.Doc, "default": p.Default, "each choice": strings.Join(p.Choices, "")} {
		if !line(s) {
			return fmt.Errorf("%s must be one line of at most %d bytes", what, maxDoc)
		}
	}
	switch p.Type {
	case core.Enum:
		if len(p.Choices) == 0 {
			return fmt.Errorf("an enum without choices")
		}
	case core.Bool, core.Int, core.Float, core.String, core.Duration, core.Ints, core.Floats, core.Strings:
		if len(p.Choices) > 0 {
			return fmt.Errorf("choices are for enums, not for type %s", p.Type)
		}
	default:
		return fmt.Errorf("unknown type %q", cut(string(p.Type), maxQuote))
	}
	for _, b := range []string{p.Min, p.Max} {
		if b == "" {
			continue
		}
		switch p.Type {
		case core.Int, core.Float, core.Ints, core.Floats:
		default:
			return fmt.Errorf("bounds are for numbers, not for type %s", p.Type)
		}
		if _, err := core.ParseFloat(b); err != nil {
			return fmt.Errorf("bound %w", err)
		}
	}
	canonical, err := p.Parse(p.Default)
	if err != nil {
		return fmt.Errorf("default: %w", err)
	}
	if canonical != p.Default {
		return fmt.Errorf("default %q must be written %q", p.Default, canonical)
	}
	return nil
}

// line reports whether s can be shown on one line.
func line(s string) bool {
	return len(s) <= maxDoc && strings.IndexFunc(s, unicode.IsControl) < 0
}
