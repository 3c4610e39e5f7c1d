// Package exchangetest has others judge the model files that lab writes: ONNX's own
// checker, ONNX Runtime, and PyTorch, which takes the weights by
// load_state_dict(strict=True). A family's test looks like this:
//
//	files := exchangetest.Watch(t)
//	familytest.TrainEach(t, Family, runs, func(r *familytest.Record) { files.Add(r.Models()...) })
//	files.Compare()
//
// What a file is compared with is no second reading of it, but the network that it was
// made of, at sizes that the export has not seen, 1 among them. Start with watch.go.
package exchangetest
