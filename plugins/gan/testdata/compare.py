"""Compares what lab computed with PyTorch; started by the tests.

    python compare.py nets NAME MODEL.onnx VALUES.safetensors [NAME ...]
    python compare.py penalty VALUES.safetensors

nets: for each, PyTorch loads the file's weights by load_state_dict(strict=True), ONNX
Runtime runs the file. VALUES holds the inputs x0, x1, ... and lab's output y; a line with
the largest differences is printed. penalty: VALUES holds a critic's weights param.NAME, a batch real, drawn and
mix, lab's penalty and its gradients grad.NAME; the largest difference of the penalty, as a
share of it, and of each gradient, as a share of the greatest value of all, are printed.
"""

import pathlib
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

torch.set_num_threads(1)
sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "examples" / "pytorch"))
from dcgan import Discriminator, Generator  # noqa: E402


class Critic(Discriminator):
    def __init__(self, channels):
        super().__init__(channels)
        self.bn = nn.Identity()


class Dense(nn.Module):
    def __init__(self, inputs, hidden, outputs, activation):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)
        self.activation = activation

    def forward(self, x):
        return self.fc3(self.activation(self.fc2(self.activation(self.fc1(x)))))


class ClassGenerator(Generator):
    def forward(self, z, label):
        return super().forward(torch.cat([z, F.one_hot(label, 10).float()], 1))


class ClassDiscriminator(Discriminator):
    def __init__(self, channels):
        super().__init__(channels)
        self.embed = nn.Embedding(10, channels * 49)

    def forward(self, x, label):
        h = F.leaky_relu(self.bn(self.conv2(F.leaky_relu(self.conv1(x), 0.2))), 0.2).flatten(1)
        return self.fc(h) + (h * self.embed(label)).sum(1, keepdim=True)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(c, c, 3, 1, 1), nn.Conv2d(c, c, 3, 1, 1)

    def forward(self, h):
        return h + F.instance_norm(self.conv2(torch.relu(F.instance_norm(self.conv1(h)))))


class Translator(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.down1, self.down2 = nn.Conv2d(3, c, 4, 2, 1), nn.Conv2d(c, 2 * c, 4, 2, 1)
        self.block1, self.block2 = Block(2 * c), Block(2 * c)
        self.up1, self.up2 = nn.ConvTranspose2d(2 * c, c, 4, 2, 1), nn.ConvTranspose2d(2 * c, c // 2, 4, 2, 1)
        self.last = nn.Conv2d(c // 2 + 3, 3, 3, 1, 1)

    def forward(self, x):
        half = F.leaky_relu(self.down1(x), 0.2)
        h = self.block2(self.block1(torch.relu(F.instance_norm(self.down2(half)))))
        h = torch.cat([torch.relu(F.instance_norm(self.up1(h))), half], 1)
        h = torch.cat([torch.relu(F.instance_norm(self.up2(h))), x], 1)
        return torch.tanh(self.last(h))


class PatchDiscriminator(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, c, 4, 2, 1), nn.Conv2d(c, 2 * c, 4, 2, 1), nn.Conv2d(2 * c, 1, 3, 1, 1)

    def forward(self, x):
        return self.conv3(F.leaky_relu(F.instance_norm(self.conv2(F.leaky_relu(self.conv1(x), 0.2))), 0.2))


def leaky(x):
    return F.leaky_relu(x, 0.2)


NETS = {
    "generator": lambda s: Generator(s["fc.weight"].shape[1], s["conv1.weight"].shape[0]),
    "discriminator": lambda s: Discriminator(s["conv2.bias"].shape[0]),
    "critic": lambda s: Critic(s["conv2.bias"].shape[0]),
    "points": lambda s: Dense(s["fc1.weight"].shape[1], s["fc1.weight"].shape[0], 2, torch.relu),
    "point-discriminator": lambda s: Dense(2, s["fc1.weight"].shape[0], 1, leaky),
    "class-generator": lambda s: ClassGenerator(s["fc.weight"].shape[1], s["conv1.weight"].shape[0]),
    "class-discriminator": lambda s: ClassDiscriminator(s["conv2.bias"].shape[0]),
    "translator": lambda s: Translator(s["down1.bias"].shape[0]),
    "patch-discriminator": lambda s: PatchDiscriminator(s["conv1.bias"].shape[0]),
}


def nets(*args):
    for i in range(0, len(args), 3):
        net(*args[i : i + 3])


def net(name, model, values):
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    v = load_file(values)
    file = onnx.load(model)
    onnx.checker.check_model(file, full_check=True)
    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in file.graph.initializer if "." in t.name}
    module = NETS[name](state)
    module.load_state_dict(state, strict=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    inputs = [v[f"x{i}"] for i in range(len(session.get_inputs()))]
    (ort,) = session.run(None, {i.name: x.numpy() for i, x in zip(session.get_inputs(), inputs)})
    with torch.no_grad():
        pt = module.eval()(*inputs).numpy()
    y = v["y"].numpy()
    print(f"pytorch {np.abs(pt - y).max():.3g} onnxruntime {np.abs(ort - y).max():.3g}")


def penalty(values):
    v = load_file(values)
    state = {k[6:]: t for k, t in v.items() if k.startswith("param.")}
    critic = NETS["critic"](state)
    critic.load_state_dict(state, strict=True)
    e = v["mix"].view(-1, 1, 1, 1)
    x = (e * v["real"] + (1 - e) * v["drawn"]).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    value = ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
    grads = torch.autograd.grad(value, critic.parameters(), allow_unused=True)
    print(f"penalty {((v['penalty'] - value) / value).abs().item():.3g}")
    greatest = max(g.abs().max() for g in grads if g is not None)
    for (name, p), g in zip(critic.named_parameters(), grads):
        g = torch.zeros_like(p) if g is None else g  # the last bias shifts all scores alike
        print(f"{name} {((v['grad.' + name] - g).abs().max() / greatest).item():.3g}")


{"nets": nets, "penalty": penalty}[sys.argv[1]](*sys.argv[2:])
