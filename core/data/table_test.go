package data

import (
	"compress/gzip"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lab/core"
)

// csvFile writes a file of the user's own.
func csvFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "houses.csv")
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

const houses = "rooms,kind,sold,city,price\n" +
	"3,flat,yes,Bonn,100\n5,house,no,Köln,250.5\n2,flat,yes,Bonn,80\n4,house,yes,Aachen,190\n1,flat,no,Bonn,5e1\n"

func TestCSV(t *testing.T) {
	set, err := Open(csvFile(t, houses), "")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"rooms", "kind=house", "sold=yes", "city=Aachen", "city=Bonn", "city=Köln"}
	if !slices.Equal(set.Features, want) || set.Target != "price" || set.Name != "houses" || set.Classes != nil {
		t.Errorf("got %+v", set)
	}
	if set.Train.Len() != 4 || set.Test.Len() != 1 {
		t.Fatalf("%d + %d rows", set.Train.Len(), set.Test.Len())
	}
	rows := map[float32][]float32{100: {3, 0, 1, 0, 1, 0}, 250.5: {5, 1, 0, 0, 0, 1}, 80: {2, 0, 1, 0, 1, 0}, 190: {4, 1, 1, 1, 0, 0}, 50: {1, 0, 0, 0, 1, 0}}
	for _, e := range []*Examples{set.Train, set.Test} {
		for i, price := range e.Targets {
			if got := e.Values[6*i : 6*i+6]; !slices.Equal(got, rows[price]) {
				t.Errorf("price %v: features %v; want %v", price, got, rows[price])
			}
			delete(rows, price)
		}
	}
	if len(rows) != 0 {
		t.Errorf("rows lost: %v", rows)
	}
}

