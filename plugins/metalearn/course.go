package metalearn

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/optim"
	"lab/core/vm"
	"lab/plugins/metalearn/task"
)

// TasksParams are the parameters of what is learned from.
type TasksParams struct {
	Data    string `default:"sine" doc:"tasks: sine, hershey, omniglot-small, or the path of a folder with Omniglot's archives"`
	Ways    int    `default:"5" min:"2" doc:"N, classes of a task, where there are classes"`
	Shots   int    `default:"0" min:"0" doc:"K, points to adapt to, of each class if there are classes; 0: 10 for sines, 1 for characters"`
	Queries int    `default:"0" min:"0" doc:"points to judge by, of each class; 0: 10 for sines, 5 for characters"`
}

// TestParams are the parameters of how learners are tested.
type TestParams struct {
	TestTasks       int `default:"600" min:"2" doc:"tasks of a test, none of them trained on"`
	TestEvery       int `default:"0" min:"0" doc:"iterations between tests; 0: a tenth of all for sines, a third for characters"`
	CheckpointEvery int `default:"1000" min:"0" doc:"iterations between checkpoints; 0 writes one only when the run is stopped"`
}

// promises are what every recipe that adapts by gradient descent says of its runs.
var promises = []family.Option{
	family.Metric("loss", "", core.Lower, "on query points of tasks not trained on, after test_steps steps of adaptation"),
	family.Metric("loss@0", "", core.Neutral, "likewise, before adapting"),
	family.Metric("loss@1", "", core.Lower, "likewise, after one step; loss@2 and so on are recorded too"),
	family.Metric("loss_ci95", "", core.Neutral, "half of the 95 % confidence interval of loss over the tasks"),
	family.Metric("meta_loss", "", core.Lower, "what an iteration makes smaller, over its tasks"),
	family.Data("sine", "hershey", "omniglot-small"), family.StartsFrom(), family.Resumes(),
}

// course is one meta-training: everything around the update of the weights.
type course struct {
	s              *family.Session
	from           *task.Source
	support, query int // points of a task
	learner        *learner
	recipe         string
	TestParams
}

// setting is what differs from recipe to recipe, or from paper to paper.
type setting struct {
	sine       task.Sine
	hidden     int // units of a layer of the network for sines
	activation func(*graph.Node) *graph.Node
	trainWays  int // where not those of tests
	network    func(*nn.Scope) *learner
}

// channels are those of the networks for characters.
const channels = 32

// finn is the setting of Finn et al. (2017), section 5.1.
var finn = setting{sine: task.Sine{MaxPhase: math.Pi}, hidden: 40, activation: graph.Relu}

func newCourse(s *family.Session, recipe string, set setting, p TasksParams, test TestParams) (*course, error) {
	vm.SetThreads(s.Threads())
	from, err := task.Open(p.Data, s.DataDir(), task.Options{Ways: p.Ways, TrainWays: cmp.Or(set.trainWays, p.Ways), Sine: set.sine})
	if err != nil {
		return nil, err
	}
	c := &course{s: s, recipe: recipe, from: from, TestParams: test}
	suit(c, "shots", &p.Shots, 10, 1)
	suit(c, "queries", &p.Queries, 10, 5)
	if err := c.enough(p.Shots + p.Queries); err != nil {
		return nil, err
	}
	c.support, c.query = p.Shots*max(1, from.Classes), p.Queries*max(1, from.Classes)
	scope := nn.NewScope(s.Rand("init"))
	switch {
	case set.network != nil:
		c.learner = set.network(scope)
	case from.Classes == 0:
		c.learner = newRegressor(scope, set.hidden, set.activation)
	default:
		c.learner = newClassifier(scope, channels, from.Classes)
	}
	if err := modelfile.StartFrom(s, "the model of a run with the same data and ways", c.learner.Params); err != nil {
		return nil, err
	}
	s.Fact("data.name", from.Name)
	if from.Classes > 0 {
		s.Fact("data.sha256", from.SHA256)
		s.Fact("data.split", from.Split)
	}
	s.Fact("model.parameters", fmt.Sprint(c.learner.Params.Count()))
	s.Fact("cpu.isa", vm.ISA())
	return c, nil
}

// enough reports whether there are so many points of a task, or of each class of it.
func (c *course) enough(points int) error {
	if c.from.Points == 0 || points <= c.from.Points {
		return nil
	}
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("a task takes %d points, of each class if there are classes; %s has %d", points, c.from.Name, c.from.Points), Try: "fewer shots or queries"}
}

// suit sets a parameter that was left at 0 to what suits the kind of tasks, and says so in
// the facts of the run.
func suit[T int | float64](c *course, name string, v *T, regression, classification T) {
	if *v == 0 {
		*v = regression
		if c.from.Classes > 0 {
			*v = classification
		}
		c.s.Fact("default."+name, fmt.Sprint(*v))
	}
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
	return &batch{p, t, loss, size / t.n, c.from.Train, c.s.Rand("tasks"), optim.NewAccumulator(c.learner.Params)}, nil
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

// run repeats the update, which is given the number of updates before it and returns its loss,
// and gives the learner an exam every now and then.
func (c *course) run(parts checkpoint.Parts, iterations int, exam *exam, update func(step int) (loss float64)) error {
	s := c.s
	suit(c, "test_every", &c.TestEvery, max(1, iterations/10), max(1, iterations/3))
	loop := family.Loop{Steps: iterations, State: parts, CheckpointEvery: c.CheckpointEvery}
	for step := range loop.Run(s) {
		if step == 1 {
			if err := exam.take(0); err != nil {
				return err
			}
		}
		s.Log(step, "meta_loss", update(step-1))
		if step%c.TestEvery == 0 || step == iterations {
			if err := exam.take(step); err != nil {
				return err
			}
		}
	}
	if !loop.Finished() {
		return loop.Err()
	}
	return c.save(exam.learn)
}

// save writes learner.onnx, which learns a task, and model.onnx, the network that it begins
// with.
func (c *course) save(learn writer) error {
	network := func(name string) (*onnx.Builder, error) { return c.learner.export(name, c.from.Train.Shape()) }
	for _, m := range []struct {
		name  string
		write writer
	}{{"learner", learn}, {"model", network}} {
		b, err := m.write("metalearn-" + c.recipe + "-" + m.name)
		if err != nil {
			return err
		}
		if err := modelfile.Save(c.s, m.name, b, "metalearn", c.recipe, nil); err != nil {
			return err
		}
	}
	return nil
}
