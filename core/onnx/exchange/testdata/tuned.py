"""Loads the models that lab took a step of training with into PyTorch's own nets,
strictly, takes the same step there, and compares what both compute.

    python tuned.py FOLDER_OF_MODELS_PY FOLDER
"""
import pathlib, sys

import onnx, onnxruntime, torch
from onnx import numpy_helper
from safetensors.torch import load_file

sys.path.insert(0, sys.argv[1])
import models

folder = pathlib.Path(sys.argv[2])
nets = models.models(large=True)
for file in sorted(folder.glob("*.tuned.onnx")):
    name = file.name.split(".")[0]
    if ".optimized" in file.name:  # whose weights are not those of the state_dict
        continue
    net, inputs, _, other, _, outputs = nets[name]
    values = load_file(folder / f"{name}.safetensors")
    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(file).graph.initializer}
    before = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(str(file).replace(".tuned", "")).graph.initializer}
    net.load_state_dict(state, strict=True)
    net.eval()
    with torch.no_grad():
        y = net(*(values[f"in.{k}"] for k in inputs))
    y = y if isinstance(y, tuple) else (y,)
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    feed = {i.name: values[f"in.{i.name}"].numpy() for i in session.get_inputs()}
    for want, got in zip(y, session.run(None, feed)):
        off = (want - torch.from_numpy(got)).abs().max() / want.abs().max()
        assert off < 1e-4, (file.name, off)
    for k, v in before.items():
        if f"grad.{k}" in values:
            off = (v - 0.1 * values[f"grad.{k}"] - state[k]).abs().max()
            assert off <= 1e-4 * max(1, v.abs().max()), (file.name, k, off)
    print(file.name, "is strict")
