"""Exports models by both of PyTorch's exporters, for lab to read and to train.

    python examples/pytorch/models.py FOLDER [NAME ...]    # all, if none is named
    lab onnx check FOLDER/resnet18.new.onnx

NAME.old.onnx is by the exporter that traces TorchScript, NAME.new.onnx by that of
torch.export, NAME.optimized.onnx (with --large) by that with its default settings, which
change weights and are not for training. NAME.safetensors holds, for other batch sizes and lengths than those
traced, inputs (in.x), outputs (out.y) and the gradients of the mean square of all outputs
(grad.fc.weight). The tests of lab compare with them; small versions are committed in
core/onnx/exchange/testdata/torch, made by

    python examples/pytorch/models.py core/onnx/exchange/testdata/torch

With --large the convolutional nets are torchvision's own.
"""

import argparse
import logging
import pathlib
import warnings

import onnx
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

import dcgan

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
torch.backends.mha.set_fastpath_enabled(False)  # fused kernels that no exporter knows

attention = F.scaled_dot_product_attention  # to the old exporter, is_causal is a tensor
F.scaled_dot_product_attention = lambda q, k, v, attn_mask=None, dropout_p=0.0, is_causal=False, **more: attention(q, k, v, attn_mask, dropout_p, bool(is_causal), **more)


class Block(nn.Module):
    """A residual block of ResNet-18, with torchvision's names."""

    def __init__(self, n, m, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(n, m, 3, stride, 1, bias=False), nn.BatchNorm2d(m)
        self.conv2, self.bn2 = nn.Conv2d(m, m, 3, 1, 1, bias=False), nn.BatchNorm2d(m)
        self.downsample = nn.Sequential(nn.Conv2d(n, m, 1, stride, bias=False), nn.BatchNorm2d(m)) if stride > 1 else None

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class ResNet18(nn.Module):
    def __init__(self, width=64, classes=10):
        super().__init__()
        w = width
        self.conv1, self.bn1, self.maxpool = nn.Conv2d(3, w, 7, 2, 3, bias=False), nn.BatchNorm2d(w), nn.MaxPool2d(3, 2, 1)
        for i, (n, m, s) in enumerate([(w, w, 1), (w, 2 * w, 2), (2 * w, 4 * w, 2), (4 * w, 8 * w, 2)], 1):
            setattr(self, f"layer{i}", nn.Sequential(Block(n, m, s), Block(m, m, 1)))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(8 * w, classes)

    def forward(self, x):
        x = self.maxpool(F.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


class Inverted(nn.Module):
    """MobileNetV3's block: widen, depthwise convolution, squeeze and excite, narrow."""

    def __init__(self, n, m, wide, stride):
        super().__init__()
        self.expand, self.bn1 = nn.Conv2d(n, wide, 1, bias=False), nn.BatchNorm2d(wide)
        self.depthwise, self.bn2 = nn.Conv2d(wide, wide, 5, stride, 2, groups=wide, bias=False), nn.BatchNorm2d(wide)
        self.squeeze, self.excite = nn.Conv2d(wide, wide // 4, 1), nn.Conv2d(wide // 4, wide, 1)
        self.project, self.bn3 = nn.Conv2d(wide, m, 1, bias=False), nn.BatchNorm2d(m)

    def forward(self, x):
        h = F.hardswish(self.bn2(self.depthwise(F.relu6(self.bn1(self.expand(x))))))
        h = h * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(h, 1)))))
        h = self.bn3(self.project(h))
        return x + h if x.shape == h.shape else h


class GPT(nn.Module):
    """Pre-norm blocks with scaled_dot_product_attention; indices [N,T] to logits [N,T,V]."""

    def __init__(self, vocabulary=11, d=12, heads=3, length=16):
        super().__init__()
        self.heads = heads
        self.tok, self.pos = nn.Embedding(vocabulary, d), nn.Embedding(length, d)
        self.ln1, self.qkv, self.proj = nn.LayerNorm(d), nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.ln2, self.fc1, self.fc2 = nn.LayerNorm(d), nn.Linear(d, 4 * d), nn.Linear(4 * d, d)
        self.lnf, self.head = nn.LayerNorm(d), nn.Linear(d, vocabulary, bias=False)

    def forward(self, i):
        b, t = i.shape
        x = self.tok(i) + self.pos(torch.arange(t))
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, -1))
        return self.head(self.lnf(x + self.fc2(F.gelu(self.fc1(self.ln2(x))))))


