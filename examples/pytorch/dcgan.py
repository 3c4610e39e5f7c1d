"""Loads what `lab run plugin=gan` trained into PyTorch, and draws with it.

    lab export @1 -o generator.onnx
    python examples/pytorch/dcgan.py generator.onnx samples.png

The nets below are written as anyone would write them in PyTorch; the weights are
those of the ONNX file, by load_state_dict(strict=True).
"""

import argparse

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn


class Generator(nn.Module):
    """noise [N,64] to images [N,1,28,28] in [-1,1]"""

    def __init__(self, latent_dim=64, channels=64):
        super().__init__()
        self.fc = nn.Linear(latent_dim, channels * 7 * 7, bias=False)
        self.bn1 = nn.BatchNorm1d(channels * 7 * 7)
        self.conv1 = nn.ConvTranspose2d(channels, channels // 2, 4, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels // 2)
        self.conv2 = nn.ConvTranspose2d(channels // 2, 1, 4, stride=2, padding=1)

    def forward(self, z):
        h = torch.relu(self.bn1(self.fc(z)))
        h = h.view(h.shape[0], -1, 7, 7)
        h = torch.relu(self.bn2(self.conv1(h)))
        return torch.tanh(self.conv2(h))


class Discriminator(nn.Module):
    """images [N,1,28,28] to logits [N,1]"""

    def __init__(self, channels=64):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels // 2, 4, stride=2, padding=1)
        self.conv2 = nn.Conv2d(channels // 2, channels, 4, stride=2, padding=1)
        self.bn = nn.BatchNorm2d(channels)
        self.fc = nn.Linear(channels * 7 * 7, 1)

    def forward(self, x):
        h = nn.functional.leaky_relu(self.conv1(x), 0.2)
        h = nn.functional.leaky_relu(self.bn(self.conv2(h)), 0.2)
        return self.fc(h.flatten(1))


def load(path):
    """The net of an ONNX file, with its weights."""
    model = onnx.load(path)
    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}
    if "conv1.bias" in state:
        net = Discriminator(channels=state["conv2.bias"].shape[0])
    else:
        net = Generator(latent_dim=state["fc.weight"].shape[1], channels=state["conv1.weight"].shape[0])
    net.load_state_dict(state, strict=True)
    return net.eval()


def save_grid(images, path, columns=8):
    """Draws images [N,1,28,28] in [-1,1] as one PNG."""
    from PIL import Image

    rows = -(-len(images) // columns)
    grid = np.zeros((rows * 30 + 2, columns * 30 + 2), np.uint8)
    for i, img in enumerate(images[:, 0]):
        y, x = i // columns * 30 + 2, i % columns * 30 + 2
        grid[y : y + 28, x : x + 28] = np.clip((img + 1) * 127.5, 0, 255)
    Image.fromarray(grid).resize((2 * grid.shape[1], 2 * grid.shape[0]), Image.NEAREST).save(path)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("model", help="an ONNX file by lab export")
    p.add_argument("out", help="the picture to write, or FILE.npy for the values themselves")
    p.add_argument("--input", help="FILE.npy with the input; default: noise for 64 images")
    a = p.parse_args()
    net = load(a.model)
    if a.input:
        x = torch.from_numpy(np.load(a.input))
    else:
        x = torch.randn(64, net.fc.in_features, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        y = net(x).numpy()
    if a.out.endswith(".npy"):
        np.save(a.out, y)
    else:
        save_grid(y, a.out)


if __name__ == "__main__":
    main()
