package task

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"lab/core/data"
	"lab/core/tensor"
)

// numbered is a set whose drawing i of class c has the number 20 c + i in every corner but
// the first, where it is 0: a turn can be told.
func numbered(classes ...string) (*data.Set, []uint8) {
	set := &data.Set{Name: "numbered", Classes: classes, Train: &data.Examples{}, Test: &data.Examples{}}
	var all []uint8
	for c, name := range classes {
		part := set.Test
		if name[0] < 'M' {
			part = set.Train
		}
		part.Shape, part.White = tensor.Shape{side, side, 1}, 255
		for i := range 20 {
			drawing := make([]uint8, pixels)
			for _, corner := range []int{side - 1, pixels - side, pixels - 1} {
				drawing[corner] = uint8(20*c + i + 1)
			}
			part.Pixels, part.Labels = append(part.Pixels, drawing...), append(part.Labels, int32(c))
			all = append(all, uint8(20*c+i+1))
		}
	}
	return set, all
}

func TestCharacters(t *testing.T) {
	set, _ := numbered("Alpha/1", "Alpha/2", "Beta/1", "Zeta/1", "Zeta/2", "Zeta/3", "Alpha/4")
	set.Test.Pixels = append(set.Test.Pixels, set.Train.Pixels[3*20*pixels:]...) // Alpha is tested as well
	set.Test.Labels = append(set.Test.Labels, set.Train.Labels[3*20:]...)
	s, err := fromSet(set, Options{Ways: 3, TrainWays: 3})
	if err != nil {
		t.Fatal(err)
	}
	train, test := s.Train.(*Characters), s.Test.(*Characters)
	if train.Count() != 4*4 || test.Count() != 3 || s.Points != 20 {
		t.Fatalf("%d characters to train on, %d to test; want 4 by 4 turns, and 3: Alpha is no news", train.Count(), test.Count())
	}
	const k, q = 2, 3
	support, query := Points{make([]float32, 3*k*pixels), make([]float32, 3*k)}, Points{make([]float32, 3*q*pixels), make([]float32, 3*q)}
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		train.Sample(r, support, query)
		if !slices.Equal(support.Y, []float32{0, 0, 1, 1, 2, 2}) || !slices.Equal(query.Y, []float32{0, 0, 0, 1, 1, 1, 2, 2, 2}) {
			t.Fatalf("labels %v and %v", support.Y, query.Y)
		}
		seen := map[[2]int]bool{} // class and number of a drawing
		kinds := map[[2]int]int{} // character and turn, by class
		for _, p := range []Points{support, query} {
			for i, y := range p.Y {
				drawing := p.X[i*pixels : (i+1)*pixels]
				number, turn := 0, 0
				for at, corner := range []int{0, pixels - side, pixels - 1, side - 1} { // as a turn to the left goes
					if v := int(drawing[corner]*255 + 0.5); v > 0 {
						number = v - 1
					} else {
						turn = at
					}
				}
				kind := [2]int{number / 20, turn}
				if class, ok := kinds[kind]; ok && class != int(y) {
					t.Fatalf("character %v has classes %d and %v", kind, class, y)
				}
				kinds[kind] = int(y)
				if seen[[2]int{int(y), number}] {
					t.Fatal("a drawing was dealt out twice")
				}
				seen[[2]int{int(y), number}] = true
			}
		}
		if len(kinds) != 3 {
			t.Fatalf("%d characters in 3 classes", len(kinds))
		}
	}
	if _, err := fromSet(set, Options{Ways: 4, TrainWays: 4}); err == nil {
		t.Error("tasks of 4 ways were made of 3 characters")
	}
}

// The pixels say something: the class of the nearest support drawing is right far more
// often than by chance, and far from always. That is the floor for what learns.
func TestNearestNeighbour(t *testing.T) {
	for _, c := range []struct {
		name   string
		lo, hi float64
	}{{"hershey", 0.3, 0.75}, {"omniglot-small", 0.36, 0.45}} {
		s, err := Open(c.name, "", Options{Ways: 5, TrainWays: 5})
		if err != nil && c.name != "hershey" && os.Getenv("LAB_DATA") == "" {
			t.Logf("%s left out: LAB_DATA names no folder with it", c.name)
			continue
		}
		if err != nil {
			t.Log(err)
			continue
		}
		support, query := Points{make([]float32, 5*pixels), make([]float32, 5)}, Points{make([]float32, 25*pixels), make([]float32, 25)}
		r := rand.New(rand.NewPCG(7, 0))
		right, all := 0, 0
		for range 200 {
			s.Test.Sample(r, support, query)
			for i, y := range query.Y {
				best, nearest := float32(1e9), float32(-1)
				for j, class := range support.Y {
					var d float32
					for k, v := range query.X[i*pixels : (i+1)*pixels] {
						d += (v - support.X[j*pixels+k]) * (v - support.X[j*pixels+k])
					}
					if d < best {
						best, nearest = d, class
					}
				}
				all++
				if nearest == y {
					right++
				}
			}
		}
		got := float64(right) / float64(all)
		t.Logf("%s, 5-way 1-shot by the nearest pixels: %.1f %%", c.name, 100*got)
		if got < c.lo || got > c.hi {
			t.Errorf("%s: %.3f right, want %v to %v", c.name, got, c.lo, c.hi)
		}
	}
}
