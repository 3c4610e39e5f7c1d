"""The networks of lab's recipes as PyTorch modules, with the weights of a model file:

    net = networks.load(onnx.load("model.onnx"))

The modules are written as anyone would write them in PyTorch; the weights are the
initialisers of the file, by load_state_dict(strict=True). The larger ones have files of
their own: dcgan.py, gan.py, transformer.py.
"""

import torch
from onnx import helper, numpy_helper
from torch import nn
from torch.nn import functional as F

import gan
import transformer

ACTIVATIONS = {"Relu": nn.ReLU, "Tanh": nn.Tanh, "Sigmoid": nn.Sigmoid, "Gelu": nn.GELU}


class MLP(nn.Module):
    """fc1, bn1, activation, fc2, ... of plugins/mlp, and without norms of plugins/metalearn"""

    def __init__(self, sizes, activation, norm=False):
        super().__init__()
        self.fc = [f"fc{i + 1}" for i in range(len(sizes) - 1)]
        for i, name in enumerate(self.fc):
            self.add_module(name, nn.Linear(sizes[i], sizes[i + 1]))
            if norm and i + 1 < len(self.fc):
                self.add_module(name.replace("fc", "bn"), nn.BatchNorm1d(sizes[i + 1]))
        self.activation = activation

    def forward(self, x):
        for name in self.fc[:-1]:
            x = self.get_submodule(name)(x)
            norm = name.replace("fc", "bn")
            x = self.activation(self.get_submodule(norm)(x) if hasattr(self, norm) else x)
        return self.get_submodule(self.fc[-1])(x)


