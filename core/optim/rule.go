package optim

import (
	"fmt"

	"lab/core/internal/kernel"
	"lab/core/internal/kernel/twin"
)

// rule is an update rule as one elementwise program over flat arrays of equal
// length: it computes with numbers that are set before each run, and some of the
// arrays take what it computed. All is declared first, then ready is called; each
// run is one kernel call and allocates nothing.
type rule struct {
	arrays [][]float32
	instrs []kernel.Instr // instrs[i] makes value len(arrays)+i
	stores map[int]value  // the value that an array takes

	code  []kernel.Instr
	place []int            // in code, of what makes each value
	run   func(lo, hi int) // steps the elements lo to hi
}

// value is an array's element, a number or a result, in the order of declaration.
type value uint8

// newRule starts a rule over these arrays; value(i) is the old value of arrays[i].
func newRule(arrays ...[]float32) *rule {
	return &rule{arrays: arrays, stores: map[int]value{}}
}

func (r *rule) do(code kernel.Code, a, b value) value {
	dst := value(len(r.arrays) + len(r.instrs))
	r.instrs = append(r.instrs, kernel.Instr{Code: code, Dst: uint8(dst), A: uint8(a), B: uint8(b)})
	return dst
}

// number declares a number; it is 0 until set.
func (r *rule) number() value { return r.do(twin.Const, 0, 0) }

// addScaled is a + s·b, where s is set as the result's number.
func (r *rule) addScaled(a, b value) value { return r.do(twin.AddScaled, a, b) }

func (r *rule) add(a, b value) value { return r.do(twin.Add, a, b) }
func (r *rule) sub(a, b value) value { return r.do(twin.Sub, a, b) }
func (r *rule) mul(a, b value) value { return r.do(twin.Mul, a, b) }
func (r *rule) div(a, b value) value { return r.do(twin.Div, a, b) }
func (r *rule) min(a, b value) value { return r.do(twin.Min, a, b) }
func (r *rule) max(a, b value) value { return r.do(twin.Max, a, b) }
func (r *rule) sqrt(a value) value   { return r.do(twin.Sqrt, a, a) }
func (r *rule) sign(a value) value   { return r.do(twin.Sign, a, a) }
func (r *rule) copy(a value) value   { return r.do(twin.Copy, a, a) }

// store lets an array take a result, when all of the rule is computed.
func (r *rule) store(array, result value) { r.stores[int(array)] = result }

// ready compiles the rule: numbers at the head, each result in a temporary that is
// used again when the result is read no more. The last result has to be stored.
func (r *rule) ready() {
	inputs, end := len(r.arrays), len(r.instrs)
	lastUse := make([]int, inputs+end)
	for i, s := range r.instrs {
		lastUse[s.A], lastUse[s.B] = i, i
	}
	for _, v := range r.stores {
		lastUse[v] = end
	}
	operand := make([]uint8, inputs+end) // of each value
	r.place = make([]int, inputs+end)
	for i := range inputs {
		operand[i] = uint8(i)
	}
	used := inputs
	for i, s := range r.instrs {
		if s.Code == twin.Const {
			operand[inputs+i], r.place[inputs+i] = uint8(used), len(r.code)
			r.code = append(r.code, kernel.Instr{Code: s.Code, Dst: uint8(used)})
			used++
		}
	}
	var free []uint8
	for i, s := range r.instrs {
		if s.Code == twin.Const {
			continue
		}
		for v := inputs; v < inputs+i; v++ { // read here for the last time: the result may take its place
			if lastUse[v] == i && r.instrs[v-inputs].Code != twin.Const {
				free = append(free, operand[v])
			}
		}
		if len(free) == 0 {
			free = append(free, uint8(used))
			used++
		}
		dst := free[len(free)-1]
		free, operand[inputs+i] = free[:len(free)-1], dst
		r.place[inputs+i] = len(r.code)
		r.code = append(r.code, kernel.Instr{Code: s.Code, Dst: dst, A: operand[s.A], B: operand[s.B]})
	}
	if used > inputs+kernel.MaxTemps {
		panic(fmt.Sprintf("optim: a rule needs %d temporaries", used-inputs))
	}
	var next [kernel.MaxInputs]uint8
	for i := range next {
		next[i] = uint8(i)
	}
	for a, v := range r.stores {
		next[a] = operand[v]
	}
	r.run = kernel.Update(&kernel.Program{Inputs: inputs, Code: r.code}, next, r.arrays)
}

// set gives a number, or the one within an addScaled, its value for the runs to come.
func (r *rule) set(number value, x float64) { r.code[r.place[number]].Imm = float32(x) }
