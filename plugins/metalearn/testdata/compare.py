"""Compares what lab computed with ONNX Runtime and PyTorch.

    python compare.py regressor|classifier|embedding MODEL VALUES
    python compare.py learner MODEL VALUES

VALUES has the model's inputs and the output. PyTorch loads a network's weights by
load_state_dict(strict=True); learning itself runs in ONNX Runtime alone. The largest
differences are printed."""

import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

from networks import Classifier, Embedding, Regressor

kind, path, values = sys.argv[1:]
v = load_file(values)
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
inputs = {i.name: v[i.name].astype(np.int64 if "int64" in i.type else np.float32) for i in session.get_inputs()}
(ort,) = session.run(None, inputs)
if kind == "learner":
    print(f"onnxruntime {np.abs(ort - v['query_y']).max():.3g}")
    sys.exit()
net = {"regressor": Regressor, "classifier": lambda: Classifier(32, 5), "embedding": lambda: Embedding(32)}[kind]()
weights = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
net.load_state_dict({n: w for n, w in weights.items() if n in net.state_dict()}, strict=True)
with torch.no_grad():
    pt = net(torch.from_numpy(v["x"])).numpy()
print(f"pytorch {np.abs(pt - v['y']).max():.3g} onnxruntime {np.abs(ort - v['y']).max():.3g}")
