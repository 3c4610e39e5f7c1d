package mlp

// The landscape that a network descends, at the place where training ends: is it a
// critical point, and of which kind? Dauphin et al., "Identifying and attacking the
// saddle point problem in high-dimensional non-convex optimization" (2014); the Hessian
// by exact products (Pearlmutter 1994) and Lanczos' method. The largest eigenvalue is
// the sharpness that Keskar et al. (2017) find to grow with the size of batches.
//
// What to expect of the defaults on two-moons, in seconds: after 100 epochs of Adam and
// 500 steps that make the gradient itself small, gradient_norm is below 0.01, the largest
// eigenvalue some tenths, the smallest about -1e-4 of it or above: minimum-like.
// batch_size=0 against 16 shows what the size of batches does.

import (
	"fmt"

	"lab/core"
	"lab/core/checkpoint"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/optim"
	"lab/core/supervised"
	"lab/core/vm"
)

type landscapeParams struct {
	taskParams  `default:"data=two-moons"`
	Epochs      int     `default:"100" min:"0" doc:"passes over the training examples; 0 looks at where from= begins"`
	Polish      int     `default:"500" min:"0" doc:"steps after these that make the gradient small rather than the loss: to a critical point of any kind"`
	PolishLR    float64 `default:"1e-3" min:"0" doc:"Adam's learning rate in these steps"`
	Critical    float64 `default:"1e-2" min:"0" doc:"norm of the gradient below which a point counts as critical"`
	Flat        float64 `default:"1e-3" min:"0" max:"1" doc:"share of the largest eigenvalue by which the smallest may be below 0 at a minimum"`
	Products    int     `default:"100" min:"2" doc:"Hessian-vector products at most"`
	WeightDecay float64 `default:"0" min:"0" doc:"decay of all weights, decoupled in adamw"`
	Hidden      []int   `default:"[8]" min:"1" doc:"units of each hidden layer; [] for none"`
	Activation  string  `default:"tanh" enum:"none,sigmoid,tanh,relu,leaky-relu,gelu" doc:"what follows each hidden layer"`
	optimiserParams
}

var landscape = family.NewRecipe("landscape", "what kind of point training ends at, by the Hessian's eigenvalues", trainLandscape,
	family.Metric("gradient_norm", "", core.Lower, "norm of the gradient over all training examples, at the end"),
	family.Metric("largest_eigenvalue", "", core.Neutral, "of the Hessian: the sharpness"),
	family.Metric("smallest_eigenvalue", "", core.Neutral, "of the Hessian: far below 0 at a saddle"),
	family.Metric("end_loss", "nats", core.Lower, "cross entropy over all training examples, at the end"),
	family.Metric("test_accuracy", "", core.Higher, "share of the test examples told right"),
	family.Metric("loss", "nats", core.Lower, "cross entropy of the batch; while polishing, half the squared norm of the gradient"),
	family.Data("two-moons", "iris", "wine", "breast-cancer", "digits", "fashion-mini"), family.StartsFrom(), family.Resumes())

