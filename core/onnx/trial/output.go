package trial

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
)

// numpyTypes are NumPy's names of ONNX's types.
var numpyTypes = map[pb.DataType]string{
	pb.Float: "<f4", pb.Double: "<f8", pb.Float16: "<f2", pb.Bool: "|b1", pb.Int8: "|i1", pb.Int16: "<i2", pb.Int32: "<i4", pb.Int64: "<i8",
	pb.Uint8: "|u1", pb.Uint16: "<u2", pb.Uint32: "<u4", pb.Uint64: "<u8",
}

// Format is what a file's name asks for, .npy or .npz, and an error where it can not hold
// the model's outputs.
func Format(path string, m *onnx.Model) (string, error) {
	ext := strings.ToLower(filepath.Ext(path))
	switch {
	case ext != ".npy" && ext != ".npz":
		return "", usage("%s: outputs are written to a file .npy or .npz", path)
	case ext == ".npy" && len(m.Outputs) != 1:
		return "", usage("%s: the model has %d outputs, which need a file .npz", path, len(m.Outputs))
	}
	return ext, nil
}

// Save writes a model's outputs: to FILE.npz all of them, by name; to FILE.npy the one
// that there is. Types that NumPy does not have become float32.
func Save(path string, m *onnx.Model, outputs []exchange.Value) error {
	ext, err := Format(path, m)
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if ext == ".npy" {
		if err := write(&buf, m.Outputs[0].Name, outputs[0]); err != nil {
			return err
		}
	} else {
		z := zip.NewWriter(&buf)
		for i, v := range outputs {
			w, err := z.Create(m.Outputs[i].Name + ".npy")
			if err == nil {
				err = write(w, m.Outputs[i].Name, v)
			}
			if err != nil {
				return err
			}
		}
		if err := z.Close(); err != nil {
			return err
		}
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o644); err != nil {
		return wrap(path, err)
	}
	return nil
}

// write writes one array as NumPy's format, version 1.
func write(w io.Writer, name string, v exchange.Value) error {
	a := v.Array
	if a == nil || a.Type == pb.String {
		return usage("output %s is no array of numbers", name)
	}
	descr := numpyTypes[a.Type]
	if descr == "" {
		a, descr = array.Cast(a, pb.Float), "<f4"
	}
	shape := ""
	for _, d := range a.Shape {
		shape += fmt.Sprintf("%d, ", d)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, strings.TrimSuffix(shape, " "))
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n" // to a multiple of 64 bytes
	b := append([]byte("\x93NUMPY\x01\x00"), binary.LittleEndian.AppendUint16(nil, uint16(len(header)))...)
	_, err := w.Write(append(append(b, header...), a.Raw()...))
	return err
}
