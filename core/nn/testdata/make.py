"""Writes torch/*.safetensors: what PyTorch computes for the layers and losses of core/nn.

    python make.py [name...]

Everything is computed in float64 from values that float32 can hold, so that the files
show the error of the other side alone. A file holds inputs x0, x1, ..., the parameters
param.NAME, the result y, a random dy, the gradients dx0 and grad.NAME of sum(y dy), and
those of the sum of squares of all these gradients, hx0 and hgrad.NAME (second order).
Buffers after the call are after.NAME. Layouts are PyTorch's.
"""
import math, pathlib, sys, warnings
import torch, torch.nn.functional as F
from torch import nn
from safetensors.torch import save_file

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
here = pathlib.Path(__file__).parent / "torch"
here.mkdir(exist_ok=True)
want = set(sys.argv[1:])


def rand(*shape):
    return torch.randn(shape).float().double()


def case(name, f, *inputs, module=None, second=True, fixed=()):
    """f(*inputs) with gradients of all inputs but the fixed ones."""
    if want and name not in want:
        return
    torch.manual_seed(len(name) + 17 * sum(map(ord, name)))
    inputs = [i(name) if callable(i) else i for i in inputs]
    out, params = {}, {}
    if module is not None:
        module = module()
        with torch.no_grad():
            for n, p in module.named_parameters():
                p.copy_((p + 0.3 * torch.randn_like(p)).float().double())
            for n, b in module.named_buffers():
                if b.dtype == torch.float64:
                    b.copy_((b + torch.rand_like(b)).float().double())
        if getattr(module, "padding_idx", None) is not None:
            with torch.no_grad():
                module.weight[module.padding_idx] = 0
        params = dict(module.named_parameters())
        out |= {"param." + n: t.clone() for n, t in module.state_dict().items()}
        g = lambda *a: f(module, *a)
    else:
        g = f
    xs = [x.clone().requires_grad_(i not in fixed) for i, x in enumerate(inputs)]
    y = g(*xs)
    if module is not None:
        out |= {"after." + n: t.clone() for n, t in module.named_buffers()}
    dy = rand(*y.shape)
    leaves = {f"x{i}": x for i, x in enumerate(xs) if i not in fixed} | {"grad." + n: p for n, p in params.items()}
    label = lambda k, prefix: {"d": "d", "h": "h"}[prefix] + k if k[0] == "x" else ("h" if prefix == "h" else "") + k
    grads = torch.autograd.grad((y * dy).sum(), leaves.values(), create_graph=second)
    out |= {f"x{i}": x for i, x in enumerate(inputs)} | {"y": y, "dy": dy}
    out |= {label(k, "d"): v for k, v in zip(leaves, grads)}
    if second:
        squares = sum((v**2).sum() for v in grads)
        again = [None] * len(leaves)
        if squares.requires_grad:
            again = torch.autograd.grad(squares, leaves.values(), allow_unused=True)
        out |= {label(k, "h"): torch.zeros_like(leaves[k]) if v is None else v for k, v in zip(leaves, again)}
    save_file({k: v.detach().float().contiguous() for k, v in out.items()}, here / f"{name}.safetensors")


def layer(name, module, *inputs, **kw):
    case(name, lambda m, *x: m(*x), *inputs, module=module, **kw)


R = lambda *shape: (lambda name: rand(*shape))
img, seq = R(2, 4, 5, 6), R(2, 4, 7)

layer("linear", lambda: nn.Linear(4, 3), R(2, 3, 4))
layer("conv2d", lambda: nn.Conv2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=2), img)
layer("conv2d-same", lambda: nn.Conv2d(4, 3, (2, 3), padding="same", dilation=(1, 2), bias=False), img)
layer("conv2d-depthwise", lambda: nn.Conv2d(4, 8, 3, padding=1, groups=4), img)
layer("conv2d-circular", lambda: nn.Conv2d(4, 2, 3, padding=(2, 1), padding_mode="circular"), img)
layer("conv2d-reflect", lambda: nn.Conv2d(4, 2, 3, stride=2, padding=(1, 2), padding_mode="reflect"), img)
layer("conv1d", lambda: nn.Conv1d(4, 6, 3, 2, 1, 2, groups=2), seq)
layer("conv1d-same", lambda: nn.Conv1d(4, 3, 4, padding="same", padding_mode="circular"), seq)
layer("convtranspose2d", lambda: nn.ConvTranspose2d(4, 6, (3, 2), (2, 3), (1, 0), (1, 2), groups=2), img)
layer("convtranspose2d-dilated", lambda: nn.ConvTranspose2d(4, 2, 3, 2, 1, dilation=(1, 2), output_padding=(0, 1), bias=False), img)
layer("convtranspose1d", lambda: nn.ConvTranspose1d(4, 3, 4, 2, 1, 1), seq)

