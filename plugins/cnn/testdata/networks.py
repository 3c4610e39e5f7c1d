"""Loads a model of lab into the same network in PyTorch and compares, and ONNX Runtime, too:

    python networks.py classify|resnet model.onnx values.safetensors
"""

import sys

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import numpy_helper
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class Classify(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 6, 3, padding=1)
        self.fc1, self.fc2 = nn.Linear(6 * 3 * 3, 8), nn.Linear(8, 5)

    def forward(self, x):
        for conv in (self.conv1, self.conv2):
            x = F.max_pool2d(F.relu(conv(x)), 2)
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


class Block(nn.Module):
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
    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False), nn.BatchNorm2d(4)
        self.layer1 = nn.Sequential(Block(4, 4, 1), Block(4, 4, 1))
        self.layer2 = nn.Sequential(Block(4, 8, 2), Block(8, 8, 1))
        self.fc = nn.Linear(8, 5)

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)
        return self.fc(self.layer2(self.layer1(h)).mean((2, 3)))


net = {"classify": Classify, "resnet": ResNet}[sys.argv[1]]()
model = onnx.load(sys.argv[2])
onnx.checker.check_model(model)
net.load_state_dict({t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}, strict=True)
values = load_file(sys.argv[3])
with torch.no_grad():
    torch_says = net.eval()(values["image"]).numpy()
runtime_says = onnxruntime.InferenceSession(sys.argv[2]).run(None, {"image": values["image"].numpy()})[0]
for says in (torch_says, runtime_says):
    np.testing.assert_allclose(says, values["logits"].numpy(), rtol=1e-4, atol=1e-4)
print("same")
