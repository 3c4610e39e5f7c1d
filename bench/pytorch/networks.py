"""The networks of bench/workload, by the same names, with the same parameter names."""

import torch
from torch import nn
from torch.nn import functional as F

import sequence


class Missing(Exception):
    """There is no such workload here."""


class Tuning:
    """How a network is run: eager, tuned or compile; see serve.py."""

    def __init__(self, mode):
        self.fused = mode != "eager"
        self.channels_last = mode != "eager"
        self.compiled = mode == "compile"

    def module(self, m):
        return m.to(memory_format=torch.channels_last) if self.channels_last else m

    def images(self, x):
        return x.contiguous(memory_format=torch.channels_last) if self.channels_last and x.dim() == 4 else x

    def adam(self, parameters, lr, **kw):
        return torch.optim.Adam(parameters, lr=lr, fused=self.fused or None, **kw)

    def function(self, f):
        return torch.compile(f) if self.compiled else f


class Work:
    """A workload that is ready to run: modules by prefix of their names, and a step
    that returns its losses as tensors."""

    def __init__(self, tuning, modules, batch, step):
        self.tuning, self.modules, self.batch, self.step = tuning, modules, batch, step
        self.parameters = sum(p.numel() for m in modules.values() for p in m.parameters())

    def load(self, path):
        from safetensors.torch import load_file

        state = load_file(path)
        for name in self.batch:
            self.batch[name] = self.tuning.images(state.pop("batch." + name))
        for prefix, m in self.modules.items():
            own = {k[len(prefix):]: v for k, v in state.items() if k.startswith(prefix)}
            missing, extra = m.load_state_dict(own, strict=False)
            if extra or any(not k.endswith("num_batches_tracked") for k in missing):
                raise ValueError(f"weights do not fit: missing {missing}, unexpected {extra}")


def trained(tuning, module, batch, loss=None, lr=1e-3):
    """One module that Adam trains; loss(module, batch) is cross-entropy unless given."""
    module = tuning.module(module)
    adam = tuning.adam(module.parameters(), lr)
    batch = {k: tuning.images(v) for k, v in batch.items()}
    forward = tuning.function(loss or (lambda m, b: F.cross_entropy(m(b["x"]), b["y"])))

    def step():
        adam.zero_grad(set_to_none=True)
        value = forward(module, batch)
        value.backward()
        adam.step()
        return (value.detach(),)

    return Work(tuning, {"": module}, batch, step)


def classified(classes, *shape):
    return {"x": torch.randn(*shape), "y": torch.randint(0, classes, (shape[0],))}


class Dense(nn.Module):
    def __init__(self, activation, *sizes):
        super().__init__()
        self.activation, self.depth = activation, len(sizes) - 1
        for i in range(self.depth):
            setattr(self, f"fc{i + 1}", nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, h):
        for i in range(self.depth):
            h = getattr(self, f"fc{i + 1}")(self.activation(h) if i else h)
        return h


def mlp(tuning):
    return trained(tuning, Dense(torch.relu, 784, 512, 256, 10), classified(10, 64, 784))


def policy_train(tuning):
    return trained(tuning, Dense(torch.tanh, 4, 64, 64, 2), classified(2, 32, 4))


def policy_forward(tuning):
    module, batch = Dense(torch.tanh, 4, 64, 64, 2), {"x": torch.randn(1, 4)}
    forward = tuning.function(module)

    @torch.inference_mode()
    def step():
        return forward(batch["x"])[0]

    return Work(tuning, {"": module}, batch, step)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 32, 3), nn.Conv2d(32, 64, 3)
        self.fc1, self.fc2 = nn.Linear(64 * 12 * 12, 128), nn.Linear(128, 10)

    def forward(self, x):
        h = torch.relu(self.conv2(torch.relu(self.conv1(x))))
        h = F.max_pool2d(h, 2).flatten(1)
        return self.fc2(torch.relu(self.fc1(h)))


def cnn(tuning):
    return trained(tuning, CNN(), classified(10, 64, 1, 28, 28))


class ConvNorm(nn.Module):
    def __init__(self, inputs, outputs, kernel, stride):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x):
        return self.bn(self.conv(x))


class Residual(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first, self.second = ConvNorm(inputs, outputs, 3, stride), ConvNorm(outputs, outputs, 3, 1)
        self.shortcut = ConvNorm(inputs, outputs, 1, stride) if inputs != outputs or stride != 1 else nn.Identity()

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.shortcut(x))


class ResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvNorm(3, 16, 3, 1)
        self.block1, self.block2, self.block3 = Residual(16, 16, 1), Residual(16, 32, 2), Residual(32, 64, 2)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        h = self.block3(self.block2(self.block1(torch.relu(self.stem(x)))))
        return self.fc(h.mean((2, 3)))


def resnet(tuning):
    return trained(tuning, ResNet(), classified(10, 32, 3, 32, 32))


