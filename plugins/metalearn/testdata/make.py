"""What PyTorch computes of the same weights and tasks: losses, meta-gradients of MAML
(create_graph=True) and of FOMAML. python make.py regressor|classifier SEED FILE"""

import pathlib
import sys

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

sys.path.insert(0, str(pathlib.Path(__file__).parents[3] / "examples" / "pytorch"))
from networks import MLP, Classifier  # noqa: E402

kind, seed, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(seed)


if kind == "regressor":
    tasks, alpha, steps, net, criterion = 5, 0.01, 1, MLP([1, 40, 40, 1], torch.relu), F.mse_loss
    points = lambda n: torch.rand(tasks, n, 1) * 10 - 5
    x, qx = points(10), points(10)
    a, b = torch.rand(tasks, 1, 1) * 4.9 + 0.1, torch.rand(tasks, 1, 1) * torch.pi
    y, qy = a * torch.sin(x - b), a * torch.sin(qx - b)
else:
    tasks, alpha, steps, net, criterion = 2, 0.4, 2, Classifier(8, 3), F.cross_entropy
    x, qx = torch.rand(tasks, 3, 1, 28, 28), torch.rand(tasks, 6, 1, 28, 28)
    y, qy = torch.tensor([[0, 1, 2]] * tasks), torch.tensor([[0, 0, 1, 1, 2, 2]] * tasks)

out = {"param." + n: p.detach().clone() for n, p in net.state_dict().items()}
out |= {"x": x, "y": y, "query_x": qx, "query_y": qy}
net = net.double()  # the reference is exact to float32
theta = dict(net.named_parameters())
cast = lambda t: t.double() if t.is_floating_point() else t


def error(weights, x, y):
    return criterion(torch.func.functional_call(net, weights, (cast(x),)), cast(y))


for name, second in (("maml", True), ("fomaml", False)):
    total, gradient = 0, [0] * len(theta)
    for t in range(tasks):
        phi = theta
        for _ in range(steps):
            g = torch.autograd.grad(error(phi, x[t], y[t]), phi.values(), create_graph=second)
            phi = {n: w - alpha * d for (n, w), d in zip(phi.items(), g)}
        loss = error(phi, qx[t], qy[t])
        total = total + loss.detach() / tasks
        at = torch.autograd.grad(loss, (theta if second else phi).values())
        gradient = [s + d / tasks for s, d in zip(gradient, at)]
    out["loss"] = total
    out |= {f"{name}.{n}": d for n, d in zip(theta, gradient)}

save_file({k: t.detach().float().contiguous() for k, t in out.items()}, path)
