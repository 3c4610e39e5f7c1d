package family

import (
	"fmt"
	"reflect"
	"strconv"
	"time"

	"lab/core"
)

// decode sets the fields of the struct from resolved parameters.
func decode(into reflect.Value, fields []field, params []core.Param) error {
	values := make(map[string]string, len(params))
	for _, p := range params {
		values[p.Key] = p.Value
	}
	for _, f := range fields {
		raw, ok := values[f.spec.Key]
		if !ok {
			return &core.Error{Kind: core.PluginError, Msg: "parameter " + f.spec.Key + " is missing"}
		}
		if err := set(into.FieldByIndex(f.index), f.spec.Type, raw); err != nil {
			return &core.Error{Kind: core.PluginError, Msg: "parameter " + f.spec.Key, Err: err}
		}
	}
	return nil
}

// set reads a canonical value; Recipe.Resolve has seen it before.
func set(v reflect.Value, t core.Type, raw string) error {
	switch t {
	case core.Bool:
		b, err := strconv.ParseBool(raw)
		v.SetBool(b)
		return err
	case core.Int:
		n, err := core.ParseInt(raw)
		v.SetInt(n)
		return err
	case core.Float:
		x, err := core.ParseFloat(raw)
		v.SetFloat(x)
		return err
	case core.String, core.Enum:
		v.SetString(raw)
		return nil
	case core.Duration:
		d, err := time.ParseDuration(raw)
		v.SetInt(int64(d))
		return err
	case core.Ints, core.Floats, core.Strings:
		elems, err := core.SplitList(raw)
		if err != nil {
			return err
		}
		elem := map[core.Type]core.Type{core.Ints: core.Int, core.Floats: core.Float, core.Strings: core.String}[t]
		list := reflect.MakeSlice(v.Type(), len(elems), len(elems))
		for i, e := range elems {
			if err := set(list.Index(i), elem, e); err != nil {
				return err
			}
		}
		v.Set(list)
		return nil
	}
	return fmt.Errorf("unknown type %q", t)
}

// checked resolves the parameters that came with a run once more, so that a host
// that skips its own check gets the same words.
func (r Recipe) checked(family string, params []core.Param) ([]core.Param, error) {
	given := make([]core.Override, len(params))
	for i, p := range params {
		given[i] = core.Override{Key: p.Key, Value: p.Value}
	}
	out, err := r.spec.Resolve(family, given)
	if err != nil {
		return nil, err
	}
	for _, p := range out {
		if p.Default { // Resolve filled it in
			return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s/%s was not given the parameter %s", family, r.spec.Name, p.Key)}
		}
	}
	return out, nil
}