layer("batchnorm1d", lambda: nn.BatchNorm1d(4), R(6, 4))
layer("batchnorm2d", lambda: nn.BatchNorm2d(4), img)
layer("batchnorm2d-eval", lambda: nn.BatchNorm2d(4).eval(), img)
layer("batchnorm2d-plain", lambda: nn.BatchNorm2d(4, affine=False, track_running_stats=False).eval(), img)
layer("batchnorm2d-cumulative", lambda: nn.BatchNorm2d(4, momentum=None), img)
layer("layernorm", lambda: nn.LayerNorm(5), R(2, 3, 5))
layer("layernorm-axes", lambda: nn.LayerNorm((3, 5), bias=False), R(2, 3, 5))
layer("layernorm-plain", lambda: nn.LayerNorm(5, elementwise_affine=False), R(2, 3, 5))
layer("rmsnorm", lambda: nn.RMSNorm(5), R(2, 3, 5))
layer("groupnorm", lambda: nn.GroupNorm(2, 4), img)
layer("groupnorm-one", lambda: nn.GroupNorm(1, 4, affine=False), seq)
layer("instancenorm2d", lambda: nn.InstanceNorm2d(4), img)
layer("instancenorm1d", lambda: nn.InstanceNorm1d(4, affine=True), seq)

index = lambda name: torch.tensor([[0, 4, 2], [2, 1, 2]])
case("embedding", lambda m, i: m(i.long()), lambda n: index(n).double(), module=lambda: nn.Embedding(5, 3), fixed=[0])
case("embedding-padded", lambda m, i: m(i.long()), lambda n: index(n).double(), module=lambda: nn.Embedding(5, 3, padding_idx=2), fixed=[0])

keep = lambda name: torch.tensor([[1, 1, 0, 1, 1], [1, 0, 0, 1, 1]]).double()
no_later = torch.ones(5, 5).triu(1).bool()
far = (torch.arange(5)[:, None] - torch.arange(5)).abs() >= 2


def attend(m, q, k, mask=None, hidden=None):
    return m(q, k, k, key_padding_mask=None if mask is None else mask == 0, attn_mask=hidden)[0]


mha = lambda **kw: lambda: nn.MultiheadAttention(6, 2, batch_first=True, **kw)
case("attention", lambda m, x: attend(m, x, x), R(2, 5, 6), module=mha())
case("attention-causal", lambda m, x: attend(m, x, x, hidden=no_later), R(2, 5, 6), module=mha(bias=False))
case("attention-window", lambda m, x: attend(m, x, x, hidden=far | no_later), R(2, 5, 6), module=mha())
case("attention-masked", lambda m, x, k: attend(m, x, x, k), R(2, 5, 6), keep, module=mha(), fixed=[1])
case("attention-cross", lambda m, q, x, k: attend(m, q, x, k), R(2, 3, 6), R(2, 5, 6), keep, module=mha(), fixed=[2])


def sdpa(f):
    def g(*a):
        with nn.attention.sdpa_kernel(nn.attention.SDPBackend.MATH):
            return f(*a)
    return g


case("encoderlayer", sdpa(lambda m, x, k: m(x, src_key_padding_mask=k == 0)), R(2, 5, 6), keep, fixed=[1],
     module=lambda: nn.TransformerEncoderLayer(6, 2, 8, 0, batch_first=True))
case("encoder-gelu", sdpa(lambda m, x: m(x, mask=no_later)), R(2, 5, 6),
     module=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(6, 3, 8, 0, "gelu", batch_first=True, norm_first=True, bias=False), 2, nn.LayerNorm(6, bias=False)))
case("decoderlayer", sdpa(lambda m, x, y, k: m(x, y, tgt_mask=no_later, memory_key_padding_mask=k == 0)), R(2, 5, 6), R(2, 5, 6), keep, fixed=[2],
     module=lambda: nn.TransformerDecoderLayer(6, 2, 8, 0, batch_first=True))
case("decoderlayer-first", sdpa(lambda m, x, y: m(x, y)), R(2, 5, 6), R(2, 4, 6),
     module=lambda: nn.TransformerDecoderLayer(6, 2, 8, 0, "gelu", batch_first=True, norm_first=True))


