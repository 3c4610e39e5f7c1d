// Maketables makes the files of the embedded data sets digits, diabetes,
// breast-cancer, wine and iris from the copies that scikit-learn ships, which
// Debian packages as python3-sklearn:
//
//	go generate ./core/data
//	go run ./core/data/maketables -from .../sklearn/datasets/data
//
// Tables become CSV with a header and the names of classes in place of their
// numbers. Digits become IDX files, a fifth of each class kept for the test.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lab/core/data"
	"lab/core/data/idx"
	"lab/core/tensor"
)

// seed of the cut of digits into training and test.
const seed = 1998 // the year they appeared

func main() {
	from := flag.String("from", "/usr/lib/python3/dist-packages/sklearn/datasets/data", "scikit-learn's folder of data")
	to := flag.String("to", "embedded", "folder to write to")
	flag.Parse()
	if err := run(*from, *to); err != nil {
		fmt.Fprintln(os.Stderr, "maketables:", err)
		os.Exit(1)
	}
}

func run(from, to string) error {
	for _, t := range tables {
		rows, err := t.read(from)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		w := csv.NewWriter(&b)
		if err := w.WriteAll(append([][]string{strings.Split(t.header, ",")}, rows...)); err != nil {
			return err
		}
		if err := write(filepath.Join(to, t.name, t.name+".csv"), b.Bytes(), b.Bytes()); err != nil {
			return err
		}
	}
	rows, err := lines(from, "digits.csv.gz", ",")
	if err != nil {
		return err
	}
	return digits(rows, filepath.Join(to, "digits"))
}

// table is a set that scikit-learn has as a table.
type table struct {
	name, header string
	read         func(from string) ([][]string, error)
}

var tables = []table{
	{"diabetes", "age,sex,bmi,blood_pressure,s1,s2,s3,s4,s5,s6,progression", diabetes},
	{"breast-cancer", cells() + ",diagnosis", classes("breast_cancer.csv", "malignant", "benign")},
	{"wine", "alcohol,malic_acid,ash,alcalinity_of_ash,magnesium,total_phenols,flavanoids,nonflavanoid_phenols,proanthocyanins,color_intensity,hue,od280_od315,proline,grower",
		classes("wine_data.csv", "grower 1", "grower 2", "grower 3")},
	{"iris", "sepal_length,sepal_width,petal_length,petal_width,species", classes("iris.csv", "setosa", "versicolor", "virginica")},
}

// cells names the features of breast-cancer: three statistics of ten measures.
func cells() string {
	var names []string
	for _, statistic := range []string{"mean", "se", "worst"} {
		for _, measure := range strings.Fields("radius texture perimeter area smoothness compactness concavity concave_points symmetry fractal_dimension") {
			names = append(names, measure+"_"+statistic)
		}
	}
	return strings.Join(names, ",")
}

// classes reads a table whose first line is sizes and names and whose last column
// numbers the classes.
func classes(file string, names ...string) func(string) ([][]string, error) {
	return func(from string) ([][]string, error) {
		rows, err := lines(from, file, ",")
		if err != nil {
			return nil, err
		}
		for _, row := range rows[1:] {
			last := len(row) - 1
			n, err := strconv.Atoi(row[last])
			if err != nil || n < 0 || n >= len(names) {
				return nil, fmt.Errorf("%s: class %q", file, row[last])
			}
			row[last] = names[n]
		}
		return rows[1:], nil
	}
}

// diabetes joins the file of features with the one of what to predict.
func diabetes(from string) ([][]string, error) {
	rows, err := lines(from, "diabetes_data_raw.csv.gz", " ")
	if err != nil {
		return nil, err
	}
	targets, err := lines(from, "diabetes_target.csv.gz", " ")
	if err != nil {
		return nil, err
	}
	for i := range rows {
		rows[i] = append(rows[i], targets[i][0])
		for j, cell := range rows[i] {
			v, err := strconv.ParseFloat(cell, 32)
			if err != nil {
				return nil, err
			}
			rows[i][j] = strconv.FormatFloat(v, 'g', -1, 32) // versions of scikit-learn differ in the 16th digit
		}
	}
	return rows, nil
}

func lines(dir, file, separator string) (rows [][]string, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return nil, err
	}
	if strings.HasSuffix(file, ".gz") {
		z, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		var b bytes.Buffer
		if _, err := b.ReadFrom(z); err != nil {
			return nil, err
		}
		raw = b.Bytes()
	}
	for line := range strings.Lines(string(raw)) {
		rows = append(rows, strings.Split(strings.TrimSpace(line), separator))
	}
	return rows, nil
}

// digits writes the four IDX files of rows of 64 pixels and a label.
func digits(rows [][]string, to string) error {
	all := &data.Examples{Shape: tensor.Shape{8, 8, 1}, White: 16}
	for _, row := range rows {
		for i, cell := range row {
			v, err := strconv.Atoi(cell)
			if err != nil || v < 0 || v > 16 {
				return fmt.Errorf("digits: pixel %q", cell)
			}
			if i < 64 {
				all.Pixels = append(all.Pixels, uint8(v))
			} else {
				all.Labels = append(all.Labels, int32(v))
			}
		}
	}
	test, train := data.All(all).Cut(all.Len()/5+1, seed)
	for _, part := range []struct {
		name string
		view data.View
	}{{"train", train}, {"t10k", test}} {
		images := &idx.Array{Dims: []int{part.view.Len(), 8, 8}}
		labels := &idx.Array{Dims: []int{part.view.Len()}}
		for _, at := range part.view.Index {
			images.Data = append(images.Data, all.Pixels[int(at)*64:][:64]...)
			labels.Data = append(labels.Data, byte(all.Labels[at]))
		}
		for kind, a := range map[string]*idx.Array{"images-idx3": images, "labels-idx1": labels} {
			var raw, packed bytes.Buffer
			if err := idx.Write(&raw, a); err != nil {
				return err
			}
			if err := idx.WriteGzip(&packed, a); err != nil {
				return err
			}
			if err := write(filepath.Join(to, part.name+"-"+kind+"-ubyte.gz"), packed.Bytes(), raw.Bytes()); err != nil {
				return err
			}
		}
	}
	return nil
}

func write(path string, content, raw []byte) error {
	fmt.Printf("%x  %s (%d bytes, raw %d)\n", sha256.Sum256(raw), path, len(content), len(raw))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, content, 0o644)
}
