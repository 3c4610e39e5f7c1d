"""What ONNX Runtime makes of a model and an input, and PyTorch of the model's weights by
load_state_dict(strict=True): python compare.py regressor|classifier|embedding MODEL VALUES
prints the largest differences to the output "y" in VALUES."""

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
(ort,) = session.run(None, {"x": v["x"]})
net = {"regressor": Regressor, "classifier": lambda: Classifier(32, 5), "embedding": lambda: Embedding(32)}[kind]()
weights = {i.name: torch.from_numpy(onnx.numpy_helper.to_array(i).copy()) for i in model.graph.initializer}
net.load_state_dict({n: w for n, w in weights.items() if n in net.state_dict()}, strict=True)
with torch.no_grad():
    pt = net(torch.from_numpy(v["x"])).numpy()
print(f"pytorch {np.abs(pt - v['y']).max():.3g} onnxruntime {np.abs(ort - v['y']).max():.3g}")
