"""Writes torch.json: what PyTorch's optimisers, schedules and clipping compute, for optim's tests.

    python core/optim/testdata/make.py

In float64 from float32 data, so that the numbers are the definitions', without rounding of their own. torch.optim has
no Lion and no LAMB: theirs are the papers' algorithms, written out below.
"""
import copy
import json
import pathlib

import torch
from torch.optim import lr_scheduler as S
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

STEPS = 10
SHAPES = {"weight": (3, 5), "bias": (7,), "conv.weight": (2, 3, 4), "gain": (1,)}
torch.manual_seed(1)


def draw(scale):
    return [(torch.randn(s) * scale * k).double() for s, k in zip(SHAPES.values(), (1, 0.1, 3, 1))]


start, grads = draw(1), [draw(0.5) for _ in range(STEPS)]


class Lion(torch.optim.Optimizer):  # Chen et al. 2023, algorithm 2
    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))

    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                u = (b1 * m + (1 - b1) * p.grad).sign()
                p.data -= group["lr"] * (u + group["weight_decay"] * p)
                m.copy_(b2 * m + (1 - b2) * p.grad)


class LAMB(torch.optim.Optimizer):  # You et al. 2020, algorithm 2
    def __init__(self, params, lr, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay, adapt=True))

    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                state = self.state[p]
                m = state.setdefault("exp_avg", torch.zeros_like(p))
                v = state.setdefault("exp_avg_sq", torch.zeros_like(p))
                state["step"] = t = state.get("step", 0) + 1
                m.copy_(b1 * m + (1 - b1) * p.grad)
                v.copy_(b2 * v + (1 - b2) * p.grad**2)
                u = (m / (1 - b1**t)) / ((v / (1 - b2**t)).sqrt() + group["eps"]) + group["weight_decay"] * p.data
                p.data -= group["lr"] * (p.data.norm() / u.norm() if group["adapt"] else 1) * u


def matrices(params, **others):
    """Two groups: matrices with the optimiser's settings, the rest with others."""
    return [{"params": [p for p in params if p.dim() >= 2]}, {"params": [p for p in params if p.dim() < 2], **others}]


O = torch.optim
CASES = {
    "sgd": lambda ps: O.SGD(ps, lr=0.1),
    "sgd decay": lambda ps: O.SGD(ps, lr=0.1, weight_decay=0.05),
    "sgd momentum": lambda ps: O.SGD(ps, lr=0.1, momentum=0.9),
    "sgd momentum dampening decay": lambda ps: O.SGD(ps, lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.05),
    "sgd nesterov": lambda ps: O.SGD(ps, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05),
    "sgd matrices": lambda ps: O.SGD(matrices(ps, weight_decay=0, lr=0.01), lr=0.1, momentum=0.9, weight_decay=0.05),
    "sgd schedule": lambda ps: O.SGD(ps, lr=0.1, momentum=0.9),
    "rmsprop": lambda ps: O.RMSprop(ps),
    "rmsprop decay": lambda ps: O.RMSprop(ps, lr=1e-3, alpha=0.9, eps=1e-3, weight_decay=0.05),
    "rmsprop momentum": lambda ps: O.RMSprop(ps, lr=1e-3, momentum=0.9),
    "rmsprop centered": lambda ps: O.RMSprop(ps, lr=1e-3, centered=True),
    "rmsprop all": lambda ps: O.RMSprop(ps, lr=1e-3, alpha=0.95, centered=True, momentum=0.5, weight_decay=0.05),
    "adam": lambda ps: O.Adam(ps, lr=0.1),
    "adam decay": lambda ps: O.Adam(ps, lr=0.1, betas=(0.5, 0.9), eps=0.1, weight_decay=0.05),
    "adam schedule": lambda ps: O.Adam(ps, lr=0.1),
    "adamw": lambda ps: O.AdamW(ps, lr=0.1),
    "adamw matrices": lambda ps: O.AdamW(matrices(ps, weight_decay=0, lr=0.01), lr=0.1, weight_decay=0.1),
    "lion": lambda ps: Lion(ps, lr=0.01),
    "lion decay": lambda ps: Lion(matrices(ps, weight_decay=0), lr=0.01, betas=(0.95, 0.98), weight_decay=0.5),
    "lamb": lambda ps: LAMB(ps, lr=0.1),
    "lamb matrices": lambda ps: LAMB(matrices(ps, weight_decay=0, adapt=False), lr=0.1, weight_decay=0.1),
}