class Additive(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.score = nn.Linear(4, 5), nn.Linear(3, 5, bias=False), nn.Linear(5, 1, bias=False)

    def forward(self, q, k, mask):
        s = self.score(torch.tanh(self.query(q)[:, :, None] + self.key(k)[:, None]))[..., 0]
        return s.masked_fill(mask[:, None] == 0, -math.inf).softmax(-1) @ k


layer("additive", Additive, R(2, 3, 4), R(2, 5, 3), keep, fixed=[2])


def sinusoids(x):
    t, w = x.shape[-2:]
    at = torch.arange(t)[:, None] * torch.exp(torch.arange(0, w, 2) * (-math.log(10000) / w))
    pe = torch.zeros(t, w)
    pe[:, 0::2], pe[:, 1::2] = at.sin(), at.cos()[:, : w // 2]
    return x + pe


def rotary(x):  # as transformers' apply_rotary_pos_emb, x [B,T,H,D]
    t, d = x.shape[1], x.shape[3]
    at = torch.outer(torch.arange(t).double(), 10000 ** (-torch.arange(0, d, 2) / d))
    at = torch.cat([at, at], -1)[:, None]
    half = torch.cat([-x[..., d // 2 :], x[..., : d // 2]], -1)
    return x * at.cos() + half * at.sin()


case("sinusoids", sinusoids, R(2, 5, 6))
case("rotary", rotary, R(2, 5, 2, 6))

case("maxpool1d", lambda x: F.max_pool1d(x, 3, 2, 1), seq)
case("maxpool2d", lambda x: F.max_pool2d(x, 2), img)
case("avgpool1d", lambda x: F.avg_pool1d(x, 3, 2, 1), seq)
case("avgpool2d", lambda x: F.avg_pool2d(x, 2), img)
case("adaptiveavgpool2d", lambda x: F.adaptive_avg_pool2d(x, (3, 4)), img)
case("adaptiveavgpool2d-even", lambda x: F.adaptive_avg_pool2d(x, (5, 3)), img)
case("globalavgpool2d", lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), img)
case("globalmaxpool2d", lambda x: F.adaptive_max_pool2d(x, 1).flatten(1), img)
case("flatten", lambda x: x.flatten(1), img)
layer("prelu", lambda: nn.PReLU(4), R(3, 4))
case("mish", F.mish, R(3, 4))
case("selu", F.selu, R(3, 4))
case("glu", F.glu, R(3, 4))

P = lambda *shape: (lambda name: torch.rand(*shape).float().double() * 0.9 + 0.05)
probs = lambda name: torch.softmax(rand(4, 5), -1).float().double()
logp = lambda name: torch.log_softmax(rand(4, 5), -1).float().double()
labels = lambda name: torch.tensor([3.0, 0.0, -100.0, 4.0])
weights = lambda name: torch.tensor([0.5, 1.0, 2.0, 1.5, 0.25])
signs = lambda name: torch.tensor([1.0, -1.0, -1.0, 1.0])
A, B = R(4, 5), R(4, 5)

case("mse", F.mse_loss, A, B)
case("mse-sum", lambda x, t: F.mse_loss(x, t, reduction="sum"), A, B)
case("mse-none", lambda x, t: F.mse_loss(x, t, reduction="none"), A, B)
case("l1", F.l1_loss, A, B)
case("huber", lambda x, t: F.huber_loss(x, t, delta=0.7), A, B)
case("smoothl1", lambda x, t: F.smooth_l1_loss(x, t, beta=0.6, reduction="sum"), A, B)
case("bce", F.binary_cross_entropy, P(4, 5), P(4, 5), fixed=[1])
case("bcewithlogits", F.binary_cross_entropy_with_logits, A, P(4, 5))
case("bcewithlogits-posweight", lambda x, t, p: F.binary_cross_entropy_with_logits(x, t, pos_weight=p, reduction="sum"), A, P(4, 5), P(5), fixed=[1, 2])
case("crossentropy", lambda x, t: F.cross_entropy(x, t.long()), A, labels, fixed=[1])
case("crossentropy-smooth", lambda x, t: F.cross_entropy(x, t.long(), label_smoothing=0.1, ignore_index=3), A, lambda n: torch.tensor([3.0, 0.0, 1.0, 4.0]), fixed=[1])
case("crossentropy-weights", lambda x, t, w: F.cross_entropy(x, t.long(), w), A, labels, weights, fixed=[1, 2])
case("crossentropy-all", lambda x, t, w: F.cross_entropy(x, t.long(), w, label_smoothing=0.2), A, labels, weights, fixed=[1, 2])
case("crossentropy-none", lambda x, t, w: F.cross_entropy(x, t.long(), w, label_smoothing=0.2, reduction="none"), A, labels, weights, fixed=[1, 2])
case("crossentropy-tokens", lambda x, t: F.cross_entropy(x.transpose(1, 2), t.long(), reduction="none"), R(2, 3, 5), lambda n: torch.tensor([[1.0, 4.0, 0.0], [2.0, 2.0, -100.0]]), fixed=[1])
case("crossentropy-probs", lambda x, t: F.cross_entropy(x, t), A, probs)
case("crossentropy-probs-all", lambda x, t, w: F.cross_entropy(x, t, w, label_smoothing=0.2), A, probs, weights, fixed=[2])
case("nll", lambda x, t: F.nll_loss(x, t.long()), logp, labels, fixed=[1])
case("nll-weights", lambda x, t, w: F.nll_loss(x, t.long(), w), logp, labels, weights, fixed=[1, 2])
case("kldiv", F.kl_div, logp, probs)
case("kldiv-log", lambda x, t: F.kl_div(x, t, reduction="batchmean", log_target=True), logp, logp)
case("hingeembedding", lambda x, y: F.hinge_embedding_loss(x, y, margin=0.8), R(4), signs, fixed=[1])
case("triplet", F.triplet_margin_loss, A, B, R(4, 5))
case("cosineembedding", lambda a, b, y: F.cosine_embedding_loss(a, b, y, margin=-0.2), A, B, signs, fixed=[2])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.bn, self.fc = nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.Linear(3 * 3 * 3, 4)

    def forward(self, x):
        return self.fc(F.max_pool2d(torch.tanh(self.bn(self.conv(x))), 2).flatten(1))


def maml():
    """One inner step on the support set, its loss on the query set, differentiated with
    respect to the weights before the step; and a Hessian-vector product."""
    torch.manual_seed(5)
    net = Net()
    for p in net.parameters():
        p.data = p.data.float().double()
    p = dict(net.named_parameters())
    out = {"param." + n: t for n, t in net.state_dict().items()}
    xs, xq = rand(5, 1, 6, 6), rand(7, 1, 6, 6)
    ys, yq = torch.tensor([0, 1, 2, 3, 1]), torch.tensor([3, 1, 0, 0, 2, 2, 1])
    inner = F.cross_entropy(net(xs), ys)
    grads = torch.autograd.grad(inner, p.values(), create_graph=True)
    fast = {n: w - 0.5 * g for (n, w), g in zip(p.items(), grads)}
    outer = F.cross_entropy(torch.func.functional_call(net, fast, (xq,)), yq)
    meta = torch.autograd.grad(outer, p.values(), retain_graph=True)
    v = {n: rand(*w.shape) for n, w in p.items()}
    hvp = torch.autograd.grad(sum((g * w).sum() for g, w in zip(grads, v.values())), p.values())
    out |= {"xs": xs, "xq": xq, "ys": ys, "yq": yq, "inner": inner, "outer": outer}
    for n, m, h in zip(p, meta, hvp):
        out |= {"meta." + n: m, "v." + n: v[n], "hvp." + n: h}
    save_file({k: t.detach().float().contiguous() for k, t in out.items()}, here / "maml.safetensors")


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.fc = nn.Conv2d(2, 4, 4, 2, 1), nn.Conv2d(4, 6, 4, 2, 1), nn.Linear(6 * 2 * 2, 1)

    def forward(self, x):
        h = F.leaky_relu(self.conv2(F.leaky_relu(self.conv1(x), 0.2)), 0.2)
        return self.fc(h.flatten(1))


def penalty():
    """The gradient penalty of WGAN-GP, and its gradients through the critic's gradient."""
    torch.manual_seed(6)
    critic = Critic()
    for p in critic.parameters():
        p.data = (3 * p.data).float().double()
    real, drawn, mix = rand(5, 2, 8, 8), rand(5, 2, 8, 8), torch.rand(5, 1).float().double()
    e = mix.view(5, 1, 1, 1)
    x = (e * real + (1 - e) * drawn).requires_grad_()
    (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
    norms = slope.flatten(1).norm(2, dim=1)
    value = ((norms - 1) ** 2).mean()
    grads = torch.autograd.grad(value, list(critic.parameters())[:-1])  # none for the last bias
    out = {"param." + n: t for n, t in critic.state_dict().items()}
    out |= {"real": real, "drawn": drawn, "mix": mix, "penalty": value, "norm": norms.mean()}
    for (n, _), g in zip(critic.named_parameters(), grads):
        out["grad." + n] = g
    save_file({k: t.detach().float().contiguous() for k, t in out.items()}, here / "penalty.safetensors")


if not want or "maml" in want:
    maml()
if not want or "penalty" in want:
    penalty()