class BERT(nn.Module):
    """Token, segment and position embeddings, padding masked; logits [N,T,V] and a pooled vector [N,D]."""

    def __init__(self, vocabulary=13, d=12, heads=2, length=16):
        super().__init__()
        self.heads = heads
        self.word, self.position, self.segment = nn.Embedding(vocabulary, d), nn.Embedding(length, d), nn.Embedding(2, d)
        self.norm = nn.LayerNorm(d, eps=1e-12)
        self.query, self.key, self.value, self.output = nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d), nn.Linear(d, d)
        self.norm1, self.norm2 = nn.LayerNorm(d, eps=1e-12), nn.LayerNorm(d, eps=1e-12)
        self.intermediate, self.narrow, self.pooler = nn.Linear(d, 2 * d), nn.Linear(2 * d, d), nn.Linear(d, d)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def states(self, words, segments, mask):
        b, t = words.shape
        x = self.norm(self.word(words) + self.segment(segments) + self.position(torch.arange(t)))
        split = lambda y: y.view(b, t, self.heads, -1).transpose(1, 2)
        q, k, v = split(self.query(x)), split(self.key(x)), split(self.value(x))
        scores = q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5 + (1 - mask[:, None, None, :].float()) * -1e4
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(b, t, -1)
        x = self.norm1(x + self.output(y))
        return self.norm2(x + self.narrow(F.gelu(self.intermediate(x))))

    def forward(self, words, segments, mask):
        x = self.states(words, segments, mask)
        return x @ self.word.weight.T + self.bias, torch.tanh(self.pooler(x[:, 0]))


class Translator(nn.Module):
    """nn.Transformer between embeddings: source [N,S] and target [N,T] to logits [N,T,V]."""

    def __init__(self, vocabulary=9, d=8):
        super().__init__()
        self.source, self.target, self.out = nn.Embedding(vocabulary, d), nn.Embedding(vocabulary, d), nn.Linear(d, vocabulary)
        self.transformer = nn.Transformer(d, 2, 1, 1, 16, dropout=0, batch_first=True)

    def forward(self, source, target):
        t = target.shape[1]
        ahead = torch.full((t, t), float("-inf")).triu(1)
        return self.out(self.transformer(self.source(source), self.target(target), tgt_mask=ahead, tgt_is_causal=True))


class VAE(nn.Module):
    """Images and noise to reconstruction, mean and log variance."""

    def __init__(self, z=3):
        super().__init__()
        self.conv, self.mean, self.logvar = nn.Conv2d(1, 4, 4, 2, 1), nn.Linear(64, z), nn.Linear(64, z)
        self.fc, self.up = nn.Linear(z, 64), nn.ConvTranspose2d(4, 1, 4, 2, 1)

    def forward(self, x, eps):
        h = F.relu(self.conv(x)).flatten(1)
        mean, logvar = self.mean(h), self.logvar(h)
        h = F.relu(self.fc(mean + eps * torch.exp(0.5 * logvar)))
        return torch.sigmoid(self.up(h.view(-1, 4, 4, 4))), mean, logvar


