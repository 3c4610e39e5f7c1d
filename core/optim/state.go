package optim

import (
	"fmt"
	"slices"

	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// slot is one array that an optimiser remembers between steps.
type slot struct {
	name     string // as in PyTorch's state
	data     *[]float32
	optional bool // nil until a setting asks for it
}

// save is the state dict of these arrays and the number of steps taken. An array
// holds all parameters, in the order of [graph.Params.Flat].
func save(steps int64, slots ...slot) map[string]*tensor.Tensor {
	d := map[string]*tensor.Tensor{"step": tensor.NewInt(nil, []int64{steps})}
	for _, s := range slots {
		if *s.data != nil {
			d[s.name] = tensor.New(tensor.Shape{len(*s.data)}, slices.Clone(*s.data))
		}
	}
	return d
}

// load sets arrays of size n and the number of steps back to what save returned.
// Nothing is changed when something is missing or does not fit.
func load(d map[string]*tensor.Tensor, n int, steps *int64, slots ...slot) error {
	step := d["step"]
	if step == nil || len(step.I) != 1 {
		return fmt.Errorf("there is no number of steps")
	}
	for _, s := range slots {
		switch t := d[s.name]; {
		case t == nil && !s.optional:
			return fmt.Errorf("there is no %s", s.name)
		case t != nil && len(t.F) != n:
			return fmt.Errorf("%s has %d values, the model needs %d", s.name, len(t.F), n)
		}
	}
	*steps = step.I[0]
	for _, s := range slots {
		if t := d[s.name]; t == nil {
			*s.data = nil
		} else {
			if *s.data == nil {
				*s.data = kernel.Alloc(n)
			}
			copy(*s.data, t.F)
		}
	}
	return nil
}

// want makes an optional array of zeros when it is needed and not there. It reports
// whether there is one where there was none.
func want(data *[]float32, needed bool, n int) (made bool) {
	if needed && *data == nil {
		*data = kernel.Alloc(n)
		return true
	}
	return false
}
