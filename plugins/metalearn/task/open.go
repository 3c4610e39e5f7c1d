package task

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"lab/core"
	"lab/core/data"
	"lab/plugins/metalearn/hershey"
)

// Source is where tasks come from: those to learn from and those to be tested by, which
// have no character in common.
type Source struct {
	Train, Test Distribution
	Classes     int // of a task; 0 for regression
	Points      int // of a task, or of each class of it; 0: as many as one likes

	Name, SHA256, Split string // for the record
}

// Options are what a name leaves open.
type Options struct {
	Sine            Sine // what sines are like
	Ways, TrainWays int  // classes of a task, in tests and in training
}

// Open finds the tasks named by data: "sine", "hershey", a data set with classes of few
// drawings such as "omniglot-small", or the path of a folder with Omniglot's archives.
func Open(name, dataDir string, o Options) (*Source, error) {
	switch name {
	case "sine":
		test := o.Sine
		test.EvenQuery = true
		return &Source{Name: name, Train: o.Sine, Test: test, Points: o.Sine.Grid}, nil
	case "hershey":
		return openHershey(o)
	}
	set, err := data.Open(name, dataDir)
	if err != nil {
		return nil, err
	}
	return fromSet(set, o)
}

// openHershey takes the Japanese scripts for the test, all other alphabets for training.
func openHershey(o Options) (*Source, error) {
	var train, test []drawer
	for _, a := range hershey.Alphabets() {
		for _, g := range a.Glyphs {
			d := func(r *rand.Rand, n int, dst []float32) {
				for i := range n {
					g.Draw(dst[i*pixels:], hershey.NewHand(r))
				}
			}
			if a.Name == "Japanese" {
				test = append(test, d)
			} else {
				train = append(train, d)
			}
		}
	}
	return newSource("hershey", hershey.SHA256(), o, train, test)
}

func newSource(name, sha256 string, o Options, train, test []drawer) (*Source, error) {
	s := &Source{Classes: o.Ways, Name: name, SHA256: sha256,
		Split: fmt.Sprintf("%d characters train, %d of other alphabets test", len(train), len(test))}
	var err error
	if s.Train, err = newCharacters(o.TrainWays, train); err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: name + ": " + err.Error()}
	}
	if s.Test, err = newCharacters(o.Ways, test); err != nil {
		return nil, &core.Error{Kind: core.Usage, Msg: name + ": " + err.Error()}
	}
	return s, nil
}

// fromSet takes the characters of a set whose classes are named alphabet/character. Each
// training character gives four, by quarter turns (Santoro et al. 2016, section 4.1); test
// characters of an alphabet that is trained on are left out.
func fromSet(set *data.Set, o Options) (*Source, error) {
	if s := set.Train.Shape; len(s) != 3 || s[0] != side || s[1] != side || s[2] != 1 || set.Train.Labels == nil {
		return nil, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s has no classes of drawings of %d×%d grey pixels", set.Name, side, side),
			Try: "sine, hershey, omniglot-small"}
	}
	alphabet := func(class int32) string { a, _, _ := strings.Cut(set.Classes[class], "/"); return a }
	trained := map[string]bool{}
	for _, l := range set.Train.Labels {
		trained[alphabet(l)] = true
	}
	everything := func(int32) bool { return true }
	few := math.MaxInt
	train := drawers(set.Train, 4, everything, &few)
	test := drawers(set.Test, 1, func(l int32) bool { return !trained[alphabet(l)] }, &few)
	s, err := newSource(set.Name, set.SHA256, o, train, test)
	if err == nil {
		s.Points = few
	}
	return s, err
}

// drawers makes one of each class and turn; few becomes the least number of drawings.
func drawers(e *data.Examples, turns int, which func(label int32) bool, few *int) (out []drawer) {
	levels := e.Levels(0, 1)
	byClass := map[int32][]int32{}
	var order []int32
	for i, l := range e.Labels {
		if !which(l) {
			continue
		}
		if byClass[l] == nil {
			order = append(order, l)
		}
		byClass[l] = append(byClass[l], int32(i))
	}
	for turn := range turns {
		for _, l := range order {
			own := byClass[l]
			*few = min(*few, len(own))
			out = append(out, func(r *rand.Rand, n int, dst []float32) {
				picked := r.Perm(len(own))[:n]
				for i, p := range picked {
					drawing := dst[i*pixels : (i+1)*pixels]
					e.Copy(drawing, own[p:p+1], levels)
					for range turn {
						quarterTurn(drawing)
					}
				}
			})
		}
	}
	return out
}

// quarterTurn turns a drawing to the left.
func quarterTurn(drawing []float32) {
	var turned [pixels]float32
	for y := range side {
		for x := range side {
			turned[(side-1-x)*side+y] = drawing[y*side+x]
		}
	}
	copy(drawing, turned[:])
}
