"""Trains the networks of lab's recipes cnn/classify and cnn/resnet in PyTorch, with the same
data, sizes, optimisers, schedules and numbers of steps, so that what they reach and how long
they take can be compared:

    python3 bench/accuracy/cnn.py mini                     # classify on fashion-mini, 5 seeds
    python3 bench/accuracy/cnn.py full --seeds 3           # classify on Fashion-MNIST, accuracy after epochs 1, 3, 5
    python3 bench/accuracy/cnn.py resnet-mini --seeds 3    # resnet on fashion-mini
    python3 bench/accuracy/cnn.py resnet --seeds 3         # resnet on Fashion-MNIST
    python3 bench/accuracy/cnn.py time --lab ./lab         # time to 88 %, side by side with lab

The beginnings are PyTorch's own random numbers, so single runs differ; means are to agree
within noise. All images train (lab: val=0), and test images are looked at after epochs.
--tuned takes channels-last images and the fused Adam. Data are read from
core/data/embedded and from LAB_DATA/fashion-mnist or where Debian's package
dataset-fashion-mnist puts them."""

import argparse
import gzip
import json
import math
import os
import pathlib
import subprocess
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

ROOT = pathlib.Path(__file__).parents[2]
FULL = [pathlib.Path(os.environ.get("LAB_DATA", "/nowhere")) / "fashion-mnist", pathlib.Path("/usr/share/datasets/fashion-mnist")]


def idx(path):
    raw = gzip.open(path).read()
    axes = raw[3]
    shape = np.frombuffer(raw, ">u4", axes, 4)
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(tuple(shape)).copy())


def images(name):
    """Training and test images [n,1,28,28], normalised by the training images, and labels."""
    folder = ROOT / "core/data/embedded/fashion-mini" if name == "fashion-mini" else next(f for f in FULL if f.exists())
    files = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    X, Y, x, y = (idx(folder / (f + "-ubyte.gz")) for f in files)
    X, x = X.float().unsqueeze(1) / 255, x.float().unsqueeze(1) / 255
    mean, std = X.mean(), X.std(unbiased=False)
    return (X - mean) / std, Y.long(), (x - mean) / std, y.long(), -mean / std


def classify():
    return nn.Sequential(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
                         nn.Flatten(), nn.Linear(32 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10))


class Block(nn.Module):
    def __init__(self, a, b, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(a, b, 3, stride, 1, bias=False), nn.BatchNorm2d(b)
        self.conv2, self.bn2 = nn.Conv2d(b, b, 3, 1, 1, bias=False), nn.BatchNorm2d(b)
        self.downsample = nn.Sequential() if a == b and stride == 1 else nn.Sequential(nn.Conv2d(a, b, 1, stride, bias=False), nn.BatchNorm2d(b))

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(h)) + self.downsample(x))


class ResNet(nn.Module):
    def __init__(self, channels=(32, 64, 128)):
        super().__init__()
        c = channels[0]
        self.conv1, self.bn1 = nn.Conv2d(1, c, 3, 1, 1, bias=False), nn.BatchNorm2d(c)
        self.blocks = nn.Sequential(*(Block(a, b, 1 + (i > 0)) for i, (a, b) in enumerate(zip((c,) + channels, channels))))
        self.fc = nn.Linear(channels[-1], 10)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x):
        return self.fc(self.blocks(F.max_pool2d(F.relu(self.bn1(self.conv1(x))), 2)).mean((2, 3)))


def augmented(x, black, shift=1):
    """Shifted by up to so many pixels and mirrored, each image by its own numbers."""
    n, _, h, w = x.shape
    x = torch.where((torch.rand(n) < 0.5).view(n, 1, 1, 1), x.flip(3), x)
    x = F.pad(x, (shift,) * 4, value=float(black))
    rows = torch.randint(0, 2 * shift + 1, (n, 1)) + torch.arange(h)
    columns = torch.randint(0, 2 * shift + 1, (n, 1)) + torch.arange(w)
    return x[torch.arange(n).view(n, 1, 1, 1), torch.zeros(1, 1, 1, 1, dtype=torch.long), rows.view(n, 1, h, 1), columns.view(n, 1, 1, w)]


def cosine(lr, steps, rise=0):
    return lambda i: lr * i / rise if i < rise else lr * (1 + math.cos(math.pi * (i - rise) / (steps - rise))) / 2


def accuracy(net, x, y):
    net.eval()
    with torch.no_grad():
        right = sum((net(a).argmax(1) == b).sum().item() for a, b in zip(x.split(200), y.split(200))) / len(y)
    net.train()
    return right


