package metalearn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core/graph"
	"lab/core/vm"
	"lab/plugins/metalearn/task"
)

// exam tests how well the learner adapts, on the same tasks every time.
type exam struct {
	*vm.Program
	c      *course
	tasks  *tasks
	losses []*graph.Node // of each task after 0, 1, … steps
	count  int           // of tasks
	seed   uint64
}

// curve is how many steps of adaptation are looked at, at least.
const curve = 10

func newExam(c *course, alpha float64) (*exam, error) {
	e := &exam{c: c, count: c.TestTasks, seed: c.s.Rand("exam").Uint64()}
	f := c.learner
	n, query := 1, c.query
	if f.vector {
		n, query = 100, 100
	}
	e.tasks = f.tasks(min(n, c.TestTasks), c.test, c.support, query)
	w := e.tasks.theta
	for range max(curve, c.TestSteps) + 1 {
		e.losses = append(e.losses, f.loss(f.with(w, e.tasks.queryX), e.tasks.queryY))
		w = f.adapt(w, e.tasks.x, e.tasks.y, alpha, 1)
	}
	var err error
	if e.Program, err = vm.Compile(e.losses); err != nil {
		return nil, err
	}
	e.Named("exam")
	return e, nil
}

// take logs how the learner does.
func (e *exam) take(step int) {
	losses := make([][]float64, len(e.losses)) // by steps of adaptation, of each task
	for done := 0; done < e.count; done += e.tasks.n {
		e.tasks.sample(e.Program, e.c.test, rand.New(rand.NewPCG(e.seed, uint64(done))))
		e.Run()
		for k, l := range e.losses {
			for _, v := range e.Value(l)[:min(e.tasks.n, e.count-done)] {
				losses[k] = append(losses[k], float64(v))
			}
		}
	}
	for k := range losses {
		mean, half := interval(losses[k])
		if k <= curve {
			e.c.s.Log(step, fmt.Sprintf("loss@%d", k), mean)
		}
		if k == e.c.TestSteps {
			e.c.s.Log(step, "loss", mean)
			e.c.s.Log(step, "loss_ci95", half)
		}
	}
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
func (t *tasks) sample(p *vm.Program, d task.Distribution, r *rand.Rand) {
	support, query := task.Points{X: p.Value(t.x), Y: p.Value(t.y)}, task.Points{X: p.Value(t.queryX), Y: p.Value(t.queryY)}
	for i := range t.n {
		d.Sample(r, support.Of(i, t.n), query.Of(i, t.n))
	}
}
