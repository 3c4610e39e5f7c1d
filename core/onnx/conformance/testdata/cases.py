"""Makes the cases of this folder: what ONNX's own suites leave out.

    pip install onnx onnxruntime
    python core/onnx/conformance/testdata/cases.py

Older spellings of operators, corners of newer ones, control flow, functions, and types
that float32 does not hold. What a case should give comes from ONNX Runtime, or from the
reference implementation where that does not know the operator or the type.
"""

import pathlib
import shutil

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto as T
from onnx import helper as H
from onnx import numpy_helper as N
from onnx.reference import ReferenceEvaluator

HERE = pathlib.Path(__file__).parent
IR = {7: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11}
onnxruntime.set_default_logger_severity(4)
rng = np.random.RandomState(1)


def f(*shape):
    return rng.randn(*shape).astype(np.float32)


def ints(*v, t=np.int64):
    return np.array(v, t)


def typed(name, a):
    return H.make_tensor_value_info(name, H.np_dtype_to_tensor_dtype(a.dtype), a.shape)


def case(name, opset, nodes, inputs, outputs, weights=None, reference_only=False, **more):
    """Writes one; outputs maps names to element types."""
    inputs = {k: np.asarray(v) for k, v in inputs.items()}
    weights = {k: N.from_array(np.asarray(v), k) for k, v in (weights or {}).items()}
    declared = [typed(k, v) for k, v in inputs.items()]
    if opset == 7:  # IR version 3: initialisers are inputs as well
        declared += [typed(k, N.to_array(v)) for k, v in weights.items()]
    graph = H.make_graph(nodes, name, declared, [H.make_tensor_value_info(k, t, None) for k, t in outputs.items()], list(weights.values()))
    imports = [H.make_opsetid("", opset)] + [H.make_opsetid(d, 1) for d in {g.domain for g in more.get("functions", [])}]
    model = H.make_model(graph, opset_imports=imports, ir_version=IR[opset], producer_name="", **more)
    if reference_only:
        results = ReferenceEvaluator(model).run(list(outputs), inputs)
    else:
        session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        results = session.run(list(outputs), inputs)
    data = HERE / name / "test_data_set_0"
    data.mkdir(parents=True)
    (HERE / name / "model.onnx").write_bytes(model.SerializeToString())
    for i, (k, v) in enumerate(inputs.items()):
        (data / f"input_{i}.pb").write_bytes(N.from_array(v, k).SerializeToString())
    for i, (k, v) in enumerate(zip(outputs, results)):
        (data / f"output_{i}.pb").write_bytes(N.from_array(np.asarray(v), k).SerializeToString())


def one(name, opset, op, inputs, weights=None, outputs=None, order=None, reference_only=False, **attributes):
    """A case of one node."""
    outputs = outputs or {"y": T.FLOAT}
    node = H.make_node(op, order or list(inputs) + list(weights or {}), list(outputs), **attributes)
    case(name, opset, [node], inputs, outputs, weights, reference_only)


