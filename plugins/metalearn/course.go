package metalearn

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/metalearn/task"
)

// TasksParams are the parameters of what is learned from.
type TasksParams struct {
	Data    string `default:"sine" enum:"sine" doc:"tasks"`
	Shots   int    `default:"0" min:"0" doc:"K, points to adapt to, of each class if there are classes; 0: 10 for sines, 1 for characters"`
	Queries int    `default:"0" min:"0" doc:"points to judge by, of each class; 0: 10 for sines, 5 for characters"`
}

// TestParams are the parameters of how learners are tested.
type TestParams struct {
	TestTasks       int `default:"600" min:"2" doc:"tasks of a test, none of them trained on"`
	TestSteps       int `default:"0" min:"0" doc:"steps of adaptation after which loss is told; 0: 10 for sines, 3 for characters"`
	TestEvery       int `default:"1000" min:"1" doc:"iterations between tests"`
	CheckpointEvery int `default:"1000" min:"0" doc:"iterations between checkpoints; 0 writes one only when the run is stopped"`
}

// promises are what every recipe that adapts by gradient descent says of its runs.
var promises = []family.Option{
	family.Metric("loss", "", core.Lower, "on query points of tasks not trained on, after test_steps steps of adaptation"),
	family.Metric("loss@0", "", core.Neutral, "likewise, before adapting"),
	family.Metric("loss@1", "", core.Lower, "likewise, after one step; loss@2 and so on are recorded too"),
	family.Metric("loss_ci95", "", core.Neutral, "half of the 95 % confidence interval of loss over the tasks"),
	family.Metric("meta_loss", "", core.Lower, "what an iteration makes smaller, over its tasks"),
	family.StartsFrom(), family.Resumes(),
}

// course is one meta-training: everything around the update of the weights.
type course struct {
	s              *family.Session
	train, test    task.Distribution
	classes        int // of a task; 0: regression
	support, query int // points of a task
	learner        *learner
	TestParams
}

func newCourse(s *family.Session, p TasksParams, test TestParams) (*course, error) {
	vm.SetThreads(s.Threads())
	c := &course{s: s, TestParams: test}
	c.train, c.test = task.Sine{MaxPhase: math.Pi}, task.Sine{MaxPhase: math.Pi, EvenQuery: true}
	suit(c, &p.Shots, 10, 1)
	suit(c, &p.Queries, 10, 5)
	suit(c, &c.TestSteps, 10, 3)
	c.support, c.query = p.Shots*max(1, c.classes), p.Queries*max(1, c.classes)
	return c, nil
}

// suit sets a parameter that was left at 0 to what suits the kind of tasks.
func suit[T int | float64](c *course, v *T, regression, classification T) {
	if *v == 0 {
		*v = regression
		if c.classes > 0 {
			*v = classification
		}
	}
}

// newLearner makes the learner, or takes up the one to start from.
func (c *course) newLearner() (*learner, error) {
	c.learner = newRegressor(c.s.Rand("init"), 40, graph.Relu)
	if c.s.From() != "" {
		m, err := onnx.Read(c.s.From())
		if err != nil {
			return nil, err
		}
		if err := c.learner.Params.LoadStateDict(m.StateDict()); err != nil {
			return nil, &core.Error{Kind: core.Usage, Msg: "from=" + c.s.From(), Err: err, Try: "the model of a run with the same data and network"}
		}
	}
	c.s.Fact("model.parameters", fmt.Sprint(c.learner.Params.Count()))
	c.s.Fact("cpu.isa", vm.ISA())
	return c.learner, nil
}

// batch computes the meta-gradient over a batch of tasks.
type batch struct {
	*vm.Program
	tasks *tasks
	loss  *graph.Node
	runs  int // of the program, for all tasks
	from  task.Distribution
	rand  *rand.Rand
	sum   *optim.Accumulator
}

// compile makes the program that computes the gradient of some tasks side by side, and
// runs as often as a batch of size tasks takes.
func (c *course) compile(name string, size int, t *tasks, loss *graph.Node, gradient graph.Gradients) (*batch, error) {
	p, err := vm.Compile([]*graph.Node{loss}, gradient)
	if err != nil {
		return nil, err
	}
	p.Named(name)
	return &batch{p, t, loss, size / t.n, c.train, c.s.Rand("tasks"), optim.NewAccumulator(c.learner.Params)}, nil
}

// gradient draws a batch of tasks, leaves the mean gradient with the parameters and
// returns the mean loss.
func (b *batch) gradient() (loss float64) {
	for range b.runs {
		b.tasks.sample(b.Program, b.from, b.rand)
		b.Run()
		loss += b.Scalar(b.loss) / float64(b.runs)
		if b.runs > 1 {
			b.sum.Add()
		}
	}
	if b.runs > 1 {
		b.sum.Mean()
	}
	return loss
}

// run repeats the update, which returns the loss of an iteration, and tests the learner
// every now and then. alpha is the step size that it adapts with.
func (c *course) run(parts checkpoint.Parts, iterations int, alpha float64, update func(step int) (loss float64)) error {
	s := c.s
	exam, err := newExam(c, alpha)
	if err != nil {
		return err
	}
	step, err := s.Resume(parts.Load)
	if err != nil {
		return err
	}
	if step == 0 {
		exam.take(0)
	}
	for step < iterations {
		if s.Stopped() {
			return s.Checkpoint(step, parts.Save)
		}
		loss := update(step)
		step++
		s.Log(step, "meta_loss", loss)
		s.Progress(core.Progress{Done: int64(step), Total: int64(iterations)})
		if step%c.TestEvery == 0 || step == iterations {
			exam.take(step)
		}
		if c.CheckpointEvery > 0 && step%c.CheckpointEvery == 0 && step < iterations {
			if err := s.Checkpoint(step, parts.Save); err != nil {
				return err
			}
		}
	}
	return c.save()
}

// save writes model.onnx, the network with the weights that adapting starts from.
func (c *course) save() error {
	b, err := exchange.Export("metalearn-"+"maml", onnx.DefaultOpset, exchange.Batch, func(n exchange.Sizes) (in, out []exchange.Port) {
		x := graph.New().Input("x", append([]int{n["batch"]}, c.train.Shape()...)...)
		image := len(x.Shape()) == 4
		return []exchange.Port{{Name: "x", Node: x, Image: image}}, []exchange.Port{{Name: "y", Node: c.learner.forward(x)}}
	})
	if err != nil {
		return err
	}
	b.SetMetadata("lab.family", "metalearn")
	file, err := b.Encode()
	if err != nil {
		return err
	}
	return c.s.SaveModel("model", 0, func(w io.Writer) error {
		_, err := w.Write(file)
		return err
	})
}