class ConvNet(nn.Module):
    """conv1, pool, conv2, pool, ... fc1, fc2 of plugins/cnn; pool takes [N,C,H,W]"""

    def __init__(self, convs, pool, features, hidden, classes):
        super().__init__()
        self.convs = len(convs)
        for i, conv in enumerate(convs):
            self.add_module(f"conv{i + 1}", conv)
        self.pool = pool
        self.fc1, self.fc2 = nn.Linear(features, hidden), nn.Linear(hidden, classes)

    def forward(self, x):
        for i in range(self.convs):
            x = self.pool(F.relu(self.get_submodule(f"conv{i + 1}")(x)))
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Block(nn.Module):
    """torchvision's BasicBlock"""

    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        if a != b or stride != 1:
            self.downsample = nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        h = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(h + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    """layer1, layer2, ... of blocks; from the second on the first block halves the image"""

    def __init__(self, inputs, channels, blocks, pool, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, channels[0], 3, 1, 1, bias=False), nn.BatchNorm2d(channels[0])
        self.pool, self.layers = pool, len(channels)
        before = channels[0]
        for i, c in enumerate(channels):
            self.add_module(f"layer{i + 1}", nn.Sequential(*(Block(c if k else before, c, 2 if i and not k else 1) for k in range(blocks))))
            before = c
        self.fc = nn.Linear(before, classes)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.max_pool2d(h, 2) if self.pool else h
        for i in range(self.layers):
            h = self.get_submodule(f"layer{i + 1}")(h)
        return self.fc(h.mean((2, 3)))


class Embedding(nn.Module):
    """four convolutions of stride 2 of plugins/metalearn, normed by the batch at hand"""

    def __init__(self, channels):
        super().__init__()
        for i in range(1, 5):
            setattr(self, f"conv{i}", nn.Conv2d(1 if i == 1 else channels, channels, 3, 2, 1, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(channels, track_running_stats=False))

    def forward(self, x):
        for i in range(1, 5):
            x = torch.relu(getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(x)))
        return x.flatten(1)


class Classifier(Embedding):
    def __init__(self, channels, ways):
        super().__init__(channels)
        self.fc = nn.Linear(channels * 4, ways)

    def forward(self, x):
        return self.fc(super().forward(x))


class Agent(nn.Module):
    """a policy, critic or values of actions of plugins/rl, named as CleanRL names them"""

    def __init__(self, name, sizes, activation, bound=None):
        super().__init__()
        layers = []
        for a, b in zip(sizes, sizes[1:]):
            layers += [nn.Linear(a, b), activation]
        self.add_module(name, nn.Sequential(*layers[:-1]))
        self.name, self.bound = name, bound
        if bound is not None:  # a policy with continuous actions
            self.actor_logstd = nn.Parameter(torch.zeros(sizes[-1]))

    def forward(self, x):
        y = self.get_submodule(self.name)(x)
        return y if self.bound is None else y.clamp(-self.bound, self.bound)


class Table(nn.Module):
    """values of actions in states that are one-hot"""

    def __init__(self, states, actions):
        super().__init__()
        self.q = nn.Linear(states, actions, bias=False)

    def forward(self, x):
        return self.q(x)


def weights(model):
    """The state_dict of a file."""
    return {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}


def attribute(node, name, otherwise=None):
    return next((helper.get_attribute_value(a) for a in node.attribute if a.name == name), otherwise)


def nodes(model, *kinds):
    return [n for n in model.graph.node if n.op_type in kinds]


def widths(state, names):
    """Of linear layers, one after another: inputs, hidden ..., outputs."""
    return [state[names[0]].shape[1]] + [state[n].shape[0] for n in names]


def mlp(model, state):
    names = sorted((n for n in state if n.startswith("fc") and n.endswith("weight")), key=lambda n: int(n[2:-7]))
    # GELU has no operator of its own before opset 20
    op = next((n.op_type for n in model.graph.node if n.op_type in ACTIVATIONS), "Gelu" if nodes(model, "Erf") else None)
    return MLP(widths(state, names), ACTIVATIONS[op]() if op else nn.LeakyReLU() if nodes(model, "LeakyRelu") else nn.Identity(), "bn1.weight" in state)


def convnet(model, state):
    convs = []
    for n in nodes(model, "Conv"):
        w = state[n.input[1]]
        convs.append(nn.Conv2d(w.shape[1], w.shape[0], w.shape[2], attribute(n, "strides", [1])[0], attribute(n, "pads", [0])[0]))
    pools = nodes(model, "MaxPool", "AveragePool")
    size = attribute(pools[0], "kernel_shape")[0] if pools else 1
    pool = (nn.MaxPool2d if pools and pools[0].op_type == "MaxPool" else nn.AvgPool2d)(size)
    hidden, features = state["fc1.weight"].shape
    return ConvNet(convs, pool, features, hidden, state["fc2.weight"].shape[0])


def resnet(model, state):
    layers = max(int(n[5]) for n in state if n.startswith("layer"))
    blocks = len([n for n in state if n.startswith("layer1.") and n.endswith("conv1.weight")])
    channels = [state[f"layer{i + 1}.0.conv1.weight"].shape[0] for i in range(layers)]
    return ResNet(state["conv1.weight"].shape[1], channels, blocks, bool(nodes(model, "MaxPool")), state["fc.weight"].shape[0])


def learner(model, state):
    if "conv1.weight" not in state:
        return mlp(model, state)
    channels = state["conv1.weight"].shape[0]
    return Classifier(channels, state["fc.weight"].shape[0]) if "fc.weight" in state else Embedding(channels)


def agent(model, state):
    names = [n for n in state if n.endswith("weight")]
    if names == ["q.weight"]:
        return Table(state["q.weight"].shape[1], state["q.weight"].shape[0])
    bound = None
    if "actor_logstd" in state:  # the greatest of the constants that actions are cut to
        bound = max(float(numpy_helper.to_array(attribute(n, "value"))) for n in nodes(model, "Constant"))
    name = names[0].split(".")[0]
    return Agent(name, widths(state, names), nn.ReLU() if name == "q" else nn.Tanh(), bound)


# by the names of files, or what they begin with
MODULES = {
    "mlp-": mlp,
    "cnn-classify": convnet,
    "cnn-resnet": resnet,
    "gan-": gan.module,
    "metalearn-maml-model": learner,
    "metalearn-fomaml-model": learner,
    "metalearn-reptile-model": learner,
    "metalearn-protonet-model": learner,
    "rl-": agent,
    "transformer-lm": transformer.module,
    "transformer-bert": transformer.module,
    "transformer-seq2seq": transformer.module,
}


def load(model):
    """The network of a file with its weights, ready to compute, or None if it is none of
    these."""
    of = model.graph.name
    make = next((m for name, m in MODULES.items() if of == name or name.endswith("-") and of.startswith(name)), None)
    if make is None:
        return None
    state = weights(model)
    net = make(model, state)
    net.load_state_dict(state, strict=True)
    # PyTorch's shortcuts for inference change the last bits of its transformer layers
    return net.train() if of.startswith("transformer") else net.eval()