def numbers(tensors):
    return [float(f"{x:.10g}") for t in tensors for x in t.flatten().tolist()]


def trajectory(make, schedule, dtype=torch.float64):
    """The parameters after each step and the state after the last."""
    params = [torch.nn.Parameter(p.to(dtype, copy=True)) for p in start]
    optimizer = make(params)
    s = S.CosineAnnealingLR(optimizer, STEPS) if schedule else None
    after = []
    for gs in grads:
        for p, g in zip(params, gs):
            p.grad = g.to(dtype, copy=True)
        optimizer.step()
        if s:
            s.step()
        after.append([p.detach().clone() for p in params])
    names = [n for n in optimizer.state[params[0]] if n != "step"]
    return after, {n: numbers(optimizer.state[p][n] for p in params) for n in names if optimizer.state[params[0]][n] is not None}


def case(name, make):
    after, state = trajectory(make, "schedule" in name)
    return {"first": numbers(after[0]), "last": numbers(after[-1]), "state": state}


def schedule(make, steps):
    """The learning rate and momentum at each step."""
    optimizer = O.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    s = make(optimizer)
    rates = []
    for i in range(steps):
        group = optimizer.param_groups[0]
        rates.append([group["lr"], group["momentum"]])
        optimizer.step()
        if i < steps - 1:
            s.step()
    return {"lr": [r[0] for r in rates], "momentum": [r[1] for r in rates]}


SCHEDULES = {
    "step": (lambda o: S.StepLR(o, 3, gamma=0.5), 12),
    "cosine": (lambda o: S.CosineAnnealingLR(o, 20, eta_min=0.01), 21),
    "linear": (lambda o: S.LinearLR(o, 1, 0, total_iters=20), 25),
    "warmup": (lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, total_iters=5), S.CosineAnnealingLR(o, 15)], [5]), 21),
    "onecycle": (lambda o: S.OneCycleLR(o, 0.3, total_steps=20), 20),
    "onecycle linear": (lambda o: S.OneCycleLR(o, 0.3, total_steps=23, pct_start=0.4, anneal_strategy="linear", div_factor=10,
                                               final_div_factor=100, base_momentum=0.8, max_momentum=0.9), 23),
    "onecycle three": (lambda o: S.OneCycleLR(o, 0.3, total_steps=21, three_phase=True), 21),
}


def clip(kind, limit, scale=1):
    params = [torch.nn.Parameter(p.clone()) for p in start]
    for p, g in zip(params, grads[0]):
        p.grad = g * scale
    clipper = {"norm": torch.nn.utils.clip_grad_norm_, "value": torch.nn.utils.clip_grad_value_}[kind]
    norm = clipper(params, limit)
    return {"kind": kind, "limit": limit, "scale": scale, "norm": 0 if norm is None else norm.item(), "grads": numbers(p.grad for p in params)}


def average(decay):
    module = torch.nn.ParameterList([torch.nn.Parameter(p.clone()) for p in start])
    averaged = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(decay))
    after, _ = trajectory(CASES["sgd"], False)
    for values in after:
        for p, x in zip(module, values):
            p.data.copy_(x)
        averaged.update_parameters(module)
    return {"decay": decay, "average": numbers(averaged.module.parameters())}


out = {
    "torch": torch.__version__.split("+")[0],
    "names": list(SHAPES),
    "shapes": [list(s) for s in SHAPES.values()],
    "start": numbers(start),
    "grads": [numbers(g) for g in grads],
    "optimisers": {n: case(n, make) for n, make in CASES.items()},
    "schedules": {n: schedule(*s) for n, s in SCHEDULES.items()},
    "clips": [clip("norm", 0.5), clip("norm", 1e4), clip("norm", 1e-4, scale=1e-4), clip("value", 0.2)],
    "ema": average(0.9),
}
text = json.dumps(out)
for key in list(out) + list(CASES) + list(SCHEDULES):  # a line each
    text = text.replace(f'"{key}": ', f'\n"{key}": ')
pathlib.Path(__file__).with_name("torch.json").write_text(text + "\n")

# How far PyTorch's own float32 is from this, in the measure of the tests.
for name, make in CASES.items():
    exact, single = (trajectory(make, "schedule" in name, d)[0][-1] for d in (torch.float64, torch.float32))
    s, e = torch.cat([p.flatten() for p in single]), torch.cat([p.flatten() for p in exact])
    error = ((s - e).abs() / e.abs().clamp(min=e.square().mean().sqrt())).max()
    print(f"{name:30} {error:.1e}")