def train(data, net, optimiser, schedule, epochs, batch, augment=False, tuned=False, enough=None):
    """Test accuracy after each epoch, and the seconds that all took."""
    X, Y, x, y, black = data
    if tuned:
        net = net.to(memory_format=torch.channels_last)
        X, x = X.contiguous(memory_format=torch.channels_last), x.contiguous(memory_format=torch.channels_last)
    steps = epochs * math.ceil(len(X) / batch)
    lr = schedule(steps)
    begin, by_epoch, i = time.time(), [], 0
    for _ in range(epochs):
        for at in torch.randperm(len(X)).split(batch):
            for g in optimiser.param_groups:
                g["lr"] = lr(i)
            a = X[at]
            loss = F.cross_entropy(net(augmented(a, black) if augment else a), Y[at])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            i += 1
        by_epoch.append(accuracy(net, x, y))
        if enough and by_epoch[-1] >= enough:
            break
    return by_epoch, time.time() - begin


def sgd(net):
    matrices = [p for p in net.parameters() if p.dim() > 1]
    vectors = [p for p in net.parameters() if p.dim() <= 1]
    return torch.optim.SGD([{"params": matrices, "weight_decay": 5e-4}, {"params": vectors}], lr=0, momentum=0.9, nesterov=True)


RESNET = dict(net=ResNet, epochs=12, batch=64, schedule=lambda n: cosine(0.05, n, n // 13), augment=True)
SETTINGS = {  # lab run plugin=cnn val=0 and: nothing; data=fashion-mnist lr=1e-3 batch_size=64 schedule=constant; recipe=resnet, without and with data=fashion-mnist
    "mini": dict(data="fashion-mini", net=classify, lr=3e-3, batch=32, epochs=5, schedule=lambda n: cosine(3e-3, n)),
    "full": dict(data="fashion-mnist", net=classify, lr=1e-3, batch=64, epochs=5, schedule=lambda n: lambda i: 1e-3),
    "resnet-mini": dict(RESNET, data="fashion-mini"),
    "resnet": dict(RESNET, data="fashion-mnist"),
}


def run(name, seed, tuned, data, **more):
    s = SETTINGS[name]
    torch.manual_seed(seed)
    net = s["net"]()
    o = sgd(net) if s["net"] is ResNet else torch.optim.Adam(net.parameters(), fused=tuned or None)
    return train(data, net, o, s["schedule"], s["epochs"], s["batch"], s.get("augment", False), tuned, **more)


def lab(path, home, threads):
    """Seconds that lab takes to 88 %, its start, its data and its pictures included."""
    for epochs in (1, 2, 3):
        begin = time.time()
        out = subprocess.run([path, "--home", home, "--json", "run", "--threads", str(threads), "-q", "plugin=cnn", "data=fashion-mnist", "val=0",
                              "schedule=constant", "lr=1e-3", "batch_size=64", f"epochs={epochs}"], stdout=subprocess.PIPE, check=True).stdout
        seconds = time.time() - begin
        right = next(m["last"] for m in json.loads(out)["metrics"] if m["name"] == "test_accuracy")
        if right >= 0.88:
            return seconds, right, epochs
    raise SystemExit("lab does not reach 88 %")


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("what", choices=[*SETTINGS, "time"])
    a.add_argument("--seeds", type=int, default=5)
    a.add_argument("--threads", type=int, default=2)
    a.add_argument("--tuned", action="store_true")
    a.add_argument("--lab", default="lab")
    a.add_argument("--home", default=".lab")
    a = a.parse_args()
    torch.set_num_threads(a.threads)
    torch.set_flush_denormal(True)
    if a.what == "time":
        data = images("fashion-mnist")
        seconds, right, epochs = lab(a.lab, a.home, a.threads)
        print(f"lab      {right:.4f} after {epochs} epochs  {seconds:6.1f} s", flush=True)
        for tuned in (False, True):
            by_epoch, s = run("full", 0, tuned, data, enough=0.88)
            print(f"{'tuned' if tuned else 'eager':8} {by_epoch[-1]:.4f} after {len(by_epoch)} epochs  {s:6.1f} s, {s / seconds:.2f} times lab's", flush=True)
        return
    data, last = images(SETTINGS[a.what]["data"]), []
    for seed in range(a.seeds):
        by_epoch, seconds = run(a.what, seed, a.tuned, data)
        last.append(by_epoch[-1])
        print(f"seed {seed}: " + " ".join(f"{v:.4f}" for v in by_epoch) + f"  {seconds:.0f} s", flush=True)
    print(f"mean {np.mean(last):.4f} ± {np.std(last, ddof=1 if len(last) > 1 else 0):.4f}")


if __name__ == "__main__":
    main()