// A target of text is classes, and so is one of whole numbers where classes are wanted.
func TestCSVClasses(t *testing.T) {
	path := csvFile(t, houses)
	set, err := Open(path, "", Target("kind"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Classes, []string{"flat", "house"}) || set.Train.Labels == nil || set.Train.Targets != nil {
		t.Errorf("got %+v", set)
	}
	path = csvFile(t, "x;y\n1;10\n2;9\n3;10\n4;9\n5;10\n6;9.0\n")
	if set, err = Open(path, "", WantClasses()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(set.Classes, []string{"9", "10"}) { // by value, not by spelling
		t.Errorf("classes %q", set.Classes)
	}
	for i, v := range set.Train.Values {
		if even := int32(v)%2 == 0; even != (set.Train.Labels[i] == 0) {
			t.Errorf("x=%v has label %d", v, set.Train.Labels[i])
		}
	}
}

func TestCSVErrors(t *testing.T) {
	for _, c := range []struct{ name, content, want, try string }{
		{"empty cell", "a,b\n1,2\n3,\n", "houses.csv, line 3, column b: the cell is empty", "fill"},
		{"several", "a,b\n1,NA\n?,2\n,4\n", `line 2, column b: the cell "NA" is a missing value, and so are 2 more`, "fill"},
		{"not a number", "a,b\n1,2\n2,x\n3,4\n4,5\n5,6\n", `line 3, column b: "x" is not a number, as 4 of the 5 cells`, ""},
		{"infinite", "a,b\n1,2\n2,inf\n3,4\n4,5\n5,6\n", `"inf" is not a number`, ""},
		{"ragged", "a,b\n1,2\n1,2,3\n", "houses.csv, line 3: 3 cells below a header of 2", ""},
		{"quote", "a,b\n1,\"2\n", "line 2: extraneous", ""},
		{"no header", "1,2\n3,4\n", "every cell of the header is a number", "names of the columns"},
		{"one column", "a\n1\n", "the header names 1 columns", "height,width,species"},
		{"double", "a,a\n1,2\n", `column 2 has the name "a"`, ""},
		{"nameless", "a,\n1,2\n", `column 2 has the name ""`, ""},
		{"short", "a,b\n1,2\n", "1 rows; at least 5", ""},
		{"empty", "", "the header names 0 columns", ""},
	} {
		_, err := Open(csvFile(t, c.content), "")
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(core.TryOf(err), c.try) || core.KindOf(err) != core.Usage {
			t.Errorf("%s: got %v (try %q)", c.name, err, core.TryOf(err))
		}
	}
	path := csvFile(t, houses)
	for _, c := range []struct {
		path      string
		how       []Option
		want, try string
	}{
		{path, []Option{Target("prices")}, `has no column "prices"`, "price"},
		{path, []Option{Target("zzzzzzzzz")}, "has no column", "rooms, kind"},
		{path, []Option{WantClasses()}, "column price holds 5 different numbers", "recipe=regress"},
		{path + ".csv", nil, "there is no file", "CSV"},
		{"digits", []Option{Target("x")}, "data set digits has no columns", "no target"},
	} {
		_, err := Open(c.path, "", c.how...)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(core.TryOf(err), c.try) || core.KindOf(err) != core.Usage {
			t.Errorf("got %v (try %q); want %q", err, core.TryOf(err), c.want)
		}
	}
	var many strings.Builder
	many.WriteString("name,y\n")
	for i := range 60 {
		many.WriteString(strings.Repeat("n", i+1) + ",1\n")
	}
	if _, err := Open(csvFile(t, many.String()), ""); err == nil || !strings.Contains(err.Error(), "column name holds 60 different texts") {
		t.Errorf("got %v", err)
	}
}

// The five folds are disjoint, each class has its share of each, and the first is the
// test that everyone gets.
func TestFold(t *testing.T) {
	seen := map[float32]int{}
	for k := range 5 {
		set, err := Open("iris", "", Fold(k))
		if err != nil || set.Train.Len() != 120 || set.Test.Len() != 30 {
			t.Fatalf("fold %d: %+v, %v", k, set, err)
		}
		if k == 0 && !slices.Equal(set.Test.Values, open(t, "iris").Test.Values) {
			t.Error("fold 0 is another test than that of no fold")
		}
		counts := make([]int, 3)
		for i, l := range set.Test.Labels {
			counts[l]++
			seen[set.Test.Values[4*i]]++
		}
		if counts[0] < 9 || counts[1] < 9 || counts[2] < 9 {
			t.Errorf("fold %d has %v of each class", k, counts)
		}
	}
	whole := map[float32]int{}
	for _, e := range []*Examples{open(t, "iris").Train, open(t, "iris").Test} {
		for i := 0; i < len(e.Values); i += 4 {
			whole[e.Values[i]]++
		}
	}
	if !maps.Equal(seen, whole) {
		t.Errorf("the folds together are not the set: %v; want %v", seen, whole)
	}
	for name, k := range map[string]int{"iris": 5, "digits": 1} {
		if _, err := Open(name, "", Fold(k)); err == nil || core.KindOf(err) != core.Usage {
			t.Errorf("fold %d of %s: %v", k, name, err)
		}
	}
}

// A compressed file is the same set.
func TestCSVGzip(t *testing.T) {
	path := csvFile(t, houses)
	plain, err := Open(path, "")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path + ".gz")
	if err != nil {
		t.Fatal(err)
	}
	z := gzip.NewWriter(f)
	z.Write([]byte(houses))
	z.Close()
	f.Close()
	packed, err := Open(path+".gz", "")
	if err != nil {
		t.Fatal(err)
	}
	if packed.SHA256 != plain.SHA256 || packed.Name != plain.Name || !slices.Equal(packed.Train.Values, plain.Train.Values) {
		t.Errorf("got %+v; want %+v", packed, plain)
	}
}

// Sizes, classes and means that the sets' publications state.
func TestEmbeddedTables(t *testing.T) {
	for _, c := range []struct {
		name     string
		rows     int
		features int
		counts   []int   // of each class
		first    float64 // mean of the first feature
	}{
		{"digits", 1797, 64, []int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}, 0},
		{"diabetes", 442, 10, nil, 48.518},
		{"breast-cancer", 569, 30, []int{357, 212}, 14.127},
		{"wine", 178, 13, []int{59, 71, 48}, 13.001},
		{"iris", 150, 4, []int{50, 50, 50}, 5.843},
	} {
		set := open(t, c.name)
		if n := set.Train.Len() + set.Test.Len(); n != c.rows || set.Train.Shape.Size() != c.features {
			t.Errorf("%s: %d examples of %v", c.name, n, set.Train.Shape)
		}
		if set.Notice == "" || set.Licence == "" {
			t.Errorf("%s: no licence", c.name)
		}
		counts := make([]int, len(c.counts))
		mean := 0.0
		for _, e := range []*Examples{set.Train, set.Test} {
			for _, l := range e.Labels {
				counts[l]++
			}
			for i := 0; i < len(e.Values); i += c.features {
				mean += float64(e.Values[i]) / float64(c.rows)
			}
		}
		if !slices.Equal(counts, c.counts) || math.Abs(mean-c.first) > .001 {
			t.Errorf("%s: classes %v, mean of the first feature %.3f", c.name, counts, mean)
		}
	}
	if set := open(t, "iris"); set.Classes[2] != "virginica" || set.Features[3] != "petal_width" || set.Target != "species" {
		t.Errorf("got %+v", set)
	}
	set, err := Open("iris", "", Target("petal_width"))
	if err != nil || set.Classes != nil || len(set.Features) != 6 || set.Train.Targets == nil {
		t.Errorf("iris by petal_width: %+v, %v", set, err)
	}
}

// Nearest neighbour knows digits: a floor for any network.
func TestDigitsNearestNeighbour(t *testing.T) {
	set := open(t, "digits")
	right := 0
	for i, want := range set.Test.Labels {
		best, got := math.MaxInt, int32(-1)
		for j, l := range set.Train.Labels {
			d := 0
			for k, v := range set.Test.Pixels[64*i : 64*i+64] {
				x := int(v) - int(set.Train.Pixels[64*j+k])
				d += x * x
			}
			if d < best {
				best, got = d, l
			}
		}
		if got == want {
			right++
		}
	}
	if got := float64(right) / float64(set.Test.Len()); got < .97 || got > .995 {
		t.Errorf("nearest neighbour has %.4f right", got)
	} else {
		t.Logf("nearest neighbour has %.4f right", got)
	}
}
