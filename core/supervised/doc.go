// Package supervised holds what recipes of supervised learning share around the loop
// that each of them writes itself: the scores of classifiers and regressors, the best
// weights so far and when to stop waiting for better ones, and the curves of a run.
//
//	eval := supervised.NewEvaluator(func(x *graph.Node) *graph.Node { return net.forward(x, false) }, set.Train.Shape)
//	best := supervised.NewBest(net.Params, patience)
//	for … epochs {
//		… train
//		val, err := eval.Classify(valBatches)
//		if best.Offer(val.Loss, epoch); best.Over() { break }
//	}
//	best.Restore()
//	test, err := eval.Classify(testBatches) // once, at the end
//	err = supervised.RecordClassifier(s, step, set, test)
//
// It must not know any architecture, nor train. Start with score.go, then evaluate.go
// and best.go.
package supervised