func trainLandscape(s *family.Session, p landscapeParams) error {
	vm.SetThreads(s.Threads())
	t, err := openTask(s, p.taskParams, data.WantClasses())
	if err != nil {
		return err
	}
	classes, err := t.classes()
	if err != nil {
		return err
	}
	net := newNetwork(s.Rand("init"), s.Seed(), networkParams{Hidden: p.Hidden, Activation: p.Activation}, t.features, classes)
	if err := net.startFrom(s); err != nil {
		return err
	}
	l, err := newLearner(net, p.optimiserParams, p.WeightDecay, crossEntropy)
	if err != nil {
		return err
	}
	s.Fact("model.parameters", fmt.Sprint(net.Params.Count()))
	flat, err := newFlattener(l, t, p.PolishLR)
	if err != nil {
		return err
	}

	perEpoch := t.train.PerEpoch()
	descent := p.Epochs * perEpoch
	lr := p.schedule(descent)
	loop := family.Loop{Steps: descent + p.Polish, State: checkpoint.Parts{"net": net.Params, "optimiser": l.Optimiser, "polish": flat.adam}}
	for step := range loop.Run(s) {
		var loss float64
		if done := step - 1; done < descent {
			if t.train.Seek(done/perEpoch+1, done%perEpoch); !t.train.Next() {
				return fmt.Errorf("no batch at step %d", step)
			}
			if loss, err = l.Learn(t.train, lr(done)); err != nil {
				return err
			}
		} else {
			loss = flat.step()
		}
		s.Log(step, "loss", loss)
	}
	if !loop.Finished() {
		return loop.Err()
	}
	step := loop.Step()

	c, err := newCurvature(l, t.split.Train, data.Batching{Size: supervised.EvalBatch, Normal: t.normal})
	if err != nil {
		return err
	}
	loss, g, _, err := c.at(make([]float64, c.n))
	if err != nil {
		return err
	}
	e, err := lanczos(c.n, p.Products, c.product, s.Rand("lanczos"))
	if err != nil {
		return err
	}
	norm := length(g)
	s.Log(step, "end_loss", loss)
	s.Log(step, "gradient_norm", norm)
	s.Log(step, "largest_eigenvalue", e.largest)
	s.Log(step, "smallest_eigenvalue", e.smallest)
	kind := kindOf(norm, e, p.Critical, p.Flat)
	s.Fact("landscape.kind", kind)
	s.Printf("%s: gradient norm %.3g, eigenvalues of the Hessian from %.4g ± %.1g to %.4g ± %.1g after %d products",
		kind, norm, e.smallest, e.smallestErr, e.largest, e.largestErr, e.products)
	test, err := supervised.NewEvaluator(net.eval, []int{t.features}).Classify(t.test)
	if err != nil {
		return err
	}
	s.Log(step, "test_accuracy", test.Accuracy)
	return supervised.Save(s, "model", "mlp-landscape", supervised.About(t.set, t.normal), net.model("logits"))
}

// kindOf names the kind of point: where the gradient is not small it is none, and no
// eigenvalue says anything; else the smallest one tells.
func kindOf(gradient float64, e extremes, critical, flat float64) string {
	switch {
	case !(gradient <= critical):
		return "not critical"
	case e.smallest >= -flat*max(e.largest, -e.smallest):
		return "minimum-like"
	case e.largest <= 0:
		return "maximum-like"
	}
	return "saddle"
}

// flattener takes steps down ½‖∇L‖², L over all training examples: it needs the
// gradient of a gradient, and ends at whatever critical point is near.
type flattener struct {
	*vm.Program
	half *graph.Node
	adam *optim.Adam
}

func newFlattener(l *learner, t *task, lr float64) (*flattener, error) {
	f := &flattener{adam: optim.NewAdam(l.Params, lr)}
	n := t.split.Train.Len()
	batches, err := t.split.Train.Batches(data.Batching{Size: n, Normal: t.normal})
	if err != nil {
		return nil, err
	}
	g := graph.New()
	x, y := g.Input("x", n, t.features), g.Input("y", n)
	loss := l.want.Loss(l.eval(x), y)
	var weights []*graph.Node
	for _, w := range l.Params.Trained() {
		weights = append(weights, g.Param(w))
	}
	f.half = g.Scalar(0)
	for _, d := range graph.Grad(loss, weights...) {
		f.half = graph.Add(f.half, graph.Scale(graph.Sum(graph.Square(d)), 0.5))
	}
	if f.Program, err = vm.Compile([]*graph.Node{f.half}, graph.Backward(f.half, l.Params)); err != nil {
		return nil, err
	}
	f.Named("polish")
	batches.Start(1)
	batches.Next()
	batches.Inputs(f.Value(x)) // the same at every step
	l.want.Fill(batches, f.Value(y))
	return f, nil
}

func (f *flattener) step() (half float64) {
	f.Run()
	f.adam.Step()
	return f.Scalar(f.half)
}
