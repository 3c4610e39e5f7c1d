package env

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// walk takes random steps and tells of them.
func walk(v *Vector, r *rand.Rand, steps int) (seen []float64) {
	for range steps {
		actions := make([]float64, v.N*v.Action.Width())
		for i := range actions {
			if actions[i] = uniform(r, -1, 1); v.Action.N > 0 {
				actions[i] = float64(r.IntN(v.Action.N))
			}
		}
		v.Step(actions)
		for _, o := range v.Obs {
			seen = append(seen, float64(o))
		}
		seen = append(seen, v.Rewards...)
		for _, ep := range v.Ended {
			seen = append(seen, ep.Return, float64(ep.Length))
		}
	}
	return seen
}

// Every environment goes on to the same bits from a state that was kept.
func TestStateDict(t *testing.T) {
	for _, id := range IDs() {
		t.Run(id, func(t *testing.T) {
			pcg := rand.NewPCG(3, 4)
			v, err := NewVector(id, 3, rand.New(pcg))
			if err != nil {
				t.Fatal(err)
			}
			walk(v, rand.New(rand.NewPCG(1, 1)), 130)
			state, random := v.StateDict(), *pcg
			want := walk(v, rand.New(rand.NewPCG(2, 2)), 300)
			w, err := NewVector(id, 3, rand.New(pcg))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.LoadStateDict(state); err != nil {
				t.Fatal(err)
			}
			*pcg = random
			got := walk(w, rand.New(rand.NewPCG(2, 2)), 300)
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Error("went on differently")
			}
			if err := w.LoadStateDict(nil); err == nil {
				t.Error("took nothing for a state")
			}
		})
	}
}

// The return and length of an episode are those of its steps, and its end is seen in
// Final while Obs is the next one's beginning.
func TestVectorEnds(t *testing.T) {
	v, err := NewVector("MountainCar-v0", 2, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		t.Fatal(err)
	}
	v.Env(1).State()[0] = 0.45 // nearly up
	v.Env(1).State()[1] = 0.06
	ended := 0
	for step := 1; step <= 200; step++ {
		v.Step([]float64{1, 2})
		for _, ep := range v.Ended {
			switch ended++; {
			case step == 1 && (ep != Episode{-1, 1} || !v.Terminated[1] || v.Truncated[1] || !(v.Final[2] >= 0.5) || !(v.Obs[2] < -0.4)):
				t.Errorf("up: %+v, final %v, next %v", ep, v.Final, v.Obs)
			case step == 200 && (ep != Episode{-200, 200} || v.Terminated[0] || !v.Truncated[0] || v.Done(1)):
				t.Errorf("time is up: %+v", ep)
			case step != 1 && step != 200:
				t.Errorf("an end at step %d", step)
			}
		}
	}
	if ended != 2 {
		t.Errorf("%d episodes ended", ended)
	}
}

// The ice takes a step where it should, and to either side, a third of the time each.
func TestSlippery(t *testing.T) {
	spec, _ := Find("FrozenLake-v1")
	e := spec.Make(rand.New(rand.NewPCG(5, 6)))
	count := map[float64]int{}
	for range 30000 {
		e.State()[0] = 14
		if r, over := e.Step([]float64{2}); (r == 1) != (e.State()[0] == 15) || over != (r == 1) {
			t.Fatalf("reward %v, over %v at %v", r, over, e.State())
		}
		count[e.State()[0]]++
	}
	for _, s := range []float64{10, 14, 15} {
		if n := count[s]; n < 9700 || n > 10300 {
			t.Errorf("%d of 30000 times at %v", n, s)
		}
	}
}

func TestFind(t *testing.T) {
	if _, err := Find("CartPole-v2"); err == nil || err.Error() != `there is no environment "CartPole-v2"` {
		t.Error(err)
	}
}

// A lander that falls is lost; one that brakes against its fall lands, and earns it.
func TestLander(t *testing.T) {
	play := func(policy func(s []float64) float64) (total float64, steps int) {
		v, err := NewVector("Lander-v0", 1, rand.New(rand.NewPCG(7, 8)))
		if err != nil {
			t.Fatal(err)
		}
		copy(v.Env(0).State(), []float64{1, 10, 0, 0, 0, 0, 0})
		for len(v.Ended) == 0 {
			v.Step([]float64{policy(v.Env(0).State())})
		}
		return v.Ended[0].Return, v.Ended[0].Length
	}
	fell, _ := play(func([]float64) float64 { return 0 })
	landed, steps := play(func(s []float64) float64 {
		if -s[3] > 0.4+0.25*s[1] {
			return 2
		}
		return 0
	})
	if !(fell < 0) || !(landed > 150) || steps > 250 {
		t.Errorf("falling comes to %v, braking to %v in %d steps", fell, landed, steps)
	}
	t.Logf("falling comes to %v, braking to %v in %d steps", fell, landed, steps)
}

// Every environment draws something, in its own place.
func TestDraw(t *testing.T) {
	for _, id := range IDs() {
		spec, _ := Find(id)
		e := spec.Make(rand.New(rand.NewPCG(1, 2)))
		e.Reset()
		c := NewCanvas(150, 100)
		e.Draw(c)
		painted := 0
		for i := 0; i < len(c.Image.Pix); i += 4 {
			if c.Image.Pix[i] != 255 || c.Image.Pix[i+1] != 255 || c.Image.Pix[i+2] != 255 {
				painted++
			}
		}
		if painted < 300 {
			t.Errorf("%s: %d pixels of 15000 are painted", id, painted)
		}
	}
}

func TestCanvas(t *testing.T) {
	c := NewCanvas(20, 10)
	c.Polygon(ink, 5, 2, 8.5, 2, 8.5, 4, 5, 4) // y is upwards: rows 6 and 7
	want := map[[2]int]uint8{{5, 6}: 0, {7, 7}: 0, {8, 6}: 128, {9, 6}: 255, {4, 6}: 255, {5, 5}: 255, {5, 8}: 255}
	for at, v := range want {
		if got := c.Image.RGBAAt(at[0], at[1]).R; got != v {
			t.Errorf("pixel %v is %d, want %d", at, got, v)
		}
	}
	c.View(-1, -1, 1, 1) // a circle of half the height, and one that is not to be seen
	c.Disc(0, 0, 1, ink)
	c.Disc(100, 0, 1, ink)
	if got := c.Image.RGBAAt(10, 5).R; got != 0 {
		t.Errorf("the middle is %d", got)
	}
	if got := c.Image.RGBAAt(2, 5).R; got != 255 {
		t.Errorf("outside is %d", got)
	}
}

func BenchmarkCartPole(b *testing.B) {
	v, err := NewVector("CartPole-v1", 8, rand.New(rand.NewPCG(1, 2)))
	if err != nil {
		b.Fatal(err)
	}
	actions := []float64{0, 1, 0, 1, 0, 1, 0, 1}
	for b.Loop() {
		v.Step(actions)
	}
}
