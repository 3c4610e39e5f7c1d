package rl

import (
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/family/familytest"
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx"
	"lab/core/onnx/exchange"
	"lab/core/tensor"
	"lab/core/vm"
	"lab/plugins/rl/env"
)

// states are n observations along episodes of random actions.
func states(t *testing.T, id string, n int) []float32 {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	v, err := env.NewVector(id, 1, r)
	if err != nil {
		t.Fatal(err)
	}
	var out []float32
	for range n {
		out = append(out, v.Obs...)
		a := 4*r.Float64() - 2
		if v.Action.N > 0 {
			a = float64(r.IntN(v.Action.N))
		}
		v.Step([]float64{a})
	}
	return out
}

// TestONNXRuntime has ONNX Runtime take decisions with the saved policies: they are the
// same in a thousand states.
func TestONNXRuntime(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" {
		t.Skip("LAB_PYTHON is not set to a Python with onnxruntime (make python sets it up)")
	}
	const n = 1000
	for _, c := range []struct {
		recipe, env string
		params      []string
		net         func(spec *env.Spec) (*graph.Params, network)
	}{
		{"reinforce", "CartPole-v1", []string{"total_steps=4096", "batch=4", "hidden=64"}, func(spec *env.Spec) (*graph.Params, network) {
			a := newActor(rand.New(rand.NewPCG(1, 2)), spec, 0, 64)
			return a.Params, a.forward
		}},
		{"ppo", "CartPole-v1", []string{"total_steps=4096"}, ppoNet},
		{"a2c", "Acrobot-v1", []string{"total_steps=4096"}, ppoNet},
		{"ppo", "Pendulum-v1", []string{"total_steps=4096"}, ppoNet},
		{"dqn", "Lander-v0", []string{"total_steps=1500", "start=500"}, func(spec *env.Spec) (*graph.Params, network) {
			q := newQNetwork(nn.NewScope(rand.New(rand.NewPCG(1, 2))), spec, 128)
			return q.Params, q.net.forward
		}},
		{"qlearning", "FrozenLake-v1", []string{"total_steps=100_000"}, func(spec *env.Spec) (*graph.Params, network) {
			p := graph.NewParams()
			w := p.Add("q.weight", false, []int{1, 0}, tensor.New(tensor.Shape{16, 4}, nil))
			return p, func(obs *graph.Node) *graph.Node { return graph.MatMul(obs, obs.Graph().Param(w)) }
		}},
	} {
		t.Run(c.recipe+"-"+c.env, func(t *testing.T) {
			spec, err := env.Find(c.env)
			if err != nil {
				t.Fatal(err)
			}
			file := modelOf(familytest.Train(t, Family, c.recipe, append(c.params, "env="+c.env, "eval_episodes=1")...))
			m, err := onnx.Read(file)
			if err != nil {
				t.Fatal(err)
			}
			params, net := c.net(spec)
			if err := params.LoadStateDict(m.StateDict()); err != nil {
				t.Fatal(err)
			}
			obs := graph.New().Input("obs", n, spec.Observation.Size())
			out := net(obs)
			p, err := vm.Compile([]*graph.Node{out})
			if err != nil {
				t.Fatal(err)
			}
			copy(p.Value(obs), states(t, c.env, n))
			p.Run()

			dir := t.TempDir()
			in, result := filepath.Join(dir, "states.safetensors"), filepath.Join(dir, "out.safetensors")
			if err := onnx.WriteSafetensors(in, map[string]*tensor.Tensor{"obs": tensor.New(obs.Shape(), p.Value(obs))}, nil); err != nil {
				t.Fatal(err)
			}
			if said, err := exec.Command(python, "testdata/act.py", file, in, result).CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, said)
			}
			got, _, err := onnx.ReadSafetensors(result)
			if err != nil {
				t.Fatal(err)
			}
			compareActions(t, spec, p.Value(out), got[0].Tensor.F)
		})
	}
}

func ppoNet(spec *env.Spec) (*graph.Params, network) {
	a := newActor(rand.New(rand.NewPCG(1, 2)), spec, 0, 64, 64)
	return a.Params, a.forward
}

// compareActions compares what is done because of two outputs.
func compareActions(t *testing.T, spec *env.Spec, ours, theirs []float32) {
	t.Helper()
	outs := spec.Action.Size()
	if len(ours) != len(theirs) {
		t.Fatalf("%d numbers, want %d", len(theirs), len(ours))
	}
	a, b, chosen := make([]float64, spec.Action.Width()), make([]float64, spec.Action.Width()), map[float64]int{}
	for i := 0; i < len(ours); i += outs {
		best(spec.Action, ours[i:i+outs], a)
		best(spec.Action, theirs[i:i+outs], b)
		for j := range a {
			if d := math.Abs(a[j] - b[j]); spec.Action.N > 0 && d != 0 || d > 1e-5 {
				t.Fatalf("state %d: ONNX Runtime does %v for %v, not %v for %v", i/outs, b, theirs[i:i+outs], a, ours[i:i+outs])
			}
		}
		chosen[a[0]]++
	}
	if len(chosen) < 2 {
		t.Errorf("the same in all states: %v", chosen)
	}
}

// modelOf is the policy of a run.
func modelOf(r *familytest.Record) string { return filepath.Join(r.Dir, "model.onnx") }

// TestPlay plays a saved policy: it does as well as after its training.
func TestPlay(t *testing.T) {
	r := familytest.Train(t, Family, "ppo", "total_steps=20_000", "seed=3")
	again := familytest.Train(t, Family, "dqn", "from="+modelOf(r), "mode=play", "seed=3")
	if a, b := r.Last("eval_return"), again.Last("eval_return"); a != b || len(again.Points) != 1 {
		t.Errorf("a return of %v, and of %v when played, with %d points", a, b, len(again.Points))
	}
	other, err := env.Find("Acrobot-v1")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"":                                    "mode=play has no policy to play",
		modelOf(r):                            modelOf(r) + " is a policy for CartPole-v1, not for Acrobot-v1",
		filepath.Join(r.Dir, "nothing.onnx"):  "no such file",
		filepath.Join(r.Dir, "stranger.onnx"): "is no policy for Acrobot-v1: ",
	} {
		if strings.HasSuffix(path, "stranger.onnx") { // another number of observations
			b, err := exchange.Export("stranger", onnx.DefaultOpset, anyBatch, func(n exchange.Sizes) (in, out []exchange.Port) {
				x := graph.New().Input("x", n["batch"], 5)
				return []exchange.Port{{Name: "x", Node: x}}, []exchange.Port{{Name: "y", Node: graph.Tanh(x)}}
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := b.WriteFile(path); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := loadPolicy(path, other); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
}

// TestFrom goes on from the weights of a run: it knows from the beginning what to do.
func TestFrom(t *testing.T) {
	r := familytest.Train(t, Family, "ppo", "total_steps=20_000", "seed=3", "eval_episodes=1")
	again := familytest.Train(t, Family, "ppo", "from="+modelOf(r), "total_steps=4096", "lr=1e-5", "seed=4", "eval_episodes=1")
	torque := familytest.Train(t, Family, "ppo", "env=Pendulum-v1", "total_steps=1024", "eval_episodes=1")
	familytest.Train(t, Family, "a2c", "from="+modelOf(torque), "env=Pendulum-v1", "total_steps=64", "eval_episodes=1")
	if before, after := r.Last("return_100"), again.Last("return_100"); !(after > 0.7*before) || before < 100 {
		t.Errorf("return %v before, %v after", before, after)
	}
}
