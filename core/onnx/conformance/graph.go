package main

import (
	"fmt"

	"lab/core"
	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/exchange"
	"lab/core/onnx/pb"
	"lab/core/vm"
)

// build computes the model as a part of a graph: every input is a node, whatever its
// type, and every result a float.
func build(net *exchange.Net, inputs map[string]exchange.Value) ([]exchange.Value, error) {
	g := graph.New()
	var ports []exchange.Port
	for _, v := range net.Model.Inputs {
		a := inputs[v.Name].Array
		if a == nil {
			return nil, refuse("input %s is no tensor", v.Name)
		}
		f, exact := a.Floats()
		if f == nil || !exact && a.Type != pb.Double {
			return nil, refuse("input %s holds what float32 does not", v.Name)
		}
		ports = append(ports, exchange.Port{Name: v.Name, Node: g.Input("input "+v.Name, a.Shape...)})
	}
	out, err := net.Apply(ports...)
	if err != nil {
		return nil, err
	}
	p, err := vm.Compile(out)
	if err != nil {
		return nil, err
	}
	for i, v := range net.Model.Inputs {
		f, _ := inputs[v.Name].Array.Floats()
		copy(p.Value(ports[i].Node), f)
	}
	p.Run()
	results := make([]exchange.Value, len(out))
	for i, n := range out {
		results[i].Array = array.From(pb.Float, n.Shape(), append([]float32{}, p.Value(n)...))
	}
	return results, nil
}

func refuse(format string, args ...any) error {
	return &core.Error{Kind: core.Usage, Msg: fmt.Sprintf(format, args...)}
}

// asFloats is a value as a graph holds it, and how far from it one may be that was not
// rounded to halves on the way.
func asFloats(v exchange.Value) (exchange.Value, float64) {
	if v.Array == nil {
		return v, relative
	}
	tolerance := map[pb.DataType]float64{pb.Float16: 4e-3, pb.BFloat16: 2e-2}[v.Array.Type]
	if f, _ := v.Array.Floats(); f != nil {
		v.Array = array.From(pb.Float, v.Array.Shape, f)
	}
	return v, max(tolerance, relative)
}
