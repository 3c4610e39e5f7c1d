"""Judges the model files of a folder; started by the tests.

    python judge.py FOLDER

For each NAME.onnx there is a NAME.safetensors with cases 0, 1, ...: inputs as "0.in.INPUT"
and what lab computed of them as "0.out.OUTPUT". ONNX's checker and ONNX Runtime take the file, and where
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
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    net = networks.load(model)
    runtime = pytorch = -1
    for case in sorted({k.split(".")[0] for k in values}):
        feed = {i.name: values[f"{case}.in.{i.name}"] for i in model.graph.input}
        want = [values[f"{case}.out.{o.name}"] for o in model.graph.output]
        runtime = max([runtime] + [apart(y, w) for y, w in zip(session.run(None, feed), want, strict=True)])
        if net is not None:
            with torch.no_grad():
                y = net(*map(torch.from_numpy, feed.values())).numpy()
            pytorch = max(pytorch, apart(y, want[0]))  # further outputs are weights and hidden states
    print(f"onnxruntime {runtime:.3g} pytorch {pytorch:.3g}")
