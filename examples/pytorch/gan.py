"""The networks of plugins/gan in PyTorch that dcgan.py does not have; see networks.py."""

import torch
from torch import nn
from torch.nn import functional as F

from dcgan import Discriminator, Generator


class Critic(Discriminator):
    """a discriminator without batch norm, of wgan-gp and of spectral norm"""

    def __init__(self, channels):
        super().__init__(channels)
        self.bn = nn.Identity()


class Dense(nn.Module):
    """on points of the plane"""

    def __init__(self, inputs, hidden, outputs, activation):
        super().__init__()
        self.fc1, self.fc2, self.fc3 = nn.Linear(inputs, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outputs)
        self.activation = activation

    def forward(self, x):
        return self.fc3(self.activation(self.fc2(self.activation(self.fc1(x)))))


class ClassGenerator(Generator):
    """noise [N,Z] and labels [N] to images"""

    def forward(self, z, label):
        return super().forward(torch.cat([z, F.one_hot(label, 10).float()], 1))


class ClassDiscriminator(Discriminator):
    """images and labels [N] to logits: a projection discriminator"""

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
    """images [N,3,32,32] of one domain to those of another"""

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
    """images [N,3,32,32] to logits of patches [N,1,8,8]"""

    def __init__(self, c):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, c, 4, 2, 1), nn.Conv2d(c, 2 * c, 4, 2, 1), nn.Conv2d(2 * c, 1, 3, 1, 1)

    def forward(self, x):
        return self.conv3(F.leaky_relu(F.instance_norm(self.conv2(F.leaky_relu(self.conv1(x), 0.2))), 0.2))


def module(model, state):
    """The network of a file, by the shapes of its weights."""
    _, recipe, *of = model.graph.name.split("-")
    judges = "discriminator" in of
    if recipe == "ring":
        hidden, inputs = state["fc1.weight"].shape
        return Dense(inputs, hidden, 1, lambda x: F.leaky_relu(x, 0.2)) if judges else Dense(inputs, hidden, 2, torch.relu)
    if recipe == "cyclegan":
        return PatchDiscriminator(state["conv1.bias"].shape[0]) if judges else Translator(state["down1.bias"].shape[0])
    if judges:
        kind = ClassDiscriminator if recipe == "conditional" else Discriminator if "bn.weight" in state else Critic
        return kind(state["conv2.bias"].shape[0])
    kind = ClassGenerator if recipe == "conditional" else Generator
    return kind(state["fc.weight"].shape[1], state["conv1.weight"].shape[0])
