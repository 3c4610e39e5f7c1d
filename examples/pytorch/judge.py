"""Judges the model files of a folder; started by the tests.

    python judge.py FOLDER

For each NAME.onnx there is a NAME.safetensors with inputs as "in.INPUT" and what lab
computed of them as "out.OUTPUT". ONNX's checker and ONNX Runtime take the file, and where
there is a module for it (networks.py), PyTorch takes its weights by
load_state_dict(strict=True). A line for each has the largest differences, as shares of
the largest number of the output, or of 1; PyTorch's is -1 where there is no module.
"""

import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
from safetensors.numpy import load_file

import networks

torch.set_num_threads(1)


def apart(got, want):
    assert got.shape == want.shape, (got.shape, want.shape)
    return float(np.abs(got - want).max() / max(1, np.abs(want).max()))


for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    values = load_file(path.with_suffix(".safetensors"))
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    feed = {i.name: values["in." + i.name] for i in model.graph.input}
    want = [values["out." + o.name] for o in model.graph.output]
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    runtime = max(apart(y, w) for y, w in zip(session.run(None, feed), want, strict=True))
    pytorch, net = -1, networks.load(model)
    if net is not None:
        with torch.no_grad():
            y = net(*map(torch.from_numpy, feed.values()))
        # what the module itself returns; further outputs of a file are weights
        pytorch = max(apart(a.numpy(), w) for a, w in zip(y if isinstance(y, tuple) else (y,), want))
    print(f"onnxruntime {runtime:.3g} pytorch {pytorch:.3g}")
