"""Compares what lab computed with PyTorch and ONNX Runtime; started by the tests.

    python compare.py MODEL.onnx VALUES.safetensors

VALUES holds the model's input "x" and lab's output "y". The largest differences
are printed.
"""

import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

import dcgan

model, values = sys.argv[1:]
v = load_file(values)
onnx.checker.check_model(onnx.load(model), full_check=True)
session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
(ort,) = session.run(None, {session.get_inputs()[0].name: v["x"]})
with torch.no_grad():
    pt = dcgan.load(model)(torch.from_numpy(v["x"])).numpy()
print(f"pytorch {np.abs(pt - v['y']).max():.3g} onnxruntime {np.abs(ort - v['y']).max():.3g}")
