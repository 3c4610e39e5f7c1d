// Makemini makes the files of the embedded data set fashion-mini: 600 training
// and 100 test images of each class, drawn from Fashion-MNIST by a fixed seed
// and kept in its order, as IDX files that any reader of MNIST can read.
//
//	go generate ./core/data
//
// Opening Fashion-MNIST verifies its hashes, so the same files come out wherever
// it runs; only another version of Go's compressor can change their compressed
// form, never their content.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"lab/core/data"
	"lab/core/data/idx"
)

const (
	train, test = 6000, 1000
	seed        = 2017 // the year Fashion-MNIST appeared
)

func main() {
	from := flag.String("from", "", "folder of the full set; default as lab finds it")
	to := flag.String("to", "embedded/fashion-mini", "folder to write to")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "makemini:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	set, err := data.Open("fashion-mnist", from)
	if err != nil {
		return err
	}
	e, whole := entry("fashion-mini"), sha256.New()
	for i, a := range draw(set) {
		one := sha256.New()
		var packed bytes.Buffer
		if err := idx.WriteGzip(&packed, a); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, e.Files[i].Name), packed.Bytes(), 0o644); err != nil {
			return err
		}
		idx.Write(one, a) // a hash never fails
		idx.Write(whole, a)
		fmt.Printf("%x  %s (%d bytes, %d packed)\n", one.Sum(nil), e.Files[i].Name, len(a.Data), packed.Len())
	}
	fmt.Printf("%x  all of them\n", whole.Sum(nil))
	return nil
}

// draw returns the small set as the arrays of its four files.
func draw(set *data.Set) []*idx.Array {
	var arrays []*idx.Array
	for _, part := range []struct {
		from *data.Examples
		n    int
	}{{set.Train, train}, {set.Test, test}} {
		chosen, _ := data.All(part.from).Cut(part.n, seed)
		size := part.from.Shape.Size()
		images := &idx.Array{Dims: []int{part.n, part.from.Shape[0], part.from.Shape[1]}}
		labels := &idx.Array{Dims: []int{part.n}}
		for _, at := range chosen.Index {
			images.Data = append(images.Data, part.from.Pixels[int(at)*size:][:size]...)
			labels.Data = append(labels.Data, byte(part.from.Labels[at]))
		}
		arrays = append(arrays, images, labels)
	}
	return arrays
}

func entry(name string) data.Entry {
	for _, e := range data.Catalog() {
		if e.Name == name {
			return e
		}
	}
	panic("no such data set: " + name)
}
