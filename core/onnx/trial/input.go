package trial

import (
	"fmt"
	"image"
	_ "image/jpeg" // pictures that inputs may be
	_ "image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lab/core"
	"lab/core/data/npy"
	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Inputs reads what a model takes. Each argument is FILE or NAME=FILE; a name may be left
// out where the model has one input. Files are told apart by their names' end: .npy; .npz
// with an array for each input; .pb, a TensorProto as in ONNX's test data; .png and .jpg,
// for an input [N,C,H,W], scaled to the size that the file gives, if it does, and to the
// range 0 to 1, or to that of the metadata image.range. Numbers become the input's type.
func Inputs(m *onnx.Model, arguments []string) (map[string]exchange.Value, error) {
	out := map[string]exchange.Value{}
	put := func(name string, a *array.Array) error {
		for _, v := range m.Inputs {
			if v.Name != name {
				continue
			}
			if _, twice := out[name]; twice {
				return usage("input %s is given twice", name)
			}
			out[name] = exchange.Value{Array: array.Cast(a, v.Type)}
			return nil
		}
		return usage("the model has no input %q: it takes %s", name, list(m.Inputs))
	}
	for _, arg := range arguments {
		name, path, named := strings.Cut(arg, "=")
		if !named {
			path = arg
			if name = ""; len(m.Inputs) == 1 {
				name = m.Inputs[0].Name
			}
		}
		if strings.EqualFold(filepath.Ext(path), ".npz") && !named {
			all, err := npy.ReadZip(path, npy.DefaultLimit)
			if err != nil {
				return nil, wrap(path, err)
			}
			for k, a := range all {
				if err := put(k, fromNumpy(a)); err != nil {
					return nil, wrap(path, err)
				}
			}
			continue
		}
		if name == "" {
			return nil, usage("the model has %d inputs: give each as NAME=FILE, of %s", len(m.Inputs), list(m.Inputs))
		}
		a, err := readInput(m, name, path)
		if err != nil {
			return nil, wrap(path, err)
		}
		if err := put(name, a); err != nil {
			return nil, err
		}
	}
	for _, v := range m.Inputs {
		if _, ok := out[v.Name]; !ok {
			return nil, usage("input %s, %v, is not given", v.Name, v)
		}
	}
	return out, nil
}

func usage(format string, args ...any) error {
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf(format, args...)}
}

// wrap says which file is meant; what cannot be read is the user's mistake.
func wrap(path string, err error) error {
	if e, ok := err.(*os.PathError); ok {
		err = e.Err
	}
	return &core.Error{Kind: core.Usage, Msg: path, Err: err}
}

func list(vs []onnx.Value) string {
	all := make([]string, len(vs))
	for i, v := range vs {
		all[i] = v.Name + " " + v.String()
	}
	return strings.Join(all, ", ")
}

func readInput(m *onnx.Model, name, path string) (*array.Array, error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".npy":
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		a, err := npy.Read(f, npy.DefaultLimit)
		if err != nil {
			return nil, err
		}
		return fromNumpy(a), nil
	case ".pb":
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		t, err := pb.UnmarshalTensor(b)
		if err != nil {
			return nil, err
		}
		shape := make(tensor.Shape, len(t.Dims))
		for i, d := range t.Dims {
			if shape[i] = int(d); d < 0 || d > 1<<30 {
				return nil, fmt.Errorf("a tensor of shape %v", t.Dims)
			}
		}
		return array.Decode(t, shape, t.RawData)
	case ".png", ".jpg", ".jpeg":
		for _, v := range m.Inputs {
			if v.Name == name {
				return readImage(m, v, path)
			}
		}
		return nil, fmt.Errorf("the model has no input %q: it takes %s", name, list(m.Inputs))
	default:
		return nil, fmt.Errorf("%q is none of .npy, .npz, .pb, .png and .jpg", ext)
	}
}

func fromNumpy(a *npy.Array) *array.Array {
	shape := tensor.Shape(a.Shape)
	switch {
	case a.Bytes != nil:
		v := make([]int64, len(a.Bytes))
		for i, b := range a.Bytes {
			v[i] = int64(b)
		}
		return array.From(pb.Uint8, shape, v)
	case a.Ints != nil:
		return array.From(pb.Int64, shape, a.Ints)
	}
	return array.From(pb.Float, shape, a.Floats)
}

// readImage is a picture as one image [1,C,H,W].
func readImage(m *onnx.Model, v onnx.Value, path string) (*array.Array, error) {
	if len(v.Dims) != 4 || v.Dims[1].Size != 1 && v.Dims[1].Size != 3 {
		return nil, fmt.Errorf("input %s is %v, not images [N,1,H,W] or [N,3,H,W]", v.Name, v)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	img, _, err := image.Decode(f)
	if err != nil {
		return nil, err
	}
	lo, hi := 0.0, 1.0
	if text, ok := m.Metadata["image.range"]; ok {
		a, b, _ := strings.Cut(text, ",")
		var errA, errB error
		if lo, errA = strconv.ParseFloat(a, 64); errA == nil {
			hi, errB = strconv.ParseFloat(b, 64)
		}
		if errA != nil || errB != nil {
			return nil, fmt.Errorf("the model's metadata image.range is %q", text)
		}
	}
	box := img.Bounds()
	c, h, w := v.Dims[1].Size, v.Dims[2].Size, v.Dims[3].Size
	if h < 0 {
		h = box.Dy()
	}
	if w < 0 {
		w = box.Dx()
	}
	out := array.New(pb.Float, 1, c, h, w)
	pixels := array.Of[float32](out)
	for y := range h {
		for x := range w {
			r, g, b := average(img, box, x, y, w, h)
			rgb := []float64{r, g, b}
			if c == 1 { // luma, ITU-R BT.601, as Pillow's mode L has it
				rgb = []float64{0.299*r + 0.587*g + 0.114*b}
			}
			for k, p := range rgb {
				pixels[(k*h+y)*w+x] = float32(lo + p*(hi-lo))
			}
		}
	}
	return out, nil
}

// average is the colour, from 0 to 1, of what lies below pixel (x,y) of w by h: at least
// one pixel of the picture.
func average(img image.Image, box image.Rectangle, x, y, w, h int) (r, g, b float64) {
	x0, x1 := x*box.Dx()/w, max((x+1)*box.Dx()/w, x*box.Dx()/w+1)
	y0, y1 := y*box.Dy()/h, max((y+1)*box.Dy()/h, y*box.Dy()/h+1)
	for j := y0; j < y1; j++ {
		for i := x0; i < x1; i++ {
			cr, cg, cb, _ := img.At(box.Min.X+i, box.Min.Y+j).RGBA()
			r, g, b = r+float64(cr), g+float64(cg), b+float64(cb)
		}
	}
	n := float64((x1-x0)*(y1-y0)) * 0xffff
	return r / n, g / n, b / n
}
