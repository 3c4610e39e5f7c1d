"""Checks what the Go side wrote into a folder; started by TestPython."""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper
from safetensors import safe_open

folder = pathlib.Path(sys.argv[1])


def run(path, x):
    onnx.checker.check_model(onnx.load(path), full_check=True)
    return onnxruntime.InferenceSession(str(path)).run(None, {"x": x})


def ramp(*shape):
    return np.sin(np.arange(1, np.prod(shape) + 1)).astype(np.float32).reshape(shape)


x = np.random.default_rng(1).normal(size=(5, 6)).astype(np.float32)
want = np.maximum(x @ ramp(4, 6).T + ramp(4), 0) @ ramp(3, 4).T + ramp(3)
models = sorted(folder.glob("mlp*.onnx"))
for path in models:
    m = onnx.load(path)
    state = {t.name: numpy_helper.to_array(t) for t in m.graph.initializer}
    assert list(state) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"], state
    assert {p.key: p.value for p in m.metadata_props} == {"lab.recipe": "mlp", "classes": "a,b,c"}
    np.testing.assert_allclose(run(path, x)[0], want, rtol=1e-5, atol=1e-6)

x = np.random.default_rng(2).normal(size=(2, 2, 4, 4)).astype(np.float32)
first, rest, again, weight, total = run(folder / "convnet.onnx", x)
assert (rest == again).all() and rest.shape == (2, 3, 2, 2)
np.testing.assert_array_equal(weight, ramp(4, 2, 3, 3))
np.testing.assert_array_equal(total, first + 7)

with safe_open(folder / "w.safetensors", "np") as f:
    assert f.metadata() == {"by": "lab"}
    np.testing.assert_array_equal(f.get_tensor("w"), ramp(2, 3))
    assert f.get_tensor("n") == -5 and f.get_tensor("n").dtype == np.int64
    assert f.get_tensor("e").shape == (0, 4)

print(f"{len(models) + 1} models and 1 safetensors file agree")
