"""Workloads that wait for lab's side: a transformer, a recurrent net, and learning
to learn."""

import torch
from torch import nn
from torch.nn import functional as F

import networks


class Block(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.out = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.fc1, self.fc2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in self.qkv(self.ln1(x)).split(C, 2))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, C)
        x = x + self.out(a)
        return x + self.fc2(F.gelu(self.fc1(self.ln2(x))))


class GPT(nn.Module):
    def __init__(self, vocabulary=96, d=128, heads=4, layers=4, T=64):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, d), nn.Embedding(T, d)
        self.blocks = nn.ModuleList(Block(d, heads) for _ in range(layers))
        self.ln, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)

    def forward(self, x):
        h = self.token(x) + self.position.weight[: x.shape[1]]
        for b in self.blocks:
            h = b(h)
        return self.head(self.ln(h))


def gpt(tuning):
    batch = {"x": torch.randint(0, 96, (16, 64)), "y": torch.randint(0, 96, (16, 64))}
    loss = lambda m, b: F.cross_entropy(m(b["x"]).flatten(0, 1), b["y"].flatten())
    return networks.trained(tuning, GPT(), batch, loss)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(28, 128, batch_first=True), nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][:, -1])


def lstm(tuning):
    return networks.trained(tuning, LSTM(), networks.classified(10, 64, 28, 28))


def maml(tuning):
    """MAML (Finn et al. 2017) on sines: one inner step a task, second order."""
    batch = {"x": torch.randn(16, 10, 1), "y": torch.randn(16, 10, 1), "x2": torch.randn(16, 10, 1), "y2": torch.randn(16, 10, 1)}

    def loss(m, b):
        params = dict(m.named_parameters())

        def error(p, x, y):
            return F.mse_loss(torch.func.functional_call(m, p, (x,)), y)

        def task(x, y, x2, y2):
            grads = torch.func.grad(error)(params, x, y)
            return error({k: p - 0.01 * grads[k] for k, p in params.items()}, x2, y2)

        return torch.func.vmap(task)(b["x"], b["y"], b["x2"], b["y2"]).mean()

    return networks.trained(tuning, networks.Dense(torch.relu, 1, 40, 40, 1), batch, loss)
