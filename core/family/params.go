package family

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"lab/core"
)

// field is one parameter and where in the struct it lives.
type field struct {
	spec  core.ParamSpec
	index []int // for reflect.Value.FieldByIndex
}

// fieldsOf derives the parameters from a struct type, in declaration order.
func fieldsOf(t reflect.Type) ([]field, error) {
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("parameters must be a struct, not %s", t)
	}
	fields, err := walk(t, "", nil)
	if err != nil {
		return nil, err
	}
	for _, f := range fields {
		if f.spec.Key == "seed" {
			return nil, fmt.Errorf("the parameter seed is added to every recipe; ask the session for it")
		}
	}
	return fields, nil
}

func walk(t reflect.Type, prefix string, index []int) ([]field, error) {
	var out []field
	for i := range t.NumField() {
		sf := t.Field(i)
		at := append(append([]int(nil), index...), i)
		if embedded := sf.Anonymous && sf.Type.Kind() == reflect.Struct; !sf.IsExported() && !embedded {
			return nil, fmt.Errorf("field %s.%s is not exported: nobody could set it", t, sf.Name)
		}
		key := prefix + snake(sf.Name)
		if sf.Type.Kind() == reflect.Struct {
			below := key + "."
			if sf.Anonymous {
				below = prefix
			}
			nested, err := walk(sf.Type, below, at)
			if err == nil {
				err = suit(nested, below, sf.Tag.Get("default"))
			}
			if err != nil {
				return nil, fmt.Errorf("field %s.%s: %w", t, sf.Name, err)
			}
			out = append(out, nested...)
			continue
		}
		spec, err := specOf(key, sf)
		if err != nil {
			return nil, fmt.Errorf("field %s.%s: %w", t, sf.Name, err)
		}
		out = append(out, field{spec, at})
	}
	return out, nil
}

// suit sets defaults of a nested struct's parameters, "key=value key=value", to what suits
// this recipe.
func suit(nested []field, prefix, defaults string) error {
	for pair := range strings.FieldsSeq(defaults) {
		key, value, _ := strings.Cut(pair, "=")
		at := slices.IndexFunc(nested, func(f field) bool { return f.spec.Key == prefix+key })
		if at < 0 {
			return fmt.Errorf("default: there is no parameter %s in it", key)
		}
		canonical, err := nested[at].spec.Parse(value)
		if err != nil {
			return fmt.Errorf("default of %s: %w", key, err)
		}
		nested[at].spec.Default = canonical
	}
	return nil
}

var duration = reflect.TypeFor[time.Duration]()

func typeOf(t reflect.Type) (core.Type, bool) {
	if t == duration {
		return core.Duration, true
	}
	switch t.Kind() {
	case reflect.Bool:
		return core.Bool, true
	case reflect.Int, reflect.Int64:
		return core.Int, true
	case reflect.Float64:
		return core.Float, true
	case reflect.String:
		return core.String, true
	case reflect.Slice:
		switch t.Elem().Kind() {
		case reflect.Int:
			return core.Ints, true
		case reflect.Float64:
			return core.Floats, true
		case reflect.String:
			return core.Strings, true
		}
	}
	return "", false
}

func specOf(key string, sf reflect.StructField) (core.ParamSpec, error) {
	s := core.ParamSpec{Key: key, Doc: sf.Tag.Get("doc"), Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max")}
	var ok bool
	if s.Type, ok = typeOf(sf.Type); !ok {
		return s, fmt.Errorf("%s cannot be a parameter (bool, int, int64, float64, string, time.Duration, []int, []float64, []string)", sf.Type)
	}
	if list, ok := sf.Tag.Lookup("enum"); ok {
		if s.Type != core.String {
			return s, fmt.Errorf("the tag enum is for strings")
		}
		s.Type, s.Choices = core.Enum, strings.Split(list, ",")
	}
	def, ok := sf.Tag.Lookup("default")
	if !ok {
		return s, fmt.Errorf("no default")
	}
	canonical, err := s.Parse(def)
	if err != nil {
		return s, fmt.Errorf("default: %w", err)
	}
	s.Default = canonical
	return s, nil
}

// snake is the key of a field's name: LR is lr, NCritic is n_critic.
func snake(name string) string {
	var b strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		if unicode.IsUpper(r) && i > 0 {
			endsWord := !unicode.IsUpper(rs[i-1])                    // batchS
			endsAcronym := i+1 < len(rs) && unicode.IsLower(rs[i+1]) // NCr
			if endsWord || endsAcronym {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
