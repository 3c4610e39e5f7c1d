"""Compares lab's gradient penalty with PyTorch's (create_graph=True); started by the tests.

    python penalty.py VALUES.safetensors

VALUES holds a critic's weights param.NAME, a batch real, drawn and mix, lab's penalty and
its gradients grad.NAME; the largest difference of the penalty, as a share of it, and of
each gradient, as a share of the greatest value of all, are printed.
"""

import pathlib
import sys

import torch
from safetensors.torch import load_file

torch.set_num_threads(1)
sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "examples" / "pytorch"))
from gan import Critic  # noqa: E402

v = load_file(sys.argv[1])
state = {k[6:]: t for k, t in v.items() if k.startswith("param.")}
critic = Critic(state["conv2.bias"].shape[0])
critic.load_state_dict(state, strict=True)
e = v["mix"].view(-1, 1, 1, 1)
x = (e * v["real"] + (1 - e) * v["drawn"]).requires_grad_()
(slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
value = ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
grads = torch.autograd.grad(value, critic.parameters(), allow_unused=True)
print(f"penalty {((v['penalty'] - value) / value).abs().item():.3g}")
greatest = max(g.abs().max() for g in grads if g is not None)
for (name, p), g in zip(critic.named_parameters(), grads):
    g = torch.zeros_like(p) if g is None else g  # the last bias shifts all scores alike
    print(f"{name} {((v['grad.' + name] - g).abs().max() / greatest).item():.3g}")
