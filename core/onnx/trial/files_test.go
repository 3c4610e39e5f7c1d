package trial_test

import (
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/onnx/trial"
	"lab/core/tensor"
)

// twoInputs is a model of an int64 and a double.
func twoInputs() *onnx.Model {
	dims := []onnx.Dim{onnx.Named("batch"), onnx.Fixed(2)}
	return &onnx.Model{Graph: onnx.Graph{Name: "two", Inputs: []onnx.Value{
		{Name: "i", Kind: onnx.Tensor, Type: pb.Int64, Dims: dims, Ranked: true}, {Name: "x", Kind: onnx.Tensor, Type: pb.Double, Dims: dims, Ranked: true}},
		Outputs: []onnx.Value{{Name: "i"}, {Name: "x"}}}}
}

// What Save writes, Inputs reads, in the types of the model's inputs.
func TestThereAndBack(t *testing.T) {
	dir, m := t.TempDir(), twoInputs()
	i := array.From(pb.Int64, tensor.Shape{3, 2}, []int64{1, -2, 3, 4, 5, 1 << 40})
	x := array.From(pb.Float, tensor.Shape{1, 2}, []float32{0.5, float32(math.Inf(1))})
	both := filepath.Join(dir, "both.npz")
	if err := trial.Save(both, m, []exchange.Value{{Array: i}, {Array: x}}); err != nil {
		t.Fatal(err)
	}
	one := &onnx.Model{Graph: onnx.Graph{Outputs: m.Outputs[:1]}}
	if err := trial.Save(filepath.Join(dir, "i.npy"), one, []exchange.Value{{Array: i}}); err != nil {
		t.Fatal(err)
	}
	got, err := trial.Inputs(m, []string{both})
	if err != nil {
		t.Fatal(err)
	}
	if !array.Same(got["i"].Array, i) || !array.Same(got["x"].Array, array.Cast(x, pb.Double)) {
		t.Errorf("%v", got)
	}
	if _, err := trial.Inputs(m, []string{"i=" + filepath.Join(dir, "i.npy")}); err == nil || !strings.Contains(err.Error(), "input x, double[batch, 2], is not given") {
		t.Error(err)
	}
	if _, err := trial.Inputs(m, []string{both, both}); err == nil || !strings.Contains(err.Error(), "is given twice") {
		t.Error(err)
	}
	if _, err := trial.Inputs(m, []string{filepath.Join(dir, "i.npy")}); err == nil || !strings.Contains(err.Error(), "give each as NAME=FILE, of i int64[batch, 2], x double[batch, 2]") {
		t.Error(err)
	}
}

// A picture becomes one image of the model's size, channels and range.
func TestPicture(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.png")
	img := image.NewRGBA(image.Rect(0, 0, 4, 2))
	for y := range 2 {
		for x := range 4 {
			img.Set(x, y, color.RGBA{uint8(255 * (x / 2)), 0, 255, 255}) // blue, then magenta
		}
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	f.Close()
	model := func(dims ...int) *onnx.Model {
		v := onnx.Value{Name: "image", Kind: onnx.Tensor, Type: pb.Float, Ranked: true}
		for _, d := range dims {
			v.Dims = append(v.Dims, onnx.Dim{Size: d})
		}
		return &onnx.Model{Graph: onnx.Graph{Inputs: []onnx.Value{v}}, Metadata: map[string]string{"image.range": "-1,1"}}
	}
	for _, c := range []struct {
		dims  []int
		shape tensor.Shape
		want  []float32
	}{
		{[]int{-1, 3, 1, 2}, tensor.Shape{1, 3, 1, 2}, []float32{-1, 1, -1, -1, 1, 1}},
		{[]int{1, 3, 1, 1}, tensor.Shape{1, 3, 1, 1}, []float32{0, -1, 1}},
		{[]int{1, 1, 1, 2}, tensor.Shape{1, 1, 1, 2}, []float32{2*0.114 - 1, 2*0.413 - 1}},
		{[]int{1, 1, -1, -1}, tensor.Shape{1, 1, 2, 4}, nil},
	} {
		got, err := trial.Inputs(model(c.dims...), []string{path})
		if err != nil {
			t.Fatal(err)
		}
		a := got["image"].Array
		if !a.Shape.Equal(c.shape) {
			t.Errorf("%v: shape %v", c.dims, a.Shape)
		}
		for i, w := range c.want {
			if math.Abs(a.At(i)-float64(w)) > 1e-6 {
				t.Errorf("%v: %v, want %v", c.dims, array.Of[float32](a), c.want)
				break
			}
		}
	}
	if _, err := trial.Inputs(model(1, 4, 8, 8), []string{path}); err == nil || !strings.Contains(err.Error(), "not images [N,1,H,W] or [N,3,H,W]") {
		t.Error(err)
	}
}
