package tensorboard

import (
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"lab/core"
	"lab/tracker"
)

// Hyperparameters lie in the metadata of two values (tensorboard/plugins/hparams/
// plugin_data.proto), HParamsPluginData:
//
//	1 version · 3 session_start_info{1 hparams map<string, Value>, 5 start_time_secs} · 4 session_end_info{1 status, 2 end_time_secs}
//
// with google.protobuf.Value: 2 number_value · 3 string_value · 4 bool_value.
const (
	hparamsPlugin = "hparams"
	startTag      = "_hparams_/session_start_info"
	endTag        = "_hparams_/session_end_info"

	statusSuccess, statusFailure = 1, 2
)

// decodeHParams adds the parameters of a session's start, or takes the status of
// its end.
func decodeHParams(content []byte, params *[]core.Param, status *core.Status) error {
	return fields(content, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
		if t != protowire.BytesType {
			return nil
		}
		switch n {
		case 3:
			return fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
				if n != 1 || t != protowire.BytesType {
					return nil
				}
				p, err := decodeEntry(b)
				if err == nil && p.Key != "" {
					*params = append(*params, p)
				}
				return err
			})
		case 4:
			return fields(b, func(n protowire.Number, t protowire.Type, v uint64, _ []byte) error {
				if n == 1 && t == protowire.VarintType && v == statusFailure {
					*status = core.Failed
				}
				return nil
			})
		}
		return nil
	})
}

// decodeEntry reads an entry of the map: 1 key, 2 value.
func decodeEntry(b []byte) (p core.Param, err error) {
	var key, text string
	err = fields(b, func(n protowire.Number, t protowire.Type, _ uint64, b []byte) error {
		switch {
		case t != protowire.BytesType:
		case n == 1:
			key = string(b)
		case n == 2:
			return fields(b, func(n protowire.Number, t protowire.Type, v uint64, b []byte) error {
				switch {
				case n == 2 && t == protowire.Fixed64Type:
					text = core.FormatFloat(math.Float64frombits(v))
				case n == 3 && t == protowire.BytesType:
					text = string(b)
				case n == 4 && t == protowire.VarintType:
					text = strconv.FormatBool(v != 0)
				}
				return nil
			})
		}
		return nil
	})
	return tracker.GuessParam(key, text), err
}

func startContent(params []core.Param, at float64) []byte {
	var start []byte
	for _, p := range params {
		var v []byte
		switch f, err := strconv.ParseFloat(p.Value, 64); {
		case (p.Type == core.Int || p.Type == core.Float) && err == nil:
			v = appendDouble(nil, 2, f)
		case p.Type == core.Bool:
			v = appendInt(nil, 4, map[string]int64{"true": 1}[p.Value])
		default:
			v = appendString(nil, 3, p.Value)
		}
		start = appendMessage(start, 1, appendMessage(appendString(nil, 1, p.Key), 2, v))
	}
	return appendMessage(appendInt(nil, 1, 0), 3, appendDouble(start, 5, at))
}

func endContent(status core.Status, at float64) []byte {
	code := int64(statusFailure)
	if status == core.Finished {
		code = statusSuccess
	}
	return appendMessage(appendInt(nil, 1, 0), 4, appendDouble(appendInt(nil, 1, code), 2, at))
}