class Generator(nn.Module):
    def __init__(self, latent=64, c=64):
        super().__init__()
        self.channels = c
        self.fc, self.bn1 = nn.Linear(latent, c * 49, bias=False), nn.BatchNorm1d(c * 49)
        self.conv1, self.bn2 = nn.ConvTranspose2d(c, c // 2, 4, 2, 1, bias=False), nn.BatchNorm2d(c // 2)
        self.conv2 = nn.ConvTranspose2d(c // 2, 1, 4, 2, 1)

    def forward(self, z):
        h = torch.relu(self.bn1(self.fc(z))).view(-1, self.channels, 7, 7)
        return torch.tanh(self.conv2(torch.relu(self.bn2(self.conv1(h)))))


class Discriminator(nn.Module):
    def __init__(self, c=64):
        super().__init__()
        self.conv1, self.conv2, self.bn = nn.Conv2d(1, c // 2, 4, 2, 1), nn.Conv2d(c // 2, c, 4, 2, 1), nn.BatchNorm2d(c)
        self.fc = nn.Linear(c * 49, 1)

    def forward(self, x):
        h = F.leaky_relu(self.bn(self.conv2(F.leaky_relu(self.conv1(x), 0.2))), 0.2)
        return self.fc(h.flatten(1))


def dcgan(tuning):
    G, D = tuning.module(Generator()), tuning.module(Discriminator())
    g_adam, d_adam = (tuning.adam(m.parameters(), 1e-3, betas=(0.5, 0.999)) for m in (G, D))
    batch = {"real": tuning.images(torch.randn(32, 1, 28, 28)), "z": torch.randn(32, 64)}
    ones, zeros = torch.ones(32, 1), torch.zeros(32, 1)
    bce = F.binary_cross_entropy_with_logits
    draw = tuning.function(G)
    d_loss = tuning.function(lambda real, fake: bce(D(real), ones) + bce(D(fake), zeros))
    g_loss = tuning.function(lambda fake: bce(D(fake), ones))

    def step():
        fake = draw(batch["z"])
        d_adam.zero_grad(set_to_none=True)
        d = d_loss(batch["real"], fake.detach())
        d.backward()
        d_adam.step()
        g_adam.zero_grad(set_to_none=True)
        # as lab's step does: no gradients for the discriminator's weights
        D.requires_grad_(False)
        g = g_loss(fake)
        g.backward()
        D.requires_grad_(True)
        g_adam.step()
        return d.detach(), g.detach()

    return Work(tuning, {"generator.": G, "discriminator.": D}, batch, step)


class Critic(nn.Module):
    def __init__(self, c=64):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, c // 2, 4, 2, 1), nn.Conv2d(c // 2, c, 4, 2, 1)
        self.fc = nn.Linear(c * 49, 1)

    def forward(self, x):
        return self.fc(F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x), 0.2)), 0.2).flatten(1))


def wgan_gp(tuning):
    if tuning.compiled:
        raise Missing("torch.compile does not differentiate twice")
    G, D = tuning.module(Generator()), tuning.module(Critic())
    g_adam, d_adam = (tuning.adam(m.parameters(), 1e-3, betas=(0.5, 0.9)) for m in (G, D))
    batch = {"real": tuning.images(torch.randn(32, 1, 28, 28)), "z": torch.randn(32, 64), "mix": torch.rand(32, 1)}

    def step():
        d_adam.zero_grad(set_to_none=True)
        with torch.no_grad():
            fake = G(batch["z"])
        e = batch["mix"].view(-1, 1, 1, 1)
        x = (e * batch["real"] + (1 - e) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(D(x).sum(), x, create_graph=True)
        penalty = ((slope.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        d = D(fake).mean() - D(batch["real"]).mean() + 10 * penalty
        d.backward()
        d_adam.step()
        g_adam.zero_grad(set_to_none=True)
        # as lab's step does: no gradients for the critic's weights
        D.requires_grad_(False)
        g = -D(G(batch["z"])).mean()
        g.backward()
        D.requires_grad_(True)
        g_adam.step()
        return d.detach(), g.detach()

    return Work(tuning, {"generator.": G, "critic.": D}, batch, step)


def resnet18(batch):
    def build(tuning):
        import torchvision

        module = tuning.module(torchvision.models.resnet18().eval())
        data = {"x": torch.randn(batch, 3, 224, 224)}
        forward = tuning.function(module)
        work = Work(tuning, {"": module}, data, None)

        @torch.inference_mode()
        def step():
            return forward(data["x"]).flatten()[:10].unbind()

        work.step = step
        return work

    return build


TABLE = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet": resnet,
    "dcgan": dcgan,
    "wgan-gp": wgan_gp,
    "policy-forward": policy_forward,
    "policy-train": policy_train,
    "gpt": sequence.gpt,
    "lstm": sequence.lstm,
    "maml": sequence.maml,
    "resnet18-1": resnet18(1),
    "resnet18-16": resnet18(16),
}