class Tagger(nn.Module):
    """Two bidirectional LSTM layers over embeddings: [N,T] to logits [N,T,K]."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.fc = nn.Embedding(7, 5), nn.LSTM(5, 4, 2, batch_first=True, bidirectional=True), nn.Linear(8, 3)

    def forward(self, i):
        return self.fc(self.lstm(self.embed(i))[0])


class UNet(nn.Module):
    """Down by pooling, up by a transposed convolution and by interpolation, joined at each size."""

    def __init__(self, c=4):
        super().__init__()
        conv = lambda n, m: nn.Sequential(nn.Conv2d(n, m, 3, padding=1), nn.BatchNorm2d(m), nn.ReLU())
        self.down1, self.down2, self.middle = conv(1, c), conv(c, 2 * c), conv(2 * c, 4 * c)
        self.up2, self.join2 = nn.ConvTranspose2d(4 * c, 2 * c, 2, 2), conv(4 * c, 2 * c)
        self.join1, self.out = conv(3 * c, c), nn.Conv2d(c, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        h = self.join2(torch.cat([self.up2(self.middle(F.max_pool2d(b, 2))), b], 1))
        h = F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)
        return self.out(self.join1(torch.cat([h, a], 1)))


def layers():
    """Layers that none of the others has."""
    return nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU(), nn.AvgPool2d(2), nn.InstanceNorm2d(8), nn.ReLU6(), nn.MaxPool2d(2),
                         nn.Flatten(2), nn.Conv1d(8, 6, 3, 2, 1), nn.ELU(), nn.ConvTranspose1d(6, 2, 4, 2, 1), nn.Dropout(), nn.LogSoftmax(-1))


def models(large):
    """name: net, names of the inputs, inputs of one size and of another, free axes, names of the outputs"""
    image = lambda n, c, s: torch.randn(n, c, s, s)
    words = lambda k, *shape: torch.randint(0, k, shape)
    resnet, mobilenet = ResNet18(2), nn.Sequential(Inverted(3, 8, 8, 2), Inverted(8, 8, 16, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))
    if large:
        import torchvision

        resnet, mobilenet = torchvision.models.resnet18(num_classes=10), torchvision.models.mobilenet_v3_small(num_classes=10)
    mask = torch.tensor([[1, 1, 1, 0, 0, 0, 0], [1] * 7, [1, 1, 1, 1, 1, 0, 0]])
    size = 64 if large else 32
    return {
        "resnet18": (resnet, ["x"], (image(2, 3, size),), (image(3, 3, size),), "N", ["y"]),
        "mobilenet": (mobilenet, ["x"], (image(2, 3, size // 2),), (image(3, 3, size // 2),), "N", ["y"]),
        "generator": (dcgan.Generator(5, 4), ["z"], (torch.randn(2, 5),), (torch.randn(3, 5),), "N", ["image"]),
        "discriminator": (dcgan.Discriminator(4), ["image"], (image(2, 1, 28),), (image(3, 1, 28),), "N", ["logit"]),
        "encoder": (nn.TransformerEncoderLayer(12, 3, 20, dropout=0, batch_first=True), ["x"], (torch.randn(2, 5, 12),), (torch.randn(3, 7, 12),), "NT", ["y"]),
        "translator": (Translator(), ["source", "target"], (words(9, 2, 5), words(9, 2, 4)), (words(9, 3, 7), words(9, 3, 6)), "NS NT", ["y"]),
        "gpt": (GPT(), ["i"], (words(11, 2, 5),), (words(11, 3, 7),), "NT", ["y"]),
        "bert": (BERT(), ["words", "segments", "mask"], (words(13, 2, 5), words(2, 2, 5), torch.ones(2, 5, dtype=torch.int64)),
                 (words(13, 3, 7), words(2, 3, 7), mask), "NT NT NT", ["y", "pooled"]),
        "vae": (VAE(), ["x", "eps"], (image(2, 1, 8), torch.randn(2, 3)), (image(3, 1, 8), torch.randn(3, 3)), "N N", ["y", "mean", "logvar"]),
        "lstm": (Tagger(), ["i"], (words(7, 2, 5),), (words(7, 3, 6),), "NT", ["y"]),
        "unet": (UNet(), ["x"], (image(2, 1, 8),), (image(3, 1, 8),), "N", ["y"]),
        "layers": (layers(), ["x"], (image(2, 3, 8),), (image(4, 3, 8),), "N", ["y"]),
    }


def export(folder, optimized, name, net, inputs, traced, other, free, outputs):
    net.eval()
    with torch.no_grad():  # norms that do something, and no two of them alike: exporters would make one of them
        for k, v in net.state_dict().items():
            if k.endswith("running_var"):
                v.uniform_(0.5, 2)
            elif v.ndim == 1:
                v.add_(torch.randn_like(v) / 5)
    axes = [dict(enumerate(f)) for f in free.split()]
    names = {"input_names": inputs, "output_names": outputs}
    # Both exporters fold batch norms into convolutions, and more, unless they are told not to: for
    # a file that is to be trained, with the names and values of the state_dict.
    fixed = name in ("encoder", "translator")  # the old exporter makes the sizes of attention constants
    torch.onnx.export(net, other if fixed else traced, folder / f"{name}.old.onnx", dynamo=False, opset_version=17, do_constant_folding=False,
                      training=torch.onnx.TrainingMode.PRESERVE, dynamic_axes=dict(zip(inputs, axes)), **names)
    dims = {c: torch.export.Dim({"N": "batch", "T": "length", "S": "source_length"}[c], max=16) for c in "NTS"}
    for how in ["new", "optimized"][: 1 + optimized]:
        file = folder / f"{name}.{how}.onnx"
        torch.onnx.export(net, traced, file, dynamo=True, external_data=False, verbose=False, optimize=how == "optimized",
                          dynamic_shapes=tuple({k: dims[c] for k, c in a.items()} for a in axes), **names)
        model = onnx.load(file)
        for n in [*model.graph.node, *(n for f in model.functions for n in f.node)]:  # where in which file the line of Python is
            del n.metadata_props[:]
        onnx.save(model, file)
    y = net(*other)
    y = y if isinstance(y, tuple) else (y,)
    sum((v * v).mean() for v in y).backward()
    values = {f"in.{k}": v for k, v in zip(inputs, other)} | {f"out.{k}": v.detach() for k, v in zip(outputs, y)}
    values |= {f"grad.{k}": p.grad for k, p in net.named_parameters()}
    save_file({k: v.contiguous() for k, v in values.items()}, folder / f"{name}.safetensors")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("folder", type=pathlib.Path)
    p.add_argument("names", nargs="*")
    p.add_argument("--large", action="store_true", help="torchvision's resnet18 and mobilenet_v3_small")
    a = p.parse_args()
    a.folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    for name, m in models(a.large).items():
        if not a.names or name in a.names:
            export(a.folder, a.large, name, *m)


if __name__ == "__main__":
    main()
