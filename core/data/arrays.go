package data

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lab/core/data/npy"
	"lab/core/tensor"
)

// The names of a set's four arrays, as in Keras' mnist.npz.
var arrayNames = [4]string{"x_train", "y_train", "x_test", "y_test"}

// openArrays reads a set of four NumPy arrays: in one file .npz, or in a folder, each
// its own .npy. x_train and x_test are images of bytes, [n,H,W] or [n,H,W,C], or rows of
// numbers, [n,features]; y_train and y_test, [n] or [n,1], are classes where they are
// whole numbers, and numbers to predict where they are not. Without x_test and y_test a
// fifth of the examples, drawn by a fixed seed, is kept for the test.
func openArrays(path string) (*Set, error) {
	arrays, err := readArrays(path)
	if err != nil {
		return nil, err
	}
	set := &Set{Name: strings.TrimSuffix(filepath.Base(filepath.Clean(path)), ".npz"), Source: path}
	for i, part := range []**Examples{&set.Train, &set.Test} {
		x, y := arrays[arrayNames[2*i]], arrays[arrayNames[2*i+1]]
		switch {
		case i == 1 && x == nil && y == nil:
			continue
		case x == nil || y == nil:
			return nil, fmt.Errorf("the arrays %s and %s are needed; there are %s", arrayNames[2*i], arrayNames[2*i+1], nameList(arrays))
		}
		e, err := examplesOf(x, y)
		if err != nil {
			return nil, fmt.Errorf("%s, %s: %w", arrayNames[2*i], arrayNames[2*i+1], err)
		}
		*part = e
	}
	classes := 0
	for _, part := range []*Examples{set.Train, set.Test} {
		if part != nil && part.Labels != nil {
			var err error
			if set.Classes, err = numbered(set.Train.Labels); err != nil {
				return nil, err
			}
			classes = len(set.Classes)
		}
	}
	if err := set.Train.check(classes); err != nil {
		return nil, err
	}
	if set.Test == nil {
		if set.Train.Len() < testShare {
			return nil, fmt.Errorf("%d examples are too few to keep some for the test", set.Train.Len())
		}
		kept, rest := All(set.Train).Cut(set.Train.Len()/testShare, testSeed)
		set.Train, set.Test = rest.extract(), kept.extract()
	}
	set.SHA256 = set.contentHash()
	return set, set.finish()
}

func readArrays(path string) (map[string]*npy.Array, error) {
	if strings.HasSuffix(path, ".npz") {
		return npy.ReadZip(path, 0)
	}
	arrays := map[string]*npy.Array{}
	for _, name := range arrayNames {
		f, err := os.Open(filepath.Join(path, name+".npy"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		a, err := npy.Read(f, 0)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s.npy: %w", name, err)
		}
		arrays[name] = a
	}
	return arrays, nil
}

func nameList(arrays map[string]*npy.Array) string {
	if len(arrays) == 0 {
		return "none"
	}
	return strings.Join(slices.Sorted(maps.Keys(arrays)), ", ")
}

// examplesOf pairs inputs with what they are.
func examplesOf(x, y *npy.Array) (*Examples, error) {
	e := &Examples{}
	switch d := x.Shape; {
	case len(d) == 3 && x.Bytes != nil:
		e.Shape, e.Pixels, e.White = tensor.Shape{d[1], d[2], 1}, x.Bytes, 255
	case len(d) == 4 && x.Bytes != nil:
		e.Shape, e.Pixels, e.White = tensor.Shape{d[1], d[2], d[3]}, x.Bytes, 255
	case len(d) == 2:
		e.Shape, e.Values = tensor.Shape{d[1]}, floats(x)
	default:
		return nil, fmt.Errorf("inputs have shape %v; images [n,H,W] or [n,H,W,C] of bytes, or rows [n,features], are needed", d)
	}
	if n := y.Len(); n != y.Shape[0] || len(y.Shape) > 2 {
		return nil, fmt.Errorf("labels have shape %v; [n] or [n,1] is needed", y.Shape)
	}
	if y.Floats != nil {
		e.Targets = y.Floats
		return e, nil
	}
	e.Labels = make([]int32, y.Len())
	for i := range e.Labels {
		v := int64(0)
		if y.Ints != nil {
			v = y.Ints[i]
		} else {
			v = int64(y.Bytes[i])
		}
		if v < 0 || v > math.MaxUint16 {
			return nil, fmt.Errorf("label %d of example %d is out of range: classes are counted from 0", v, i)
		}
		e.Labels[i] = int32(v)
	}
	return e, nil
}

func floats(a *npy.Array) []float32 {
	if a.Floats != nil {
		return a.Floats
	}
	out := make([]float32, a.Len())
	for i := range out {
		if a.Bytes != nil {
			out[i] = float32(a.Bytes[i])
		} else {
			out[i] = float32(a.Ints[i])
		}
	}
	return out
}
