package rl

import (
	"fmt"
	"image"
	"io"

	"lab/core"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/modelfile"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/picture"
	"lab/core/tensor"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

// Evaluation are the parameters of what happens with a finished policy.
type Evaluation struct {
	Mode         string `default:"train" enum:"train,play" doc:"play trains nothing: it evaluates the policy of from="`
	EvalEpisodes int    `default:"100" min:"1" doc:"episodes of the policy's likeliest actions, after the training or in mode=play"`
}

// network is what a policy computes of observations [N, size]: logits, values of actions,
// or the actions themselves: [N, Action.Size()].
type network func(obs *graph.Node) *graph.Node

const (
	patience    = 1000 // steps after which an episode without a time limit is given up
	frameWidth  = 300  // pixels
	frameHeight = 200
	frameDelay  = 0.04 // s; GIFs that want less are shown slowly
)

// evaluate plays episodes side by side with the likeliest actions, logs their mean return
// and draws the first one.
func (e *Evaluation) evaluate(s *family.Session, spec *env.Spec, net network, step int) error {
	n := e.EvalEpisodes
	envs, err := env.NewVector(spec.ID, n, s.Rand("evaluation"))
	if err != nil {
		return err
	}
	obs := graph.New().Input("obs", n, spec.Observation.Size())
	out := net(obs)
	p, err := vm.Compile([]*graph.Node{out})
	if err != nil {
		return err
	}
	p.Named("evaluate")

	width, outs := spec.Action.Width(), spec.Action.Size()
	actions, returns, over := make([]float64, n*width), make([]float64, n), make([]bool, n)
	limit := spec.MaxEpisodeSteps
	if limit == 0 {
		limit = patience
	}
	skip := max(1, int(frameDelay*float64(spec.FPS)+0.5))
	film := picture.NewAnimation(float64(skip) / float64(spec.FPS))
	film.Add(frame(envs.Env(0)))
	for t, left := 1, n; t <= limit && left > 0; t++ {
		copy(p.Value(obs), envs.Obs)
		p.Run()
		for i := range n {
			best(spec.Action, p.Value(out)[i*outs:(i+1)*outs], actions[i*width:(i+1)*width])
		}
		envs.Step(actions)
		for i := range n {
			if !over[i] {
				returns[i] += envs.Rewards[i]
			}
			if envs.Done(i) && !over[i] {
				over[i] = true
				left--
			}
		}
		if t%skip == 0 && !over[0] {
			film.Add(frame(envs.Env(0)))
		}
		s.Progress(core.Progress{Done: int64(step), Total: int64(step), Note: "evaluating"})
	}
	mean, _ := moments(returns)
	s.Log(step, "eval_return", mean)
	rows := make([][]string, n)
	for i, r := range returns {
		rows[i] = []string{fmt.Sprint(i), core.FormatFloat(r)}
	}
	if err := s.Table("evaluation", step, []string{"episode", "return"}, rows); err != nil {
		return err
	}
	return s.File("episode.gif", step, film.Encode)
}

func frame(e env.Env) image.Image {
	c := env.NewCanvas(frameWidth, frameHeight)
	e.Draw(c)
	return c.Image
}

// play evaluates the policy of from=, which may be of any recipe or of another program.
func (e *Evaluation) play(s *family.Session, id string) error {
	if _, err := s.Resume(func(io.Reader) error { return nil }); err != nil {
		return err
	}
	spec, err := env.Find(id)
	if err != nil {
		return err
	}
	net, err := loadPolicy(s.From(), spec)
	if err != nil {
		return err
	}
	return e.evaluate(s, spec, net, 0)
}

// loadPolicy reads a policy: an ONNX model that maps observations [N, size] to one number
// for each action, the greatest of the best one, or to actions.
func loadPolicy(path string, spec *env.Spec) (network, error) {
	if path == "" {
		return nil, &core.Error{Kind: core.Usage, Msg: "mode=play has no policy to play", Try: "from=RUN, or from= an ONNX file"}
	}
	m, err := onnx.Read(path)
	if err != nil {
		return nil, err
	}
	if of := m.Metadata["rl.env"]; of != "" && of != spec.ID {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is a policy for %s, not for %s", path, of, spec.ID), Try: "env=" + of}
	}
	net, err := exchange.Load(m)
	if err != nil {
		return nil, err
	}
	bad := func(format string, args ...any) error {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("%s is no policy for %s: ", path, spec.ID) + fmt.Sprintf(format, args...)}
	}
	if len(m.Inputs) != 1 {
		return nil, bad("it has %d inputs, not one", len(m.Inputs))
	}
	apply := func(obs *graph.Node) ([]*graph.Node, error) {
		return net.Apply(exchange.Port{Name: m.Inputs[0].Name, Node: obs})
	}
	out, err := apply(graph.New().Input("obs", 1, spec.Observation.Size()))
	if err != nil {
		return nil, bad("%v", err)
	}
	if want := (tensor.Shape{1, spec.Action.Size()}); len(out) == 0 || !out[0].Shape().Equal(want) {
		return nil, bad("an observation of %d numbers does not give one of %d", spec.Observation.Size(), spec.Action.Size())
	}
	return func(obs *graph.Node) *graph.Node {
		out, err := apply(obs)
		if err != nil {
			panic(err) // it went well a moment ago
		}
		return out[0]
	}, nil
}

// anyBatch is a free batch; its sizes are of no observation, layer or action.
var anyBatch = []exchange.Free{{Name: "batch", Sizes: [2]int{7, 11}}}

// save writes NAME.onnx of a network on observations, with what it belongs to. Params that
// the network does not use are outputs of their own, so that the file is complete.
func save(s *family.Session, spec *env.Spec, recipe, name, output string, net network, unused ...*graph.Param) error {
	b, err := exchange.Export("rl-"+recipe+"-"+name, onnx.DefaultOpset, anyBatch, func(n exchange.Sizes) (in, out []exchange.Port) {
		obs := graph.New().Input("obs", n["batch"], spec.Observation.Size())
		out = []exchange.Port{{Name: output, Node: net(obs)}}
		for _, p := range unused {
			out = append(out, exchange.Port{Name: p.Name + "_out", Node: obs.Graph().Param(p)})
		}
		return []exchange.Port{{Name: "obs", Node: obs}}, out
	})
	if err != nil {
		return err
	}
	return modelfile.Save(s, name, b, "rl", recipe, map[string]string{"rl.env": spec.ID})
}

// saveActor writes model.onnx, the policy's logits or its mean action within bounds.
func saveActor(s *family.Session, spec *env.Spec, recipe string, a *actor) error {
	if spec.Action.N > 0 {
		return save(s, spec, recipe, "model", "logits", a.forward)
	}
	return save(s, spec, recipe, "model", "action", func(obs *graph.Node) *graph.Node {
		return graph.Clip(a.forward(obs), spec.Action.Low[0], spec.Action.High[0])
	}, a.logStd)
}

// startFrom sets networks to those of an earlier run, if it shall start from one.
func startFrom(s *family.Session, model *graph.Params, others ...modelfile.Named) error {
	return modelfile.StartFrom(s, "the env and hidden sizes that the file was trained with", model, others...)
}
