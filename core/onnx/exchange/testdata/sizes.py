"""Runs every model of a folder in ONNX Runtime and compares it with what lab computed;
loads the encoder layer into PyTorch, strictly, and compares that as well."""
import pathlib, sys
import numpy as np, onnx, onnxruntime, torch
from onnx import numpy_helper
from safetensors.numpy import load_file

folder = pathlib.Path(sys.argv[1])
files = sorted(folder.glob("*.onnx"))
assert len(files) == 21, files


def compare(what, got, want):
    assert got.shape == want.shape, (what, got.shape, want.shape)
    off = np.abs(got - want).max()
    print(f"{what}: within {off:.1e}")
    assert off <= 1e-5 * max(1, np.abs(want).max()), what


for file in files:
    model = onnx.load(file)
    onnx.checker.check_model(model, full_check=True)
    values = load_file(folder / (file.name.split(".")[0] + ".safetensors"))
    feed = {k[3:]: v for k, v in values.items() if k.startswith("in.")}
    free = {d.dim_param for i in model.graph.input for d in i.type.tensor_type.shape.dim if d.dim_param}
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    for o, y in zip(session.get_outputs(), session.run(None, feed)):
        compare(f"{file.name} {o.name}, free {', '.join(sorted(free))}", y, values["out." + o.name])
    if file.name == "encoder.17.onnx":
        state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
        net = torch.nn.TransformerEncoderLayer(12, 3, 20, 0, batch_first=True)
        net.load_state_dict(state, strict=True)
        with torch.no_grad():
            y = net.train()(torch.from_numpy(feed["x"]), src_key_padding_mask=torch.from_numpy(feed["mask"]) == 0)
        compare("PyTorch's encoder layer", y.numpy(), values["out.y"])
