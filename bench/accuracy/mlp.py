"""Trains the networks of lab's recipes mlp/classify and mlp/regress in PyTorch, with the
same data, sizes, optimisers and numbers of steps, so that what they reach can be compared:

    python3 bench/accuracy/mlp.py                 # all settings, 5 seeds each
    python3 bench/accuracy/mlp.py 10 "sgd"        # 10 seeds of the settings whose name has "sgd"

The beginnings are PyTorch's own random numbers, so single runs differ; means are to agree
within noise. Data are read from core/data/embedded."""

import gzip
import pathlib
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

EMBEDDED = pathlib.Path(__file__).parents[2] / "core/data/embedded"


def idx(path):
    raw = gzip.open(path).read()
    axes = raw[3]
    shape = np.frombuffer(raw, ">u4", axes, 4)
    return torch.from_numpy(np.frombuffer(raw, np.uint8, offset=4 + 4 * axes).reshape(tuple(shape)).copy())


def images(name, white):
    """Training and test images [n,pixels] in [0,1], and their labels."""
    files = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    X, Y, x, y = (idx(EMBEDDED / name / (f + "-ubyte.gz")) for f in files)
    return X.float().flatten(1) / white, Y.long(), x.float().flatten(1) / white, y.long()


def net(sizes, activation=nn.ReLU, norm=False):
    layers = []
    for i, (a, b) in enumerate(zip(sizes, sizes[1:])):
        layers.append(nn.Linear(a, b))
        if i < len(sizes) - 2:
            layers += [nn.BatchNorm1d(b)] * norm + [activation()]
    return nn.Sequential(*layers)


def accuracy(model, x, y):
    model.eval()
    with torch.no_grad():
        right = (model(x).argmax(1) == y).float().mean().item()
    model.train()
    return right


def train(seed, data, white, sizes, optimiser, epochs=5, batch=64, **how):
    X, Y, x, y = images(data, white)
    torch.manual_seed(seed)
    model = net(sizes, **how)
    step = optimiser(model.parameters())
    by_epoch = []
    for _ in range(epochs):
        order = torch.randperm(len(X))
        for i in range(0, len(X), batch):
            j = order[i : i + batch]
            loss = F.cross_entropy(model(X[j]), Y[j])
            step.zero_grad()
            loss.backward()
            step.step()
        by_epoch.append(accuracy(model, x, y))
    return by_epoch


def regress(seed, sizes=(10, 128, 1), epochs=60, batch=64, lr=1e-3, decay=0.05):
    """The root mean squared errors of the network and of least squares on diabetes, each the
    mean of five folds, which the seed draws."""
    table = torch.from_numpy(np.loadtxt(EMBEDDED / "diabetes/diabetes.csv", delimiter=",", skiprows=1, dtype=np.float32))
    torch.manual_seed(seed)
    errors = []
    for fold in torch.randperm(len(table)).tensor_split(5):
        kept = torch.ones(len(table), dtype=torch.bool)
        kept[fold] = False
        mean, std = table[kept].mean(0), table[kept].std(0, correction=0)
        rows, tests = (table[kept] - mean) / std, (table[fold] - mean) / std
        X, Y, x, y = rows[:, :-1], rows[:, -1], tests[:, :-1], tests[:, -1]
        model = net(sizes)
        step = ADAM(model.parameters(), lr, weight_decay=decay)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(step, epochs * -(-len(X) // batch))
        for _ in range(epochs):
            for j in torch.randperm(len(X)).split(batch):
                loss = F.mse_loss(model(X[j]).squeeze(1), Y[j])
                step.zero_grad()
                loss.backward()
                step.step()
                fall.step()
        with torch.no_grad():
            said = model(x).squeeze(1)
        line = torch.linalg.lstsq(torch.cat([X, torch.ones(len(X), 1)], 1), Y[:, None]).solution
        straight = (torch.cat([x, torch.ones(len(x), 1)], 1) @ line).squeeze(1)
        errors.append([((p - y) ** 2).mean().sqrt().item() * std[-1].item() for p in (said, straight)])
    return np.mean(errors, 0)


SGD, ADAM = torch.optim.SGD, torch.optim.Adam
FASHION = dict(data="fashion-mini", white=255)
SETTINGS = {  # lab run plugin=mlp val=0 normalize=none schedule=constant and …
    "": dict(FASHION, sizes=(784, 128, 10), optimiser=lambda p: ADAM(p, 1e-3)),
    "optimizer=sgd": dict(FASHION, sizes=(784, 128, 10), optimiser=lambda p: SGD(p, 0.1)),
    "optimizer=sgd momentum=0.9": dict(FASHION, sizes=(784, 128, 10), optimiser=lambda p: SGD(p, 0.01, momentum=0.9)),
    "optimizer=rmsprop": dict(FASHION, sizes=(784, 128, 10), optimiser=lambda p: torch.optim.RMSprop(p, 1e-3)),
    "batch_norm=true": dict(FASHION, sizes=(784, 128, 10), norm=True, optimiser=lambda p: ADAM(p, 1e-3)),
    "optimizer=sgd batch_norm=true": dict(FASHION, sizes=(784, 128, 10), norm=True, optimiser=lambda p: SGD(p, 0.1)),
    "data=digits epochs=30": dict(data="digits", white=16, sizes=(64, 128, 10), epochs=30, optimiser=lambda p: ADAM(p, 1e-3)),
}


def main():
    torch.set_num_threads(1)
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    only = sys.argv[2] if len(sys.argv) > 2 else ""
    for name, how in SETTINGS.items():
        if only not in name:
            continue
        begun = time.time()
        runs = np.array([train(seed, **how) for seed in range(seeds)])
        last = runs[:, -1]
        print(f"{name or 'defaults':32} {last.mean():.4f} ± {last.std(ddof=1):.4f} of {seeds} seeds, {(time.time() - begun) / seeds:.1f} s each;"
              f" by epoch {np.round(runs.mean(0), 3)[:10]}", flush=True)
    if only in "recipe=regress":
        runs = np.array([regress(seed) for seed in range(seeds)])
        for name, v in (("recipe=regress", runs[:, 0]), ("least squares", runs[:, 1]), ("difference", runs[:, 0] - runs[:, 1])):
            print(f"{name:32} {v.mean():.2f} ± {v.std(ddof=1):.2f} of {seeds} seeds", flush=True)


if __name__ == "__main__":
    main()
