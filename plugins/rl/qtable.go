package rl

import (
	"errors"
	"slices"
	"strconv"

	"lab/core/family"
	"lab/core/graph"
	"lab/core/tensor"
	"lab/plugins/rl/env"
)

// qTable is the value of every action in every state: [states][actions].
type qTable [][]float64

func newQTable(spec *env.Spec) qTable {
	q := make(qTable, spec.Observation.N)
	for s := range q {
		q[s] = make([]float64, spec.Action.N)
	}
	return q
}

// finish writes the table down, evaluates its best actions and saves it as a policy: a
// linear layer on one-hot states.
func (q qTable) finish(s *family.Session, e *Evaluation, spec *env.Spec, recipe string, step int) error {
	header, rows := []string{"state"}, [][]string{}
	for a := range spec.Action.N {
		header = append(header, "q"+strconv.Itoa(a))
	}
	flat := tensor.New(tensor.Shape{spec.Observation.N, spec.Action.N}, nil)
	for state, values := range q {
		row := []string{strconv.Itoa(state)}
		for a, v := range values {
			row = append(row, strconv.FormatFloat(v, 'g', 6, 64))
			flat.F[state*spec.Action.N+a] = float32(v)
		}
		rows = append(rows, row)
	}
	if err := s.Table("q", step, header, rows); err != nil {
		return err
	}
	params := graph.NewParams()
	weight := params.Add("q.weight", false, []int{1, 0}, flat)
	net := func(obs *graph.Node) *graph.Node {
		return graph.MatMul(obs, obs.Graph().Param(weight)) // [N,actions]
	}
	if err := e.evaluate(s, spec, net, step); err != nil {
		return err
	}
	return save(s, spec, recipe, "model", "q", net)
}

// StateDict is the table, for a checkpoint.
func (q qTable) StateDict() map[string]*tensor.Tensor {
	return map[string]*tensor.Tensor{"q": bits(slices.Concat(q...))}
}

// LoadStateDict goes back to what StateDict returned.
func (q qTable) LoadStateDict(d map[string]*tensor.Tensor) error {
	t := d["q"]
	if t == nil || len(t.I) != len(q)*len(q[0]) {
		return errors.New("not a table of these states and actions")
	}
	for i, v := range floats(t) {
		q[i/len(q[0])][i%len(q[0])] = v
	}
	return nil
}
