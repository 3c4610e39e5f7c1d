"""A transformer, a recurrent net, and learning to learn."""

import torch
from torch import nn
from torch.nn import functional as F

import networks


class SelfAttention(nn.Module):
    """Causal, with the parameters of nn.MultiheadAttention, which is slower than this."""

    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.in_proj_weight, self.in_proj_bias = nn.Parameter(torch.empty(3 * d, d)), nn.Parameter(torch.zeros(3 * d))
        nn.init.xavier_uniform_(self.in_proj_weight)
        self.out_proj = nn.Linear(d, d)

    def forward(self, x):
        B, T, C = x.shape
        qkv = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        q, k, v = (t.view(B, T, self.heads, C // self.heads).transpose(1, 2) for t in qkv.split(C, 2))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out_proj(a.transpose(1, 2).reshape(B, T, C))


class Layer(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.self_attn = SelfAttention(d, heads)
        self.linear1, self.linear2 = nn.Linear(d, 4 * d), nn.Linear(4 * d, d)

    def forward(self, x):
        x = x + self.self_attn(self.norm1(x))
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self, layers, d, heads):
        super().__init__()
        self.layers, self.norm = nn.ModuleList(Layer(d, heads) for _ in range(layers)), nn.LayerNorm(d)

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


class GPT(nn.Module):
    def __init__(self, vocabulary=96, d=128, heads=4, layers=4, T=64):
        super().__init__()
        self.token, self.position = nn.Embedding(vocabulary, d), nn.Embedding(T, d)
        self.encoder, self.head = Encoder(layers, d, heads), nn.Linear(d, vocabulary, bias=False)

    def forward(self, x):
        return self.head(self.encoder(self.token(x) + self.position.weight[: x.shape[1]]))


def gpt(tuning):
    batch = {"x": torch.randint(0, 96, (16, 64)), "y": torch.randint(0, 96, (16, 64))}
    loss = lambda m, b: F.cross_entropy(m(b["x"]).flatten(0, 1), b["y"].flatten())
    return networks.trained(tuning, GPT(), batch, loss)


class LSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.fc = nn.LSTM(28, 128), nn.Linear(128, 10)

    def forward(self, x):
        return self.fc(self.lstm(x)[0][-1])


def lstm(tuning):
    batch = {"x": torch.randn(28, 64, 28), "y": torch.randint(0, 10, (64,))}
    return networks.trained(tuning, LSTM(), batch)


def maml(tuning):
    """MAML (Finn et al. 2017) on sines: one inner step a task, second order."""
    batch = {name: torch.randn(16, 10, 1) for name in ("x", "y", "x2", "y2")}

    def loss(m, b):
        theta = dict(m.named_parameters())

        def error(p, x, y):
            return F.mse_loss(torch.func.functional_call(m, p, (x,)), y)

        def task(x, y, x2, y2):
            d = torch.func.grad(error)(theta, x, y)
            return error({k: p - 0.01 * d[k] for k, p in theta.items()}, x2, y2)

        return torch.func.vmap(task)(b["x"], b["y"], b["x2"], b["y2"]).mean()

    return networks.trained(tuning, networks.Dense(torch.relu, 1, 40, 40, 1), batch, loss)
