"""Makes the fixtures of this folder: small models by PyTorch's two exporters.

    pip install torch onnx onnxscript safetensors
    python core/onnx/testdata/make.py

Each NAME.onnx by an exporter comes with NAME.safetensors, the state_dict that
the model's initialisers must be. Only what a test asks for is in here; models
of real size are exported where they are needed.
"""

import pathlib
import warnings

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file
from torch import nn

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(6, 4), nn.Linear(4, 3)

    def forward(self, x):
        return self.fc2(torch.relu(self.fc1(x)))


class ConvNet(nn.Module):
    """Convolution and batch norm; the exporters may fold the one into the other."""

    def __init__(self):
        super().__init__()
        self.conv, self.bn = nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)
        self.fc = nn.Linear(2, 3)

    def forward(self, x):
        return self.fc(torch.relu(self.bn(self.conv(x))).mean((2, 3)))


class Generator(nn.Module):
    """A transposed convolution, half of a DCGAN pair."""

    def __init__(self):
        super().__init__()
        self.up, self.bn = nn.ConvTranspose2d(3, 2, 4, 2, 1), nn.BatchNorm2d(2)
        self.out = nn.ConvTranspose2d(2, 1, 4, 2, 1)

    def forward(self, z):
        return torch.tanh(self.out(torch.relu(self.bn(self.up(z)))))


class Discriminator(nn.Module):
    """A strided convolution, the other half."""

    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 2, 4, 2, 1), nn.Linear(2 * 4 * 4, 1)

    def forward(self, x):
        return self.fc(nn.functional.leaky_relu(self.conv(x), 0.2).flatten(1))


class Norms(nn.Module):
    """Equal parameters, which the TorchScript exporter makes one, with an Identity."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.LayerNorm(4), nn.LayerNorm(4)

    def forward(self, x):
        return self.b(torch.relu(self.a(x)))


def export(name, net, x, dynamo, **kw):
    path = HERE / f"{name}.onnx"
    if dynamo:
        batch = torch.export.Dim("batch")
        torch.onnx.export(net, (x,), path, dynamo=True, opset_version=18, external_data=False, verbose=False,
                          input_names=["x"], output_names=["y"], dynamic_shapes=({0: batch},), **kw)
    else:
        torch.onnx.export(net, (x,), path, dynamo=False, opset_version=17,
                          input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "batch"}, "y": {0: "batch"}}, **kw)
    m = onnx.load(path)
    for n in m.graph.node:  # where the traced code lay
        del n.metadata_props[:]
    for v in [*m.graph.input, *m.graph.output, *m.graph.value_info]:
        del v.metadata_props[:]
    del m.graph.metadata_props[:]
    del m.graph.value_info[:]
    onnx.checker.check_model(m)
    onnx.save(m, path)
    sd = {k: v.detach().contiguous() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(sd, HERE / f"{name}.safetensors", metadata={"format": "pt"})


def exported():
    for name, net, shape in [("mlp", MLP(), (2, 6)), ("convnet", ConvNet(), (2, 1, 5, 5)),
                             ("generator", Generator(), (2, 3, 2, 2)), ("discriminator", Discriminator(), (2, 1, 8, 8)),
                             ("norms", Norms(), (2, 4))]:
        net.eval()
        with torch.no_grad():
            for p in net.parameters():
                if name != "norms":
                    p.copy_(torch.randn_like(p))
        x = torch.randn(shape)
        export(name + "_torchscript", net, x, False, do_constant_folding=False)
        export(name + "_dynamo", net, x, True, optimize=False)


def info(name, dims, t=TensorProto.FLOAT):
    return helper.make_tensor_value_info(name, t, dims)


def save(name, nodes, inputs, outputs, weights, ir=8, opset=17, external=False):
    m = helper.make_model(helper.make_graph(nodes, name, inputs, outputs, weights), producer_name="make.py",
                          ir_version=ir, opset_imports=[helper.make_opsetid("", opset)])
    onnx.checker.check_model(m)
    if external:
        onnx.save(m, HERE / f"{name}.onnx", save_as_external_data=True, location=f"{name}.bin", size_threshold=0)
    else:
        onnx.save(m, HERE / f"{name}.onnx")


def handmade():
    w = np.arange(6, dtype=np.float32).reshape(2, 3)
    # Up to IR version 3, initialisers are listed among the inputs, here before the real one.
    save("ir3", [helper.make_node("MatMul", ["x", "w"], ["y"])], [info("w", (2, 3)), info("x", (1, 2))],
         [info("y", (1, 3))], [numpy_helper.from_array(w, "w")], ir=3, opset=8)
    # Two tensors, of two types, in a file beside the model.
    save("external", [helper.make_node("Cast", ["h"], ["f"], to=TensorProto.FLOAT), helper.make_node("MatMul", ["x", "w"], ["m"]),
                      helper.make_node("Add", ["m", "f"], ["y"])], [info("x", ("n", 2))], [info("y", ("n", 3))],
         [numpy_helper.from_array(w, "w"), numpy_helper.from_array(np.array([0.5, -2, 65504], np.float16), "h")], external=True)
    # A branch that takes a value from around it.
    branch = [helper.make_graph([helper.make_node(op, ["h"], [op])], op, [], [info(op, (2,))]) for op in ("Neg", "Abs")]
    save("captures", [helper.make_node("Relu", ["x"], ["h"], name="relu"),
                      helper.make_node("If", ["c"], ["y"], name="if", then_branch=branch[0], else_branch=branch[1])],
         [info("x", (2,)), info("c", (), TensorProto.BOOL)], [info("y", (2,))], [])


if __name__ == "__main__":
    torch.manual_seed(1)
    exported()
    handmade()
