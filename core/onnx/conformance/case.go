package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"lab/core"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// What comparing allows: |got-want| <= absolute + relative |want|. Types, shapes, whole
// numbers, truths and strings must be the same.
const (
	relative = 1e-3
	absolute = 1e-7
)

// runCase runs a case and returns the status for the process to end with.
func runCase(dir string, inGraph bool) int {
	err := check(dir, inGraph)
	var wrong *mismatch
	switch w, ok := err.(*mismatch); {
	case err == nil:
		return statusPass
	case ok:
		wrong = w
		fmt.Println(wrong)
		return statusWrong
	case core.KindOf(err) == core.Usage:
		fmt.Println(err)
		return statusUnsupported
	}
	fmt.Println(err)
	return statusCrash
}

// mismatch is a result that is not what it should be.
type mismatch struct{ text string }

func (m *mismatch) Error() string { return m.text }

func differs(format string, args ...any) error { return &mismatch{fmt.Sprintf(format, args...)} }

// check runs the model of every data set of the case and compares.
func check(dir string, inGraph bool) error {
	m, err := onnx.Read(filepath.Join(dir, "model.onnx"))
	if err != nil {
		return err
	}
	net, err := exchange.Load(m)
	if err != nil {
		return err
	}
	sets, _ := filepath.Glob(filepath.Join(dir, "test_data_set_*"))
	if len(sets) == 0 {
		return fmt.Errorf("%s has no data", dir)
	}
	for _, set := range sets {
		inputs := map[string]exchange.Value{}
		for i, v := range m.Inputs {
			if inputs[v.Name], err = read(filepath.Join(set, fmt.Sprintf("input_%d.pb", i)), v); err != nil {
				return err
			}
		}
		run := net.Run
		if inGraph {
			run = func(in map[string]exchange.Value) ([]exchange.Value, error) { return build(net, in) }
		}
		got, err := run(inputs)
		if err != nil {
			return err
		}
		for i, v := range m.Outputs {
			want, err := read(filepath.Join(set, fmt.Sprintf("output_%d.pb", i)), v)
			if err != nil {
				return err
			}
			tolerance := relative
			if inGraph {
				want, tolerance = asFloats(want)
			}
			if err := compare(got[i], want, tolerance); err != nil {
				return differs("output %s: %v", v.Name, err)
			}
		}
	}
	return nil
}

// read reads a value of the kind that the model says. A type that is not supported is the
// user's error, as everywhere.
func read(path string, v onnx.Value) (exchange.Value, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return exchange.Value{}, err
	}
	var value exchange.Value
	switch v.Kind {
	case onnx.Sequence:
		var s *pb.Sequence
		if s, err = pb.UnmarshalSequence(b); err == nil {
			value, err = sequence(s)
		}
	case onnx.Optional:
		var o *pb.OptionalValue
		if o, err = pb.UnmarshalOptional(b); err == nil {
			value, err = optional(o)
		}
	default:
		var t *pb.Tensor
		if t, err = pb.UnmarshalTensor(b); err == nil {
			if v.Type == pb.BFloat16 && t.DataType == pb.Uint16 {
				t.DataType = v.Type // the bits, which is how older suites keep it
			}
			value, err = decode(t)
		}
	}
	if err != nil {
		err = &core.Error{Kind: core.Usage, Msg: filepath.Base(path), Err: err}
	}
	return value, err
}

func decode(t *pb.Tensor) (exchange.Value, error) {
	shape := make(tensor.Shape, len(t.Dims))
	for i, d := range t.Dims {
		shape[i] = int(d)
	}
	a, err := array.Decode(t, shape, t.RawData)
	return exchange.Value{Array: a}, err
}

func sequence(s *pb.Sequence) (exchange.Value, error) {
	v := exchange.Value{Items: []exchange.Value{}}
	for _, t := range s.Tensors {
		x, err := decode(t)
		if err != nil {
			return v, err
		}
		v.Items = append(v.Items, x)
	}
	return v, nil
}

func optional(o *pb.OptionalValue) (exchange.Value, error) {
	switch {
	case o.Tensor != nil:
		return decode(o.Tensor)
	case o.Sequence != nil:
		return sequence(o.Sequence)
	}
	return exchange.Value{}, nil
}

func compare(got, want exchange.Value, relative float64) error {
	switch {
	case (got.Array == nil) != (want.Array == nil) || len(got.Items) != len(want.Items) || (got.Items == nil) != (want.Items == nil):
		return fmt.Errorf("a value of another kind, or a sequence of %d elements, not %d", len(got.Items), len(want.Items))
	case got.Array == nil:
		for i := range got.Items {
			if err := compare(got.Items[i], want.Items[i], relative); err != nil {
				return fmt.Errorf("element %d: %w", i, err)
			}
		}
		return nil
	}
	a, b := got.Array, want.Array
	if a.Type != b.Type || !a.Shape.Equal(b.Shape) {
		return fmt.Errorf("%v of shape %v, not %v of shape %v", a.Type, a.Shape, b.Type, b.Shape)
	}
	if !array.IsFloat(a.Type) {
		if !array.Same(a, b) {
			return fmt.Errorf("other values of type %v", a.Type)
		}
		return nil
	}
	for i := range a.Len() {
		x, y := a.At(i), b.At(i)
		if x == y || x != x && y != y || math.Abs(x-y) <= absolute+relative*math.Abs(y) && !math.IsInf(y, 0) {
			continue
		}
		return fmt.Errorf("value %d is %v, not %v", i, x, y)
	}
	return nil
}
