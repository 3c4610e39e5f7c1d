package mlp

import (
	"fmt"

	"lab/core"
	"lab/core/data"
	"lab/core/family"
	"lab/core/supervised"
)

// task is what is to be learned: a set, split three ways, its inputs prepared.
type task struct {
	set    *data.Set
	split  *data.Split
	normal *data.Statistics // of the training examples; nil where inputs are as they are

	train     *data.Batches
	val, test *data.Batches // val is nil without validation examples
	batch     int           // examples a step
	features  int
}

// taskParams say what is to be learned and in which portions.
type taskParams struct {
	Data      string  `default:"fashion-mini" doc:"what to learn: a set's name, or the path of a CSV file or of a folder of IDX files"`
	Target    string  `default:"" doc:"column to predict, of a CSV file; the last one if empty"`
	Val       float64 `default:"0.1" min:"0" max:"0.9" doc:"share of the training examples kept for validation"`
	BatchSize int     `default:"64" min:"0" doc:"examples a step; 0 takes all of them at once"`
	Fold      int     `default:"0" min:"0" max:"4" doc:"which fifth of a table is kept for the test"`
	Normalize string  `default:"standard" enum:"standard,none" doc:"standard: inputs to mean 0, deviation 1, by the training examples; none: as they are, pixels in [0,1]"`
}

// openTask opens the data. Statistics come from the training examples alone, and the
// test is dealt out by nobody but who asks for its batches, once.
func openTask(s *family.Session, p taskParams, how ...data.Option) (*task, error) {
	set, err := data.Open(p.Data, s.DataDir(), append(how, data.Target(p.Target), data.Fold(p.Fold))...)
	if err != nil {
		return nil, err
	}
	t := &task{set: set, features: set.Train.Shape.Size()}
	keep := int(p.Val * float64(set.Train.Len()))
	if t.split, err = set.Split(keep, s.Seed()); err != nil {
		return nil, err
	}
	if p.Normalize == "standard" {
		statistics := t.split.Train.Statistics()
		t.normal = &statistics
	}
	t.batch = min(p.BatchSize, t.split.Train.Len())
	if t.batch == 0 {
		t.batch = t.split.Train.Len()
	}
	if t.train, err = t.split.Train.Batches(data.Batching{Size: t.batch, Shuffle: true, Seed: s.Seed(), Normal: t.normal}); err != nil {
		return nil, err
	}
	eval := data.Batching{Size: supervised.EvalBatch, Normal: t.normal}
	if t.split.Val.Len() > 0 {
		if t.val, err = t.split.Val.Batches(eval); err != nil {
			return nil, err
		}
	}
	if t.test, err = t.split.Test.Batches(eval); err != nil {
		return nil, err
	}
	s.Fact("data.name", set.Name)
	s.Fact("data.sha256", set.SHA256)
	s.Fact("data.split", t.split.String())
	s.Fact("data.split_sha256", t.split.SHA256)
	return t, nil
}

// classes is the number of classes, or an error where there are numbers to predict.
func (t *task) classes() (int, error) {
	if t.set.Classes == nil {
		return 0, &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s has numbers to predict, no classes", t.set.Name), Try: "recipe=regress"}
	}
	return len(t.set.Classes), nil
}

// numbers is an error where there are classes to tell.
func (t *task) numbers() error {
	if t.set.Train.Targets == nil {
		return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf("data set %s has classes, no numbers to predict", t.set.Name), Try: "recipe=classify, or another target"}
	}
	return nil
}
