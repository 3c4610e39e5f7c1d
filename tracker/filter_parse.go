package tracker

import (
	"fmt"
	"strconv"
	"strings"

	"lab/core"
)

// The language of filters:
//
//	expr  = and { "or" and }
//	and   = not { ["and"] not }              side by side means and
//	not   = "not" not | "(" expr ")" | ("tag:" | "has:" | "from:") (WORD | quoted) | term op value
//	term  = WORD | ("last" | "best" | "min" | "max") "(" WORD ")"
//	op    = "=" | "!=" | "<" | "<=" | ">" | ">=" | "~"
//	value = WORD | "quoted" | 'quoted'
//
// Words are whatever is not space, parenthesis, quote or operator. The keywords
// are case-insensitive. "~" asks whether the text contains the value.
const (
	maxFilterDepth = 50
	maxFilterTerms = 200
)

// expr is a parsed filter.
type expr interface{ isExpr() }

type (
	andExpr struct{ a, b expr }
	orExpr  struct{ a, b expr }
	notExpr struct{ x expr }
	// propExpr is tag:x, has:x or from:x: tagged x, having points of a metric or a
	// parameter x, with weights from run x.
	propExpr struct{ prop, name string }
	cmpExpr  struct {
		term  term
		op    string
		value string
	}
)

func (andExpr) isExpr()  {}
func (orExpr) isExpr()   {}
func (notExpr) isExpr()  {}
func (propExpr) isExpr() {}
func (cmpExpr) isExpr()  {}

// term is what is compared or sorted by: a property of the run, a parameter, a
// metric or a fact.
type term struct {
	fn   string // "last", "best", "min", "max" or ""
	name string
}

func (t term) String() string {
	if t.fn != "" {
		return t.fn + "(" + t.name + ")"
	}
	return t.name
}

func isFunction(s string) bool { return s == "last" || s == "best" || s == "min" || s == "max" }

// token is a word, a quoted string, an operator or a parenthesis.
type token struct {
	kind byte // 'w', 'q', 'o', '(', ')' or 0 at the end
	text string
}

func lexFilter(s string) ([]token, error) {
	var toks []token
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '(' || c == ')':
			toks = append(toks, token{c, s[i : i+1]})
			i++
		case c == '"' || c == '\'':
			text, n, ok := unquote(s[i:])
			if !ok {
				return nil, filterError(s, "the quote before %s is not closed", strconv.Quote(s[i+1:]))
			}
			toks = append(toks, token{'q', text})
			i += n
		case strings.IndexByte("=!<>~", c) >= 0:
			n := 1
			if i+1 < len(s) && s[i+1] == '=' && c != '~' {
				n = 2
			}
			op := s[i : i+n]
			switch op {
			case "==":
				op = "="
			case "!":
				return nil, filterError(s, "%q is no operator", op)
			}
			toks = append(toks, token{'o', op})
			i += n
		default:
			n := strings.IndexAny(s[i:], " \t\r\n()\"'=!<>~")
			if n < 0 {
				n = len(s) - i
			}
			toks = append(toks, token{'w', s[i : i+n]})
			i += n
		}
	}
	return toks, nil
}

// unquote reads a quoted string at the start of s: a backslash makes the next
// character stand for itself. n is the length with its quotes.
func unquote(s string) (text string, n int, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == s[0]:
			return b.String(), i + 1, true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", 0, false
}

func filterError(filter, format string, args ...any) error {
	return &core.Error{Kind: core.Usage, Msg: "filter " + strconv.Quote(filter) + ": " + fmt.Sprintf(format, args...),
		Try: `"plugin=gan and fid<40 and lr>=1e-4 and tag:baseline"`}
}

type filterParser struct {
	text  string
	toks  []token
	depth int
	terms int
}

// parseFilter reads a filter; nil for an empty one. Errors are of kind Usage.
func parseFilter(text string) (expr, error) {
	toks, err := lexFilter(text)
	if err != nil || len(toks) == 0 {
		return nil, err
	}
	p := &filterParser{text: text, toks: toks}
	x, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != 0 {
		return nil, p.fail("%q is not expected here", t.text)
	}
	return x, nil
}

