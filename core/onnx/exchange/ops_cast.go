package exchange

import (
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
)

func init() {
	register("Cast",
		rule{since: versions(1), least: 1, most: 1, build: one(func(c *call) operand { // the type by its name
			to, ok := typesByName[c.attrs.String("to", "")]
			if !ok {
				c.fail("to=%q is no type", c.attrs.String("to", ""))
			}
			return c.cast(c.in[0], to)
		})},
		rule{since: versions(6, 9, 13, 19, 21, 23, 24, 25, 28), least: 1, most: 1, build: one(func(c *call) operand {
			return c.convert(c.in[0], c.typeOr("to", pb.Undefined))
		})})
	register("CastLike", rule{since: versions(15, 19, 21, 23, 24, 25), least: 2, most: 2, build: one(func(c *call) operand {
		return c.convert(c.in[0], c.in[1].typ)
	})})
	register("BitCast", rule{since: versions(26), least: 1, most: 1, host: true, build: one(func(c *call) operand {
		to := c.typeOr("to", pb.Undefined)
		if from := c.in[0].typ; to == pb.Undefined || array.Bits(from) == 0 || array.Bits(from) != array.Bits(to) {
			c.fail("from %v to %v", from, to)
		}
		return known(array.BitCast(c.value(0), to))
	})})
}

var typesByName = map[string]pb.DataType{"FLOAT": pb.Float, "UINT8": pb.Uint8, "INT8": pb.Int8, "UINT16": pb.Uint16, "INT16": pb.Int16,
	"INT32": pb.Int32, "INT64": pb.Int64, "BOOL": pb.Bool, "FLOAT16": pb.Float16, "DOUBLE": pb.Double, "UINT32": pb.Uint32, "UINT64": pb.Uint64}

// convert reads the attributes that concern small floats.
func (c *call) convert(x operand, to pb.DataType) operand {
	if to == pb.Undefined {
		c.fail("it has no type to cast to")
	}
	saturate, round := c.flag("saturate", true), c.choice("round_mode", "up", "down", "nearest")
	if c.since < 19 {
		round = array.Truncate // before they said how, to bfloat16 was to drop the lower bits
	}
	return c.castAs(x, to, saturate, round)
}
