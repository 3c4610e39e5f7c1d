package gan

import (
	"fmt"
	"math"

	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/picture"
	"lab/core/vm"
)

// domains are two sets of images of which each image of one has its partner in the
// other: the halves of a set. Training deals out both in orders of their own; only the
// test knows the partners.
type domains struct {
	set  *data.Set
	a, b *data.Batches
}

func openDomains(s *family.Session, name string, batch int) (d domains, err error) {
	if d.set, err = data.Open(name, s.DataDir()); err != nil {
		return d, err
	}
	all := data.All(d.set.Train)
	half := all.Len() / 2
	for i, to := range []**data.Batches{&d.a, &d.b} {
		view := data.View{Examples: d.set.Train, Index: all.Index[i*half : (i+1)*half]}
		how := data.Batching{Size: batch, Shuffle: true, DropLast: true, Seed: 2*s.Seed() + uint64(i), Lo: -1, Hi: 1}
		if *to, err = view.Batches(how); err != nil {
			return d, err
		}
	}
	return d, nil
}

func (d domains) facts(s *family.Session, parameters int) {
	s.Fact("data.name", d.set.Name)
	s.Fact("data.sha256", d.set.SHA256)
	s.Fact("data.split", fmt.Sprintf("%d of either domain to train, %d pairs to test", d.set.Train.Len()/2, d.set.Test.Len()/2))
	s.Fact("model.parameters", fmt.Sprint(parameters))
	s.Fact("cpu.isa", vm.ISA())
}

// mirror translates all test images, there and back, and compares.
type mirror struct {
	s *family.Session
	*vm.Program
	a, b, toB, toA, backA, backB *graph.Node
	film                         film
}

func newMirror(s *family.Session, d domains, ab, ba *translator) (*mirror, error) {
	g, n := graph.New(), d.set.Test.Len()/2
	m := &mirror{s: s, film: newFilm(), a: g.Input("a", n, 32, 32, 3), b: g.Input("b", n, 32, 32, 3)}
	m.toB, m.toA = ab.forward(m.a), ba.forward(m.b)
	m.backA, m.backB = ba.forward(m.toB), ab.forward(m.toA)
	var err error
	if m.Program, err = vm.Compile([]*graph.Node{m.toB, m.toA, m.backA, m.backB}); err != nil {
		return nil, err
	}
	m.Named("mirror")
	index := make([]int32, n)
	for i, to := range []*graph.Node{m.a, m.b} {
		for k := range index {
			index[k] = int32(i*n + k)
		}
		d.set.Test.Copy(m.Value(to), index, d.set.Test.Levels(-1, 1))
	}
	s.Fact("identity.error", fmt.Sprintf("%.4f", m.apart(m.a, m.b)))
	return m, nil
}

// apart is the mean difference between two batches, 1 for black and white.
func (m *mirror) apart(x, y *graph.Node) float64 {
	sum, a, b := 0.0, m.Value(x), m.Value(y)
	for i := range a {
		sum += math.Abs(float64(a[i]) - float64(b[i]))
	}
	return sum / float64(2*len(a))
}

// show records the differences after a step, and some images there and back.
func (m *mirror) show(step int) error {
	m.Run()
	ab, ba := m.apart(m.toB, m.b), m.apart(m.toA, m.a)
	m.s.Log(step, "paired_error", (ab+ba)/2)
	m.s.Log(step, "paired_error_ab", ab)
	m.s.Log(step, "paired_error_ba", ba)
	m.s.Log(step, "cycle_l1", (m.apart(m.backA, m.a)+m.apart(m.backB, m.b))/2)
	m.s.Log(step, "change", (m.apart(m.toB, m.a)+m.apart(m.toA, m.b))/2)
	const columns = 16
	im := picture.Images{H: 32, W: 32, C: 3, Lo: -1, Hi: 1}
	for _, row := range []*graph.Node{m.a, m.toB, m.backA, m.b, m.toA, m.backB} {
		values := m.Value(row)
		size := 32 * 32 * 3
		for i := range min(columns, len(values)/size) {
			at := i * (len(values) / size / columns) * size // from all over
			im.Data = append(im.Data, values[at:at+size]...)
			im.N++
		}
	}
	img, err := picture.Grid(im, picture.Layout{Columns: columns, Pad: 2, Zoom: 2, Back: 128})
	if err != nil {
		return err
	}
	m.film.Add(img)
	return m.s.Image("translations", step, img)
}

// animate writes translations.gif: those of every epoch.
func (m *mirror) animate() error {
	return m.s.File("translations.gif", 0, m.film.Encode)
}
