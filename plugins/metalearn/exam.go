package metalearn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/vm"
	"lab/plugins/metalearn/task"
)

// exam tests how well the learner adapts: the same tasks every time, none of which it was
// trained on.
type exam struct {
	*vm.Program
	c       *course
	tasks   *tasks
	outputs []*graph.Node // for the query points after 0, 1, … steps
	graded  int           // the number of steps after which results count
	learn   writer        // of what is examined: learning a task
	losses  []*graph.Node // of each task
	seed    uint64
}

// Looked at are at least this many steps of adaptation, of this many tasks at once and at
// this many query points where they cost little.
const examSteps, examTasks, examPoints = 10, 100, 50

// writer writes a model of that name.
type writer func(name string) (*onnx.Builder, error)

// newExam makes one of given outputs for the query points of the tasks: one for each number
// of steps of adaptation, from 0 on. Those after the graded number of steps count.
func newExam(c *course, t *tasks, learn writer, graded int, outputs ...*graph.Node) (*exam, error) {
	e := &exam{c: c, tasks: t, outputs: outputs, graded: graded, learn: learn, seed: c.s.Rand("exam").Uint64()}
	for _, out := range outputs {
		e.losses = append(e.losses, c.learner.loss(out, t.queryY))
	}
	var err error
	if e.Program, err = vm.Compile(append(e.losses, e.outputs...)); err != nil {
		return nil, err
	}
	e.Named("exam")
	return e, nil
}

// newAdaptingExam makes the exam of a learner that adapts by that many steps of size alpha.
func newAdaptingExam(c *course, alpha float64, steps int) (*exam, error) {
	f, query := c.learner, c.query
	if c.from.Classes == 0 {
		query = examPoints
	}
	t := f.tasks(min(examTasks, c.TestTasks), c.from, c.support, query)
	var outputs []*graph.Node
	w := t.theta
	for range max(examSteps, steps) + 1 {
		outputs = append(outputs, f.with(w, t.queryX))
		w = f.adapt(w, t.x, t.y, alpha, 1)
	}
	learn := func(name string) (*onnx.Builder, error) { return f.exportAdapting(name, c.from, alpha, steps) }
	return newExam(c, t, learn, steps, outputs...)
}

// marks are what each task of an exam came to: its "loss", and its "accuracy" where there
// are classes.
type marks map[string][]float64

// take gives the exam and records how it went.
func (e *exam) take(step int) error {
	results := make([]marks, len(e.outputs)) // by steps of adaptation
	for k := range results {
		results[k] = marks{}
	}
	for done := 0; done < e.c.TestTasks; done += e.tasks.n {
		e.tasks.sample(e.Program, e.c.from.Test, rand.New(rand.NewPCG(e.seed, uint64(done))))
		e.Run()
		if done == 0 && e.c.from.Classes == 0 && step > 0 {
			if err := e.fit(step); err != nil {
				return err
			}
		}
		for k, m := range results {
			e.mark(m, k, min(e.tasks.n, e.c.TestTasks-done))
		}
	}
	adapts := len(results) > 1
	for k, m := range results {
		for _, name := range e.names() {
			mean, half := interval(m[name])
			if adapts && k <= examSteps {
				e.c.s.Log(step, fmt.Sprintf("%s@%d", name, k), mean)
			}
			if k == e.graded {
				e.c.s.Log(step, name, mean)
				e.c.s.Log(step, name+"_ci95", half)
			}
		}
	}
	if adapts && step > 0 {
		return e.curve(step, results)
	}
	return nil
}

// names are those of an exam's marks.
func (e *exam) names() []string {
	if e.c.from.Classes > 0 {
		return []string{"loss", "accuracy"}
	}
	return []string{"loss"}
}

// mark adds the first n tasks' results after k steps of adaptation.
func (e *exam) mark(m marks, k, n int) {
	loss, out, y := e.Value(e.losses[k]), e.Value(e.outputs[k]), e.Value(e.tasks.queryY)
	for i := range n {
		m["loss"] = append(m["loss"], float64(loss[i]))
		if classes := e.c.from.Classes; classes > 0 {
			size := len(y) / e.tasks.n
			m["accuracy"] = append(m["accuracy"], accuracy(out[i*size*classes:(i+1)*size*classes], y[i*size:(i+1)*size]))
		}
	}
}

// accuracy is the share of rows of logits that are largest at their class.
func accuracy(logits, y []float32) float64 {
	right, classes := 0, len(logits)/len(y)
	for i, class := range y {
		row, best := logits[i*classes:(i+1)*classes], 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(class) {
			right++
		}
	}
	return float64(right) / float64(len(y))
}

// interval is the mean of independent values and half of its 95 % confidence interval,
// 1.96 standard errors.
func interval(v []float64) (mean, half float64) {
	n := float64(len(v))
	for _, x := range v {
		mean += x / n
	}
	for _, x := range v {
		half += (x - mean) * (x - mean)
	}
	return mean, 1.96 * math.Sqrt(half/(n-1)/n)
}

// sample fills the program's inputs with new tasks.
func (t *tasks) sample(p *vm.Program, from task.Distribution, r *rand.Rand) {
	support, query := task.Points{X: p.Value(t.x), Y: p.Value(t.y)}, task.Points{X: p.Value(t.queryX), Y: p.Value(t.queryY)}
	for i := range t.n {
		from.Sample(r, support.Of(i, t.n), query.Of(i, t.n))
	}
}
