package gan

import (
	"fmt"

	"lab/core"
	"lab/core/data"
	"lab/core/family"
	"lab/core/graph"
	"lab/core/picture"
	"lab/core/vm"
	"lab/plugins/gan/frechet"
)

// The metrics that a gallery logs.
var galleryMetrics = []family.Option{
	family.Metric("fid", "", core.Lower, "Fréchet distance to real images in a classifier's features"),
	family.Metric("precision", "", core.Higher, "share of the drawn images that lie among real ones' features"),
	family.Metric("recall", "", core.Higher, "share of real images that lie among drawn ones' features"),
	family.Metric("diversity", "", core.Higher, "spread of the drawn images' features, 1 for real ones"),
	family.Metric("classes", "", core.Higher, "classes drawn in effect, 10 for real ones"),
}

// gallery draws from the same noise after every epoch: pictures and scores.
type gallery struct {
	s      *family.Session
	of     artist
	judge  *frechet.Judge
	draw   *vm.Cache[int, drawing] // by the number of images
	sheets []sheet
	codes  sheet // for the scores
	film   film
}

// artist is a generator as the gallery sees it: images [N,28,28,1] of noise z
// [N,latent] and, if there are classes, a label for each [N].
type artist struct {
	latent, classes int
	draw            func(z, label *graph.Node) *graph.Node
}

// drawing is the generator for a number of images.
type drawing struct {
	*vm.Program
	z, label, images *graph.Node
}

// sheet is what the images of a picture are drawn from.
type sheet struct {
	name    string
	z       []float32
	labels  []float32
	columns int
}

const (
	galleryBatch             = 100
	stripPairs, stripColumns = 4, 12
)

// newGallery prepares one that scores so many images. The fact fid.floor is what a
// perfect generator would have.
func newGallery(s *family.Session, set *data.Set, of artist, samples int) (*gallery, error) {
	judge, err := frechet.NewJudge()
	if err != nil {
		return nil, err
	}
	ga := &gallery{s: s, of: of, judge: judge, film: newFilm()}
	ga.draw = vm.NewCache(4, func(n int) (d drawing, err error) { // of full batches, the last one, and of the pictures
		g := graph.New()
		d.z = g.Input("z", n, of.latent)
		if of.classes > 0 {
			d.label = g.Input("label", n)
		}
		d.images = of.draw(d.z, d.label)
		if d.Program, err = vm.Compile([]*graph.Node{d.images}); err == nil {
			d.Named("gallery")
		}
		return d, err
	})
	r := s.Rand("gallery")
	grid := sheet{name: "samples", columns: 8, z: make([]float32, 64*of.latent)}
	if of.classes > 0 { // a column each
		grid.columns, grid.z = of.classes, make([]float32, 6*of.classes*of.latent)
	}
	normal(r, grid.z)
	// Of each pair of rows the first leads straight from one noise to another, the second
	// along a great circle.
	strip := sheet{name: "interpolation", columns: stripColumns}
	for pair := range stripPairs {
		ends := make([]float32, 2*of.latent)
		normal(r, ends)
		for _, between := range []func(a, b []float32, t float64) []float32{lerp, slerp} {
			for i := range stripColumns {
				strip.z = append(strip.z, between(ends[:of.latent], ends[of.latent:], float64(i)/(stripColumns-1))...)
				if of.classes > 0 {
					strip.labels = append(strip.labels, float32(pair%of.classes))
				}
			}
		}
	}
	ga.codes = sheet{z: make([]float32, samples*of.latent)}
	normal(r, ga.codes.z)
	for _, sh := range []*sheet{&grid, &ga.codes} {
		for i := range len(sh.z) / of.latent {
			if of.classes > 0 {
				sh.labels = append(sh.labels, float32(i%of.classes))
			}
		}
	}
	ga.sheets = []sheet{grid, strip}
	return ga, ga.meet(set, samples)
}

// meet shows the judge as many of the data's images as will be drawn, or all.
func (ga *gallery) meet(set *data.Set, samples int) error {
	index := make([]int32, min(samples, set.Train.Len()))
	for i := range index {
		index[i] = int32(i * (set.Train.Len() / len(index))) // from all over: sets may be sorted
	}
	images := make([]float32, len(index)*28*28)
	set.Train.Copy(images, index, set.Train.Levels(0, 1))
	floor, err := ga.judge.Know(images)
	ga.s.Fact("fid.floor", fmt.Sprintf("%.2f between the halves of %d real images", floor, len(index)))
	return err
}

// drawn calls f with the images [n,28,28,1] of a sheet, a batch at a time.
func (ga *gallery) drawn(sh sheet, f func(images []float32) error) error {
	for z, labels := sh.z, sh.labels; len(z) > 0; {
		d, err := ga.draw.For(min(galleryBatch, len(z)/ga.of.latent))
		if err != nil {
			return err
		}
		z = z[copy(d.Value(d.z), z):]
		if d.label != nil {
			labels = labels[copy(d.Value(d.label), labels):]
		}
		d.Run()
		if err := f(d.Value(d.images)); err != nil {
			return err
		}
	}
	return nil
}

// show records the pictures and scores of the generator after a step.
func (ga *gallery) show(step int) error {
	for i, sh := range ga.sheets {
		var all []float32
		if err := ga.drawn(sh, func(images []float32) error { all = append(all, images...); return nil }); err != nil {
			return err
		}
		img, err := picture.Grid(picture.Images{Data: all, N: len(all) / (28 * 28), H: 28, W: 28, C: 1, Lo: -1, Hi: 1},
			picture.Layout{Columns: sh.columns, Pad: 2, Zoom: 2})
		if err != nil {
			return err
		}
		if err := ga.s.Image(sh.name, step, img); err != nil {
			return err
		}
		if i == 0 {
			ga.film.Add(img)
		}
	}
	score, err := ga.score()
	if err != nil {
		return err
	}
	ga.s.Log(step, "fid", score.FID)
	ga.s.Log(step, "precision", score.Precision)
	ga.s.Log(step, "recall", score.Recall)
	ga.s.Log(step, "diversity", score.Diversity)
	ga.s.Log(step, "classes", score.Classes)
	if score.agreement >= 0 {
		ga.s.Log(step, "agreement", score.agreement)
	}
	if score.Diversity < 0.25 || score.Classes < 3 {
		ga.s.Warnf("step %d: the generator may have collapsed: diversity %.2f, %.1f classes in effect", step, score.Diversity, score.Classes)
	}
	return nil
}

// galleryScore is the judge's score and, of an artist with classes, the share of the
// images that the judge takes for what they were drawn as; -1 of others.
type galleryScore struct {
	frechet.Score
	agreement float64
}

func (ga *gallery) score() (sc galleryScore, err error) {
	unit := make([]float32, galleryBatch*28*28)
	err = ga.drawn(ga.codes, func(images []float32) error {
		for i, v := range images {
			unit[i] = (v + 1) / 2
		}
		return ga.judge.Add(unit[:len(images)])
	})
	if err != nil {
		return sc, err
	}
	sc.agreement = -1
	if ga.of.classes > 0 {
		right := 0
		for i, l := range ga.judge.Labels() {
			if l == int(ga.codes.labels[i]) {
				right++
			}
		}
		sc.agreement = float64(right) / float64(len(ga.codes.labels))
	}
	sc.Score = ga.judge.Score()
	return sc, nil
}

// animate writes samples.gif: the samples of every epoch.
func (ga *gallery) animate() error {
	return ga.s.File("samples.gif", 0, ga.film.Encode)
}
