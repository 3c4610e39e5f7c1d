package env

import (
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
)

// grid is a world of squares in which a step goes to a neighbouring one. The state is its
// number, row by row.
type grid struct {
	r           *rand.Rand
	rows        []string // letters: S start, G goal, H hole, C cliff
	transitions [][4][]Transition
	start       int
	state       [1]float64
}

var (
	lake4x4 = []string{"SFFF", "FHFH", "FFFH", "HFFG"}
	lake8x8 = []string{"SFFFFFFF", "FFFFFFFF", "FFFHFFFF", "FFFFFHFF", "FFFHFFFF", "FHHFFFHF", "FHFFHFHF", "FFFHFFFG"}
	cliff   = []string{"FFFFFFFFFFFF", "FFFFFFFFFFFF", "FFFFFFFFFFFF", "SCCCCCCCCCCG"}
)

// move is the neighbour in a direction, or the square itself at the edge.
func (e *grid) move(square, down, right int) int {
	columns := len(e.rows[0])
	row := min(max(square/columns+down, 0), len(e.rows)-1)
	column := min(max(square%columns+right, 0), columns-1)
	return row*columns + column
}

func (e *grid) letter(square int) byte {
	return e.rows[square/len(e.rows[0])][square%len(e.rows[0])]
}

func newGrid(r *rand.Rand, rows []string, ways func(e *grid, square, action int) []Transition) *grid {
	e := &grid{r: r, rows: rows, start: strings.IndexByte(strings.Join(rows, ""), 'S')}
	for s := range len(rows) * len(rows[0]) {
		var all [4][]Transition
		for a := range all {
			all[a] = ways(e, s, a)
		}
		e.transitions = append(e.transitions, all)
	}
	return e
}

// newFrozenLake is FrozenLake-v1: cross the ice to the goal, which is worth 1, without
// falling into a hole. Actions are left, down, right, up; the ice is slippery, so that a
// step goes where it should or to either side of that, a third each.
func newFrozenLake(rows []string) func(r *rand.Rand) Env {
	delta := [4][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}}
	return func(r *rand.Rand) Env {
		return newGrid(r, rows, func(e *grid, s, a int) (ways []Transition) {
			if l := e.letter(s); l == 'G' || l == 'H' {
				return []Transition{{1, s, 0, true}}
			}
			for _, way := range []int{(a + 3) % 4, a, (a + 1) % 4} {
				t := Transition{Probability: (1 - 1.0/3) / 2, State: e.move(s, delta[way][0], delta[way][1])}
				if way == a {
					t.Probability = 1.0 / 3
				}
				switch e.letter(t.State) {
				case 'G':
					t.Reward, t.Terminated = 1, true
				case 'H':
					t.Terminated = true
				}
				ways = append(ways, t)
			}
			return ways
		})
	}
}

// newCliffWalking is CliffWalking-v1 (Sutton & Barto 2018, example 6.6): walk around the
// cliff to the goal; a step costs 1, off the cliff 100 and back to the start. Actions are
// up, right, down, left.
func newCliffWalking(slippery bool) func(r *rand.Rand) Env {
	delta := [4][2]int{{-1, 0}, {0, 1}, {1, 0}, {0, -1}}
	return func(r *rand.Rand) Env {
		return newGrid(r, cliff, func(e *grid, s, a int) (ways []Transition) {
			directions := []int{a}
			if slippery {
				directions = []int{(a + 3) % 4, a, (a + 1) % 4}
			}
			for _, way := range directions {
				t := Transition{1 / float64(len(directions)), e.move(s, delta[way][0], delta[way][1]), -1, false}
				switch e.letter(t.State) {
				case 'C':
					t.State, t.Reward = e.start, -100
				case 'G':
					t.Terminated = true
				}
				ways = append(ways, t)
			}
			return ways
		})
	}
}

func (e *grid) Transitions(state, action int) []Transition { return e.transitions[state][action] }

func (e *grid) Start() int { return e.start }

func (e *grid) Reset() { e.state[0] = float64(e.start) }

func (e *grid) State() []float64 { return e.state[:] }

func (e *grid) Observe(obs []float32) {
	clear(obs)
	obs[int(e.state[0])] = 1
}

func (e *grid) Step(action []float64) (reward float64, terminated bool) {
	ways := e.transitions[int(e.state[0])][int(action[0])]
	way := ways[len(ways)-1]
	if len(ways) > 1 {
		u := e.r.Float64()
		for _, w := range ways {
			if u -= w.Probability; u < 0 {
				way = w
				break
			}
		}
	}
	e.state[0] = float64(way.State)
	return way.Reward, way.Terminated
}

func (e *grid) Draw(c *Canvas) {
	rows, columns := float64(len(e.rows)), float64(len(e.rows[0]))
	c.View(0, 0, columns, rows)
	fill := map[byte]color.RGBA{'F': {224, 238, 248, 255}, 'S': {200, 220, 240, 255}, 'H': {40, 70, 110, 255}, 'C': {90, 60, 40, 255}, 'G': {240, 205, 90, 255}}
	for s := range e.transitions {
		x, y := math.Mod(float64(s), columns), rows-1-math.Floor(float64(s)/columns)
		c.Polygon(fill[e.letter(s)], x+0.03, y+0.03, x+0.97, y+0.03, x+0.97, y+0.97, x+0.03, y+0.97)
	}
	s := e.state[0]
	c.Disc(math.Mod(s, columns)+0.5, rows-0.5-math.Floor(s/columns), 0.28, color.RGBA{200, 60, 60, 255})
}
