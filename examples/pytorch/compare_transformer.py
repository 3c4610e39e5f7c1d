"""Compares lab's logits with those of PyTorch and ONNX Runtime; started by the tests.

    python compare_transformer.py MODEL.onnx VALUES.safetensors

VALUES holds, for each case i, the model's inputs as "i.NAME" and lab's logits as
"i.logits". The largest differences of all cases are printed.
"""

import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

import transformer

model, values = sys.argv[1:]
v = load_file(values)
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
net = transformer.load(model)
names = [i.name for i in session.get_inputs()]
pytorch = runtime = 0.0
case = 0
while f"{case}.logits" in v:
    inputs = [v[f"{case}.{n}"] for n in names]
    want = v[f"{case}.logits"]
    got = session.run(["logits"], dict(zip(names, inputs)))[0]
    runtime = max(runtime, np.abs(got - want).max())
    with torch.no_grad():
        got = net(*map(torch.from_numpy, inputs)).numpy()
    pytorch = max(pytorch, np.abs(got - want).max())
    case += 1
print(f"pytorch {pytorch:.3g} onnxruntime {runtime:.3g} cases {case}")
