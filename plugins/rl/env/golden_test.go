package env

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// golden is what Gymnasium 1.4.0 did, on NumPy 1.24.2.
//
//go:embed testdata/golden.json.gz
var golden []byte

type episode struct {
	Init  []float64
	Steps []struct {
		A          json.RawMessage // a number or a list
		State, Obs []float64
		R          float64
		Term       bool
		Trunc      *bool // where it was played with its time limit
	}
}

type table struct {
	P map[int]map[int][][]any // [probability, state, reward, terminated]
}

// replay takes the steps of an episode and compares all that can be seen of them.
func replay(t *testing.T, id string, ep episode, tolerance float64) {
	t.Helper()
	near := func(a, b float64) bool { return math.Abs(a-b) <= tolerance }
	v, err := NewVector(id, 1, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	copy(v.Env(0).State(), ep.Init)
	for i, s := range ep.Steps {
		var action []float64
		if json.Unmarshal(s.A, &action) != nil {
			action = make([]float64, 1)
			if err := json.Unmarshal(s.A, &action[0]); err != nil {
				t.Fatal(err)
			}
		}
		v.Step(action)
		for j, want := range s.State {
			if got := v.Env(0).State(); !v.Done(0) && !near(got[j], want) { // the end is seen by its observation
				t.Fatalf("step %d: state %v, want %v", i, got, s.State)
			}
		}
		for j, want := range s.Obs {
			if !near(float64(v.Final[j]), want) {
				t.Fatalf("step %d: observation %v, want %v", i, v.Final, s.Obs)
			}
		}
		if !near(v.Rewards[0], s.R) || v.Terminated[0] != s.Term {
			t.Fatalf("step %d: reward %v, terminated %v; want %v, %v", i, v.Rewards[0], v.Terminated[0], s.R, s.Term)
		}
		if s.Trunc != nil && v.Truncated[0] != *s.Trunc {
			t.Fatalf("step %d: truncated %v, want %v", i, v.Truncated[0], *s.Trunc)
		}
	}
}

// compare compares the transitions of every state and action.
func compare(t *testing.T, id string, want table) {
	t.Helper()
	spec, err := Find(id)
	if err != nil {
		t.Fatal(err)
	}
	e := spec.Make(nil).(Tabular)
	if len(want.P) != spec.Observation.N {
		t.Fatalf("%d states, want %d", spec.Observation.N, len(want.P))
	}
	for s, actions := range want.P {
		for a, ways := range actions {
			got := e.Transitions(s, a)
			if len(got) != len(ways) {
				t.Fatalf("state %d, action %d: %v, want %v", s, a, got, ways)
			}
			for i, w := range ways {
				g := got[i]
				if math.Abs(g.Probability-w[0].(float64)) > 1e-15 || g.State != int(w[1].(float64)) || g.Reward != w[2].(float64) || g.Terminated != w[3].(bool) {
					t.Fatalf("state %d, action %d: %v, want %v", s, a, got, ways)
				}
			}
		}
	}
}

func TestGolden(t *testing.T) {
	z, err := gzip.NewReader(bytes.NewReader(golden))
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]json.RawMessage
	if err := json.NewDecoder(z).Decode(&all); err != nil {
		t.Fatal(err)
	}
	tables := map[string]string{"FrozenLake-v1/4x4/slippery": "FrozenLake-v1", "FrozenLake-v1/8x8/slippery": "FrozenLake8x8-v1"}
	steps := 0
	for name, raw := range all {
		var episodes []episode
		var P table
		switch {
		case json.Unmarshal(raw, &episodes) == nil:
			for i, ep := range episodes {
				t.Run(fmt.Sprint(name, "/", i), func(t *testing.T) { replay(t, name, ep, 1e-6) })
				steps += len(ep.Steps)
			}
		case tables[name] != "":
			if err := json.Unmarshal(raw, &P); err != nil {
				t.Fatal(err)
			}
			t.Run(name, func(t *testing.T) { compare(t, tables[name], P) })
			delete(tables, name)
		}
	}
	if steps != 1093 || len(tables) > 0 {
		t.Errorf("%d steps and all tables but %v were compared; the file has 1093 and both", steps, tables)
	}
}

// TestGymnasium plays the same episodes as an installed Gymnasium.
func TestGymnasium(t *testing.T) {
	python := os.Getenv("LAB_PYTHON")
	if python == "" || exec.Command(python, "-c", "import gymnasium").Run() != nil {
		t.Skip("LAB_PYTHON is not set to a Python with gymnasium (make python sets it up)")
	}
	said, err := exec.Command(python, "testdata/gymnasium_env.py").Output()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Envs  map[string]json.RawMessage
		Specs map[string]struct {
			MaxEpisodeSteps     int      `json:"max_episode_steps"`
			RewardThreshold     *float64 `json:"reward_threshold"`
			Observation, Action struct {
				N         int
				Low, High []string
			}
		}
	}
	if err := json.Unmarshal(said, &got); err != nil {
		t.Fatal(err)
	}
	for id, raw := range got.Envs {
		t.Run(id, func(t *testing.T) {
			spec, err := Find(id)
			if err != nil {
				t.Fatal(err)
			}
			want := got.Specs[id]
			if spec.MaxEpisodeSteps != want.MaxEpisodeSteps || spec.Observation.N != want.Observation.N || spec.Action.N != want.Action.N ||
				math.IsNaN(spec.RewardThreshold) != (want.RewardThreshold == nil) || want.RewardThreshold != nil && spec.RewardThreshold != *want.RewardThreshold {
				t.Errorf("%+v, want %+v", spec, want)
			}
			for i, h := range want.Observation.High {
				high, _ := strconv.ParseFloat(h, 64)
				low, _ := strconv.ParseFloat(want.Observation.Low[i], 64)
				if float32(spec.Observation.High[i]) != float32(high) || float32(spec.Observation.Low[i]) != float32(low) {
					t.Errorf("observation %d lies in [%v, %v], want [%v, %v]", i, spec.Observation.Low[i], spec.Observation.High[i], low, high)
				}
			}
			if spec.Observation.Size() == 0 || spec.Action.Size() == 0 {
				t.Error("a space is empty")
			}
			var episodes []episode
			var P table
			if json.Unmarshal(raw, &episodes) == nil {
				tolerance := 1e-6
				if id == "MountainCarContinuous-v0" {
					tolerance = 1e-4 // its state is float32, in which NumPy 2 computes and NumPy 1 did not
				}
				for _, ep := range episodes {
					replay(t, id, ep, tolerance)
				}
			} else if err := json.Unmarshal(raw, &P); err != nil {
				t.Fatal(err)
			} else {
				compare(t, id, P)
			}
		})
	}
	if len(got.Envs) != len(specs)-1 {
		t.Errorf("%d environments were compared, all but the lander are %d", len(got.Envs), len(specs)-1)
	}
}