func (p *filterParser) fail(format string, args ...any) error {
	return filterError(p.text, format, args...)
}

func (p *filterParser) peek() token {
	if len(p.toks) == 0 {
		return token{}
	}
	return p.toks[0]
}

func (p *filterParser) next() token {
	t := p.peek()
	if t.kind != 0 {
		p.toks = p.toks[1:]
	}
	return t
}

// keyword takes the word if it comes next and is not the left side of a
// comparison: a parameter may be called "and".
func (p *filterParser) keyword(w string) bool {
	if t := p.peek(); t.kind != 'w' || !strings.EqualFold(t.text, w) || len(p.toks) > 1 && p.toks[1].kind == 'o' {
		return false
	}
	p.next()
	return true
}

func (p *filterParser) or() (expr, error) {
	a, err := p.and()
	for err == nil && p.keyword("or") {
		var b expr
		if b, err = p.and(); err == nil {
			a = orExpr{a, b}
		}
	}
	return a, err
}

func (p *filterParser) and() (expr, error) {
	a, err := p.not()
	for err == nil {
		if t := p.peek(); !p.keyword("and") && (t.kind == 0 || t.kind == ')' || t.kind == 'w' && strings.EqualFold(t.text, "or")) {
			return a, nil
		}
		var b expr
		if b, err = p.not(); err == nil {
			a = andExpr{a, b}
		}
	}
	return a, err
}

func (p *filterParser) not() (expr, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return nil, p.fail("it is nested deeper than %d", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	if p.terms++; p.terms > maxFilterTerms {
		return nil, p.fail("it has more than %d terms", maxFilterTerms)
	}
	if p.keyword("not") {
		x, err := p.not()
		return notExpr{x}, err
	}
	if p.peek().kind == '(' {
		p.next()
		x, err := p.or()
		if err == nil && p.next().kind != ')' {
			err = p.fail("a closing parenthesis is missing")
		}
		return x, err
	}
	return p.comparison()
}

func (p *filterParser) comparison() (expr, error) {
	first := p.next()
	switch {
	case first.kind == 0:
		return nil, p.fail("it ends where a condition is expected")
	case first.kind != 'w' && first.kind != 'q':
		return nil, p.fail("a name is expected before %q", first.text)
	}
	if prop, name, ok := strings.Cut(first.text, ":"); ok && first.kind == 'w' && (prop == "tag" || prop == "has" || prop == "from") {
		if name == "" && p.peek().kind == 'q' {
			name = p.next().text
		}
		if name == "" {
			return nil, p.fail("a name is missing after \"%s:\"", prop)
		}
		return propExpr{prop, name}, nil
	}
	t := term{name: first.text}
	if isFunction(first.text) && p.peek().kind == '(' {
		p.next()
		arg := p.next()
		if arg.kind != 'w' && arg.kind != 'q' || p.next().kind != ')' {
			return nil, p.fail("%s( needs one metric and a closing parenthesis", first.text)
		}
		t = term{fn: first.text, name: arg.text}
	}
	op := p.next()
	if op.kind != 'o' {
		return nil, p.fail("%s needs a comparison, such as %s=1", t, t)
	}
	value := p.next()
	if value.kind != 'w' && value.kind != 'q' {
		return nil, p.fail("a value is missing after \"%s%s\"", t, op.text)
	}
	return cmpExpr{t, op.text, value.text}, nil
}

// sortKey is one key to sort by.
type sortKey struct {
	term    term
	reverse bool
}

// parseSort reads a comma-separated list of terms, each with an optional "-"
// before it.
func parseSort(text string) ([]sortKey, error) {
	var keys []sortKey
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		k := sortKey{}
		if rest, ok := strings.CutPrefix(part, "-"); ok {
			k.reverse, part = true, rest
		}
		var ok bool
		if k.term, ok = parseTerm(part); !ok {
			return nil, &core.Error{Kind: core.Usage, Msg: "cannot sort by " + strconv.Quote(part), Try: "best(fid), -duration or lr"}
		}
		keys = append(keys, k)
	}
	return keys, nil
}