def main():
    for d in HERE.iterdir():
        if d.is_dir():
            shutil.rmtree(d)
    x = f(2, 3, 4)

    # attributes that became inputs
    one("squeeze_11", 11, "Squeeze", {"x": f(1, 3, 1, 2)}, axes=[0, -2])
    one("unsqueeze_11", 11, "Unsqueeze", {"x": f(3, 2)}, axes=[0, -1])
    one("reduce_sum_11", 11, "ReduceSum", {"x": x}, axes=[-1, 0], keepdims=0)
    one("reduce_mean_18", 18, "ReduceMean", {"x": x}, {"axes": ints(1)})
    one("reduce_noop_18", 18, "ReduceSumSquare", {"x": x}, noop_with_empty_axes=1)
    one("clip_7", 7, "Clip", {"x": x}, max=0.5)
    one("clip_12", 12, "Clip", {"x": ints(-3, 0, 9, t=np.int8)}, {"max": np.int8(4)}, {"y": T.INT8}, ["x", "", "max"])
    one("slice_9", 9, "Slice", {"x": x}, axes=[1, 2], starts=[-2, 1], ends=[1000, -1])
    one("slice_backwards", 13, "Slice", {"x": x}, {"s": ints(-1, 10), "e": ints(-1000, 0), "a": ints(2, 1), "t": ints(-2, -1)})
    one("split_11", 11, "Split", {"x": x}, outputs={"a": T.FLOAT, "b": T.FLOAT}, axis=-1, split=[1, 3])
    one("split_uneven_18", 18, "Split", {"x": f(7)}, outputs={"a": T.FLOAT, "b": T.FLOAT, "c": T.FLOAT}, num_outputs=3)
    one("pad_9", 9, "Pad", {"x": x}, mode="reflect", pads=[0, 1, 2, 0, 1, 3])
    one("pad_18", 18, "Pad", {"x": x}, {"p": ints(-1, 2, 1, 0), "v": np.float32(3), "a": ints(2, -2)})
    one("pad_wrap_19", 19, "Pad", {"x": x}, {"p": ints(0, 4, 0, 0, 0, 5)}, mode="wrap")
    one("topk_9", 9, "TopK", {"x": x}, outputs={"v": T.FLOAT, "i": T.INT64}, k=2)
    one("topk_smallest", 11, "TopK", {"x": np.round(x)}, {"k": ints(2)}, {"v": T.FLOAT, "i": T.INT64}, axis=1, largest=0)
    one("upsample_7", 7, "Upsample", {"x": f(1, 1, 2, 3)}, scales=[1.0, 1.0, 2.0, 3.0])
    one("upsample_9", 9, "Upsample", {"x": f(1, 1, 3, 2)}, {"s": np.array([1, 1, 1.5, 2], np.float32)}, mode="linear")
    one("resize_10", 10, "Resize", {"x": f(1, 1, 4, 4)}, {"s": np.array([1, 1, 0.6, 1.5], np.float32)})
    one("dropout_7", 7, "Dropout", {"x": x}, ratio=0.3)
    one("dropout_12", 12, "Dropout", {"x": x}, {"r": np.float32(0.3), "t": np.bool_(False)}, {"y": T.FLOAT, "m": T.BOOL})

    # meanings that changed
    one("softmax_flattened", 11, "Softmax", {"x": x}, axis=1)
    one("log_softmax_7", 7, "LogSoftmax", {"x": x}, axis=0)
    one("hardmax_11", 11, "Hardmax", {"x": np.round(f(2, 3, 3))}, axis=1)
    c3 = {"s": f(3), "b": f(3), "m": f(3), "v": np.abs(f(3)) + 0.5}
    one("batch_norm_9", 9, "BatchNormalization", {"x": f(2, 3, 2, 2)}, c3, epsilon=0.01)
    case("batch_norm_training", 15, [H.make_node("BatchNormalization", ["x", "s", "b", "m", "v"], ["y", "rm", "rv"], training_mode=1, momentum=0.8)],
         {"x": f(4, 3, 2)}, {"y": T.FLOAT, "rm": T.FLOAT, "rv": T.FLOAT}, c3, reference_only=True)
    one("group_norm_18", 18, "GroupNormalization", {"x": f(2, 4, 3)}, {"s": f(2), "b": f(2)}, num_groups=2)
    one("group_norm_21", 21, "GroupNormalization", {"x": f(2, 4, 3)}, {"s": f(4), "b": f(4)}, num_groups=2)
    one("layer_norm_statistics", 17, "LayerNormalization", {"x": x}, {"s": f(3, 4), "b": f(3, 4)}, {"y": T.FLOAT, "m": T.FLOAT, "i": T.FLOAT}, axis=1)
    one("gemm_7", 7, "Gemm", {"a": f(3, 2), "b": f(4, 3)}, {"c": f(1, 4)}, order=["a", "b", "c"], transA=1, transB=1, alpha=0.5, beta=2.0)
    one("cast_saturates", 19, "Cast", {"x": np.array([0.1, -3.3, 1e6, -np.inf], np.float32)}, outputs={"y": T.FLOAT8E4M3FN}, reference_only=True, to=T.FLOAT8E4M3FN)

    # windows
    one("conv_3d", 11, "Conv", {"x": f(2, 4, 3, 4, 5)}, {"w": f(6, 2, 2, 3, 2), "b": f(6)}, group=2, pads=[1, 0, 0, 0, 1, 2], strides=[1, 2, 1], dilations=[1, 1, 2])
    one("conv_same_lower", 11, "Conv", {"x": f(1, 2, 5)}, {"w": f(3, 2, 4)}, auto_pad="SAME_LOWER", strides=[2])
    one("conv_transpose_3d", 11, "ConvTranspose", {"x": f(1, 4, 2, 3, 2)}, {"w": f(4, 2, 3, 2, 2), "b": f(4)}, group=2, strides=[2, 1, 2], pads=[1, 0, 0, 1, 1, 0], output_padding=[1, 0, 1])
    one("conv_transpose_same", 11, "ConvTranspose", {"x": f(1, 1, 3, 3)}, {"w": f(1, 2, 3, 3)}, auto_pad="SAME_UPPER", strides=[2, 2])
    one("max_pool_indices", 12, "MaxPool", {"x": f(2, 2, 6, 5)}, outputs={"y": T.FLOAT, "i": T.INT64}, kernel_shape=[2, 2], dilations=[2, 1], strides=[1, 2], pads=[1, 0, 1, 1])
    one("average_pool_ceil", 19, "AveragePool", {"x": f(1, 2, 7, 8)}, kernel_shape=[3, 2], strides=[2, 3], pads=[1, 1, 0, 1], ceil_mode=1, count_include_pad=1)
    one("lp_pool_1d", 18, "LpPool", {"x": f(1, 2, 7)}, kernel_shape=[3], strides=[2], p=3)
    one("resize_antialias", 18, "Resize", {"x": f(1, 1, 8, 6)}, {"z": ints(1, 1, 3, 4)}, order=["x", "", "", "z"], mode="cubic", antialias=1)
    one("resize_crop", 13, "Resize", {"x": f(1, 1, 4, 5)}, {"r": np.array([0, 0, 0.2, -0.3, 1, 1, 0.7, 0.8], np.float32), "z": ints(1, 1, 3, 4)}, order=["x", "r", "", "z"],
        mode="linear", coordinate_transformation_mode="tf_crop_and_resize", extrapolation_value=9.0)
    one("grid_sample_cubic", 20, "GridSample", {"x": f(2, 1, 4, 5), "g": (rng.rand(2, 3, 2, 2) * 2.6 - 1.3).astype(np.float32)}, mode="cubic", padding_mode="border")

    # indices
    one("gather_nd_batch", 12, "GatherND", {"x": f(2, 3, 2)}, {"i": np.array([[[-1]], [[0]]])}, batch_dims=1)
    one("scatter_elements_max", 18, "ScatterElements", {"x": x, "u": f(2, 2, 3)}, {"i": rng.randint(-4, 4, (2, 2, 3))}, order=["x", "i", "u"], axis=2, reduction="max")
    one("scatter_9", 9, "Scatter", {"x": x, "u": f(1, 2, 1)}, {"i": np.array([[[2], [0]]])}, order=["x", "i", "u"], axis=1)
    one("one_hot", 11, "OneHot", {"i": np.array([[-1, 3], [7, 0]]), "v": ints(5, 6)}, {"d": ints(4)}, {"y": T.INT64}, ["i", "d", "v"], axis=1)
    one("cum_sum", 14, "CumSum", {"x": x}, {"a": np.int64(-2)}, exclusive=1, reverse=1)
    one("arg_max_last", 13, "ArgMax", {"x": np.round(x)}, outputs={"y": T.INT64}, axis=2, select_last_index=1, keepdims=0)
    one("einsum_ellipsis", 12, "Einsum", {"a": f(2, 3, 4), "b": f(4, 5)}, equation="...ij,jk->k...i")
    one("einsum_diagonal", 12, "Einsum", {"a": f(3, 2, 3), "b": f(3, 4)}, equation="iji,ik")

    # sequences
    w = {"w": f(2, 12, 2), "r": f(2, 12, 3), "b": f(2, 24), "l": ints(4, 1, t=np.int32), "h": f(2, 2, 3), "c": f(2, 2, 3), "p": f(2, 9)}
    one("lstm_everything", 14, "LSTM", {"x": f(4, 2, 2)}, w, {"y": T.FLOAT, "yh": T.FLOAT, "yc": T.FLOAT}, hidden_size=3, direction="bidirectional", clip=0.8)
    one("lstm_plain", 14, "LSTM", {"x": f(4, 2, 2)}, {k: v[:1] for k, v in w.items() if k in "wrb"}, {"y": T.FLOAT, "yh": T.FLOAT, "yc": T.FLOAT}, hidden_size=3, direction="reverse")
    one("gru_linear", 14, "GRU", {"x": f(3, 2, 2)}, {"w": f(1, 9, 2), "r": f(1, 9, 3), "b": f(1, 18)}, {"y": T.FLOAT, "yh": T.FLOAT}, hidden_size=3, linear_before_reset=1)
    one("attention_groups", 23, "Attention", {"q": f(1, 4, 3, 2), "k": f(1, 2, 5, 2), "v": f(1, 2, 5, 2)}, {"m": rng.rand(3, 5) > 0.3}, scale=0.7, softcap=3.0)
    one("attention_causal", 23, "Attention", {"q": f(2, 4, 6), "k": f(2, 4, 6), "v": f(2, 4, 6)}, q_num_heads=3, kv_num_heads=3, is_causal=1)
    one("rotary_partial", 23, "RotaryEmbedding", {"x": f(1, 2, 3, 6)}, {"c": f(5, 2), "s": f(5, 2), "p": np.array([[0, 4, 2]])}, rotary_embedding_dim=4, interleaved=1)

    # types that float32 does not hold
    big = ints(2**53 + 1, -(2**62), 7)
    case("int64_exact", 13, [H.make_node("Add", ["a", "b"], ["s"]), H.make_node("Mul", ["s", "b"], ["p"]), H.make_node("Div", ["p", "c"], ["y"]), H.make_node("Less", ["a", "s"], ["l"])],
         {"a": big, "b": ints(2, 3, -5)}, {"y": T.INT64, "l": T.BOOL}, {"c": ints(-3)})
    case("double_exact", 13, [H.make_node("MatMul", ["x", "w"], ["m"]), H.make_node("Sub", ["m", "o"], ["d"]), H.make_node("Tanh", ["d"], ["y"])],
         {"x": np.array([[1, 1e-12]])}, {"y": T.DOUBLE}, {"w": np.array([[1.0], [1.0]]), "o": np.array([1.0])})
    one("uint8_wraps", 14, "Add", {"a": ints(250, 3, t=np.uint8), "b": ints(10, 4, t=np.uint8)}, outputs={"y": T.UINT8}, reference_only=True)
    case("half", 14, [H.make_node("Gemm", ["x", "w", "b"], ["h"], transB=1), H.make_node("Relu", ["h"], ["r"]), H.make_node("Softmax", ["r"], ["y"])],
         {"x": f(2, 4).astype(np.float16)}, {"y": T.FLOAT16}, {"w": f(3, 4).astype(np.float16), "b": f(3).astype(np.float16)}, reference_only=True)
    one("quantize_axis", 13, "QuantizeLinear", {"x": f(2, 3, 2) * 3}, {"s": np.array([0.1, 0.2, 0.7], np.float32), "z": ints(-3, 0, 5, t=np.int8)}, {"y": T.INT8}, axis=1)
    one("dequantize_blocks", 21, "DequantizeLinear", {"x": rng.randint(0, 16, (2, 6)).astype(np.uint8)}, {"s": np.abs(f(2, 3)), "z": rng.randint(0, 9, (2, 3)).astype(np.uint8)}, axis=1, block_size=2)

    # bodies and functions
    def body(nodes, inputs, outputs):
        return H.make_graph(nodes, "body", [H.make_tensor_value_info(k, t, s) for k, t, s in inputs], [H.make_tensor_value_info(k, t, s) for k, t, s in outputs])

    then = body([H.make_node("Add", ["x", "w"], ["t"])], [], [("t", T.FLOAT, None)])
    other = body([H.make_node("Mul", ["x", "x"], ["e"])], [], [("e", T.FLOAT, None)])
    case("if_of_the_input", 17, [H.make_node("ReduceMax", ["x"], ["top"], keepdims=0), H.make_node("Greater", ["top", "z"], ["c"]), H.make_node("If", ["c"], ["y"], then_branch=then, else_branch=other)],
         {"x": f(3)}, {"y": T.FLOAT}, {"w": f(3), "z": np.float32(100)})
    loop = body([H.make_node("Add", ["s", "x"], ["s2"]), H.make_node("Identity", ["go"], ["go2"]), H.make_node("Cast", ["i"], ["fi"], to=T.FLOAT), H.make_node("Mul", ["s2", "fi"], ["each"])],
                [("i", T.INT64, []), ("go", T.BOOL, []), ("s", T.FLOAT, [2])], [("go2", T.BOOL, []), ("s2", T.FLOAT, [2]), ("each", T.FLOAT, [2])])
    case("loop", 17, [H.make_node("Loop", ["n", "", "s0"], ["s", "all"], body=loop)], {"x": f(2), "n": np.int64(3)}, {"s": T.FLOAT, "all": T.FLOAT}, {"s0": f(2)})
    scan = body([H.make_node("Add", ["h", "e"], ["h2"]), H.make_node("Identity", ["h2"], ["o"])], [("h", T.FLOAT, [2]), ("e", T.FLOAT, [2])], [("h2", T.FLOAT, [2]), ("o", T.FLOAT, [2])])
    case("scan", 17, [H.make_node("Scan", ["h", "x"], ["l", "all"], body=scan, num_scan_inputs=1, scan_input_axes=[1], scan_input_directions=[1])], {"x": f(2, 3)}, {"l": T.FLOAT, "all": T.FLOAT}, {"h": f(2)})
    slope = H.make_node("LeakyRelu", ["v"], ["w"])
    slope.attribute.append(onnx.AttributeProto(name="alpha", type=onnx.AttributeProto.FLOAT, ref_attr_name="slope"))
    inner = H.make_function("lab.test", "Bend", ["v"], ["w"], [slope], [H.make_opsetid("", 16)], ["slope"])
    call = H.make_node("Bend", ["x"], ["b"], domain="lab.test")
    call.attribute.append(onnx.AttributeProto(name="slope", type=onnx.AttributeProto.FLOAT, ref_attr_name="by"))
    outer = H.make_function("lab.test", "Twice", ["x", "o"], ["y"], [call, H.make_node("Add", ["b", "o"], ["t"]), H.make_node("Mul", ["t", "t"], ["y"])],
                            [H.make_opsetid("", 14), H.make_opsetid("lab.test", 1)], ["by"])
    case("functions", 17, [H.make_node("Twice", ["x", "w"], ["t"], domain="lab.test", by=0.3), H.make_node("Twice", ["t", "w"], ["y"], domain="lab.test", by=2.0)],
         {"x": f(4)}, {"y": T.FLOAT}, {"w": f(4)}, functions=[inner, outer])


main()
