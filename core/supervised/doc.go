// Package supervised holds what recipes of supervised learning share within the loop
// that each of them writes itself: a step on a batch of examples, the scores of
// classifiers and regressors, the best weights so far and when to stop waiting for
// better ones, and the curves of a run.
//
//	learner := supervised.NewLearner(net.Params, train, shape, supervised.CrossEntropy(), optim.NewAdam(net.Params, lr))
//	eval := supervised.NewEvaluator(func(x *graph.Node) *graph.Node { return net.forward(x, false) }, shape)
//	best := supervised.NewBest(net.Params, patience)
//	loop := family.Loop{…, Batches: []family.Batches{batches}, Over: best.Over}
//	for step := range loop.Run(s) {
//		loss, err := learner.Learn(batches, schedule(step-1))
//		…
//		if loop.EpochEnds() {
//			val, err := eval.Classify(valBatches)
//			…
//			best.Offer(val.Loss, loop.Epoch())
//		}
//	}
//	best.Restore()
//	test, err := eval.Classify(testBatches) // once, at the end
//	err = supervised.RecordClassifier(s, loop.Step(), set, test)
//
// It must not know any architecture. Start with learner.go, then score.go, evaluate.go
// and best.go.
package supervised
