package graph

import (
	"fmt"
	"path"
	"strings"

	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Params is the set of parameters of one model, in flat memory: the values of all
// parameters side by side, their gradients likewise, so that an optimiser is one
// pass. Buffers (running statistics) and frozen parameters lie apart. Any number of graphs and programs
// share a set.
type Params struct {
	all     []*Param
	names   map[string]bool
	values  []float32 // of the trained, each parameter on a 64-byte boundary
	grads   []float32
	buffers []float32
	sealed  bool
}

// Param is a named tensor that outlives graphs.
type Param struct {
	Name   string // as in PyTorch's state_dict: "main.0.weight"
	Shape  tensor.Shape
	Buffer bool  // not trained: running statistics
	Frozen bool  // not trained either, by [Params.Freeze]
	Perm   []int // axis i of the tensor in files is axis Perm[i] here; nil: the same

	set    *Params
	init   []float32 // until the set is sealed
	offset int
}

// NewParams returns an empty set.
func NewParams() *Params { return &Params{names: map[string]bool{}} }

// Add adds a parameter with these initial values, which it copies. It panics when
// the name is taken or the set is in use already.
func (s *Params) Add(name string, buffer bool, perm []int, value *tensor.Tensor) *Param {
	if s.sealed {
		panic(fmt.Sprintf("graph: parameter %s is added after the set was used", name))
	}
	if s.names[name] {
		panic(fmt.Sprintf("graph: parameter %s is there already", name))
	}
	s.names[name] = true
	p := &Param{Name: name, Shape: value.Shape.Clone(), Buffer: buffer, Perm: perm, set: s, init: append([]float32(nil), value.F...)}
	s.all = append(s.all, p)
	return p
}

// All lists parameters and buffers in the order they were added.
func (s *Params) All() []*Param { return s.all }

// Trained lists the parameters without buffers and frozen ones.
func (s *Params) Trained() []*Param {
	var t []*Param
	for _, p := range s.all {
		if p.trained() {
			t = append(t, p)
		}
	}
	return t
}

// Freeze takes the parameters whose names match one of the patterns out of training:
// no optimiser sees them, and no gradient is computed for them or for what lies below
// them alone. A pattern is a shell's (path.Match, so that * stands for dots, too):
// "layer1.*", "*.bias". With ! before it, a pattern takes names out again, so that
// Freeze("*", "!fc.*") trains the last layer alone; the last pattern that matches
// counts. It is an error of nothing changed if a pattern is malformed or matches no
// name. It panics when the set is in use already.
func (s *Params) Freeze(patterns ...string) error {
	if s.sealed {
		panic("graph: parameters are frozen after the set was used")
	}
	frozen := make([]bool, len(s.all))
	for _, pattern := range patterns {
		glob, melt := strings.CutPrefix(pattern, "!")
		found := false
		for i, p := range s.all {
			ok, err := path.Match(glob, p.Name)
			if err != nil {
				return fmt.Errorf("the pattern %q is malformed", pattern)
			}
			if ok {
				frozen[i], found = !melt, true
			}
		}
		if !found {
			return fmt.Errorf("the pattern %q matches no parameter", pattern)
		}
	}
	for i, p := range s.all {
		p.Frozen = p.Frozen || frozen[i]
	}
	return nil
}

// Count is the number of trained values.
func (s *Params) Count() int {
	n := 0
	for _, p := range s.Trained() {
		n += p.Shape.Size()
	}
	return n
}

// seal lays the set out in flat memory.
func (s *Params) seal() {
	if s.sealed {
		return
	}
	s.sealed = true
	trained, buffers := 0, 0
	for _, p := range s.all {
		end := &trained
		if !p.trained() {
			end = &buffers
		}
		p.offset = *end
		*end += padded(p.Shape.Size())
	}
	s.values, s.grads, s.buffers = kernel.Alloc(trained), kernel.Alloc(trained), kernel.Alloc(buffers)
	for _, p := range s.all {
		copy(p.Value(), p.init)
		p.init = nil
	}
}

// Flat is the memory of all trained values and of their gradients, with zeros
// between the parameters.
func (s *Params) Flat() (values, grads []float32) {
	s.seal()
	return s.values, s.grads
}

// Span is where a trained parameter lies in [Params.Flat], up to the next one.
func (p *Param) Span() (lo, hi int) {
	p.set.seal()
	return p.offset, p.offset + padded(p.Shape.Size())
}

func (p *Param) trained() bool { return !p.Buffer && !p.Frozen }

// padded rounds a size up to a 64-byte boundary.
func padded(n int) int {
	const line = 16
	return (n + line - 1) / line * line
}

// Value is the parameter's memory, shared with every program.
func (p *Param) Value() []float32 {
	p.set.seal()
	if !p.trained() {
		return p.set.buffers[p.offset : p.offset+p.Shape.Size()]
	}
	return p.set.values[p.offset : p.offset+p.Shape.Size()]
}

// Grad is the memory of the parameter's gradient; nil for one that is not trained.
func (p *Param) Grad() []float32 {
	p.set.seal()
	if !p.trained() {
		return nil
	}
	return p.set.grads[p.offset : p.offset+p.Shape.Size()]
}

// Export returns a copy of the parameter in the layout of files.
func (p *Param) Export() *tensor.Tensor {
	t := tensor.New(p.Shape, append([]float32(nil), p.Value()...))
	if p.Perm != nil {
		t = t.Transpose(p.Perm...)
	}
	return t
}

// StateDict is the set's values by name, in the layout of files: copies.
func (s *Params) StateDict() map[string]*tensor.Tensor {
	d := make(map[string]*tensor.Tensor, len(s.all))
	for _, p := range s.all {
		d[p.Name] = p.Export()
	}
	return d
}

// LoadStateDict sets every parameter of the set from tensors by name, in the layout
// of files. Nothing is changed when a name is missing or a shape differs; names
// that the set does not have are passed over.
func (s *Params) LoadStateDict(tensors map[string]*tensor.Tensor) error {
	values := make([]*tensor.Tensor, len(s.all))
	for i, p := range s.all {
		t, ok := tensors[p.Name]
		if !ok {
			return fmt.Errorf("there is no tensor %q", p.Name)
		}
		var err error
		if values[i], err = p.fromFile(t); err != nil {
			return err
		}
	}
	for i, p := range s.all {
		copy(p.Value(), values[i].F)
	}
	return nil
}

// fromFile returns t in the parameter's own layout.
func (p *Param) fromFile(t *tensor.Tensor) (*tensor.Tensor, error) {
	perm := p.Perm
	if perm == nil {
		perm = make([]int, len(p.Shape))
		for i := range perm {
			perm[i] = i
		}
	}
	shape, back := make(tensor.Shape, len(perm)), make([]int, len(perm))
	for i, a := range perm {
		shape[i] = p.Shape[a]
		back[a] = i
	}
	if p.Buffer && t.F == nil { // PyTorch counts batches in int64
		f := make([]float32, len(t.I))
		for i, v := range t.I {
			f[i] = float32(v)
		}
		t = tensor.New(t.Shape, f)
	}
	if t.F == nil || !t.Shape.Equal(shape) {
		return nil, fmt.Errorf("tensor %q has shape %v, the model needs %v", p.Name, t.Shape, shape)
	}
	return t.Transpose(back...), nil
}
