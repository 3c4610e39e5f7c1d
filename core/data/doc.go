// Package data holds the data sets: real ones that are embedded in the binary,
// larger ones found on disk, and the user's own.
//
//	set, err := data.Open("fashion-mini", "")
//	split, err := set.Split(600, seed)       // 5,400 train, 600 val, 1,000 test
//	batches, err := split.Train.Batches(data.Batching{Size: 64, Shuffle: true, Seed: seed})
//	for epoch := 1; epoch <= 5; epoch++ {
//		for batches.Start(epoch); batches.Next(); {
//			batches.Inputs(x) // [64,28,28,1] into the caller's []float32
//			batches.Labels(y)
//		}
//	}
//
// Pixels are kept as the bytes they came as and become floats only as a batch is
// filled, so a set costs a quarter of its size in floats. Whatever is random
// follows from a seed alone: the same seed gives the same split, and the same
// seed and epoch the same batches, in a new run as in a resumed one.
//
// Batching also normalises, brings images to another size and augments them; what
// it normalises by (View.Statistics) comes from training examples alone.
//
// It knows numbers and shapes only, nothing of graphs, models or runs. It opens
// files but fetches none. Start with set.go, then split.go, batch.go and inputs.go;
// registry.go lists the sets, package idx reads the files of MNIST's relatives, npy
// those of NumPy, table.go CSV.
package data
