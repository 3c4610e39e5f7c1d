package supervised

import (
	"fmt"
	"image"
	"strconv"

	"lab/core/data"
	"lab/core/family"
	"lab/core/picture"
)

// RecordClassifier records how a classifier did on the test: the metrics
// test_accuracy, test_loss and test_calibration, the confusion matrix, and the surest
// mistakes, as pictures where the examples are images and as a table where not. A
// recipe calls it once, at its end.
func RecordClassifier(s *family.Session, step int, set *data.Set, score *Score) error {
	s.Log(step, "test_accuracy", score.Accuracy)
	s.Log(step, "test_loss", score.Loss)
	s.Log(step, "test_calibration", score.Calibration)
	img, err := picture.Confusion(score.Confusion, set.Classes)
	if err != nil {
		return err
	}
	if err := s.Image("confusion", 0, img); err != nil {
		return err
	}
	if len(score.Mistakes) == 0 {
		return nil
	}
	if set.Test.Pixels == nil {
		var rows [][]string
		for _, m := range score.Mistakes {
			rows = append(rows, []string{strconv.Itoa(int(m.At)), set.Classes[m.Is], set.Classes[m.As], fmt.Sprintf("%.4f", m.Sure)})
		}
		return s.Table("mistakes", 0, []string{"example", "is", "taken_for", "sure"}, rows)
	}
	if img, err = drawMistakes(set, score.Mistakes); err != nil {
		return err
	}
	return s.Image("mistakes", 0, img)
}

func drawMistakes(set *data.Set, mistakes []Mistake) (image.Image, error) {
	e := set.Test
	im := picture.Images{N: len(mistakes), H: e.Shape[0], W: e.Shape[1], C: e.Shape[2], Data: make([]float32, len(mistakes)*e.Shape.Size())}
	at, captions := make([]int32, len(mistakes)), make([]string, len(mistakes))
	for i, m := range mistakes {
		at[i] = m.At
		captions[i] = fmt.Sprintf("%s →\n%s, %.0f %%", set.Classes[m.Is], set.Classes[m.As], 100*m.Sure)
	}
	e.Copy(im.Data, at, e.Levels(0, 1))
	return picture.Captioned(im, captions, picture.Layout{Columns: 5, Pad: 6, Zoom: max(1, 84/max(im.H, im.W))})
}
