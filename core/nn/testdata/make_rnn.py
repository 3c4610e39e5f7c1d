"""Makes recurrent.safetensors: what PyTorch's recurrent layers compute.

    python core/nn/testdata/make_rnn.py
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(0)
out = {}
T, B, I, H = 5, 3, 4, 6
for name, cls, kw in [
    ("lstm", nn.LSTM, {}),
    ("lstm2", nn.LSTM, dict(num_layers=2, bidirectional=True)),
    ("gru", nn.GRU, dict(bidirectional=True)),
    ("rnn", nn.RNN, dict(num_layers=2)),
    ("relu", nn.RNN, dict(nonlinearity="relu")),
]:
    net = cls(I, H, **kw)
    x = torch.randn(T, B, I, requires_grad=True)
    n = kw.get("num_layers", 1) * (2 if kw.get("bidirectional") else 1)
    h0 = torch.randn(n, B, H, requires_grad=True)
    c0 = torch.randn(n, B, H, requires_grad=True)
    y, s = net(x, (h0, c0) if cls is nn.LSTM else h0)
    h, c = s if cls is nn.LSTM else (s, s)
    dy, dh, dc = torch.randn_like(y), torch.randn_like(h), torch.randn_like(c)
    loss = (y * dy).sum() + (h * dh).sum() + ((c * dc).sum() if cls is nn.LSTM else 0)
    loss.backward()
    for k, v in dict(x=x, h0=h0, c0=c0, y=y, h=h, c=c, dy=dy, dh=dh, dc=dc, gx=x.grad, gh0=h0.grad).items():
        out[f"{name}/{k}"] = v.detach().clone().contiguous()
    for k, v in net.named_parameters():
        out[f"{name}/param/{k}"] = v.detach().clone().contiguous()
        out[f"{name}/grad/{k}"] = v.grad.clone().contiguous()
save_file(out, pathlib.Path(__file__).parent / "recurrent.safetensors")
