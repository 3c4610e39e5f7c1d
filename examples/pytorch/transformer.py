"""The networks of plugins/transformer in PyTorch: lm, seq2seq and bert.

    net = load("model.onnx")                  # what lab export wrote
    logits = net(torch.tensor([[1, 2, 3]]))   # [B,T,V]

The parameters have the names that lab gives them, so that load_state_dict(strict=True)
takes the initialisers of the file.
"""

import json
import math

import onnx
import torch
from onnx import numpy_helper
from torch import nn


class Positions(nn.Module):
    """Adds where a token stands; rotary positions are not in PyTorch's layers."""

    def __init__(self, kind, context, width):
        super().__init__()
        self.kind = kind
        if kind == "learned":
            self.weight = nn.Parameter(torch.empty(context, width))
        elif kind == "sinusoidal":
            at = torch.arange(context)[:, None]
            angle = at * torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
            self.register_buffer("table", torch.stack([angle.sin(), angle.cos()], -1).flatten(1), persistent=False)
        elif kind != "none":
            raise ValueError(f"{kind} positions: PyTorch's layers have none such")

    def forward(self, x):
        if self.kind == "none":
            return x
        return x + (self.weight if self.kind == "learned" else self.table)[: x.shape[-2]]


def layers(kind, a):
    """An encoder or decoder of PyTorch's own layers."""
    layer, stack = {"encoder": (nn.TransformerEncoderLayer, nn.TransformerEncoder), "decoder": (nn.TransformerDecoderLayer, nn.TransformerDecoder)}[kind]
    bias = not a.get("no_bias", False)
    one = layer(a["width"], a["heads"], 4 * a["width"], dropout=0.0, activation="gelu", batch_first=True, norm_first=not a["post_norm"], bias=bias)
    norm = None if a["post_norm"] else nn.LayerNorm(a["width"], bias=bias)
    options = {"enable_nested_tensor": False} if kind == "encoder" else {}
    return stack(one, a["layers"], norm=norm, **options)


def causal(length):
    return nn.Transformer.generate_square_subsequent_mask(length)


class GPT(nn.Module):
    def __init__(self, a, _):
        super().__init__()
        self.window = a["window"]
        self.token = nn.Embedding(a["vocabulary"], a["width"])
        self.position = Positions(a["positions"], a["context"], a["width"])
        self.body = layers("encoder", a)

    def forward(self, tokens):
        n = tokens.shape[1]
        mask = causal(n)
        if self.window:
            away = torch.arange(n)[:, None] - torch.arange(n)[None]
            mask = mask.masked_fill(away >= self.window, float("-inf"))
        h = self.body(self.position(self.token(tokens)), mask=mask)
        return h @ self.token.weight.T


class Seq2Seq(nn.Module):
    def __init__(self, a, vocabularies):
        super().__init__()
        self.source = nn.Embedding(len(vocabularies["source"]), a["width"])
        self.target = nn.Embedding(len(vocabularies["target"]), a["width"])
        self.source_position = Positions(a["positions"], a["context"], a["width"])
        self.target_position = Positions(a["positions"], a["context"], a["width"])
        self.encoder, self.decoder = layers("encoder", a), layers("decoder", a)
        self.head = nn.Linear(a["width"], len(vocabularies["target"]))

    def forward(self, source, target):
        unseen = source == 0
        memory = self.encoder(self.source_position(self.source(source)), src_key_padding_mask=unseen)
        h = self.target_position(self.target(target))
        h = self.decoder(h, memory, tgt_mask=causal(target.shape[1]), memory_key_padding_mask=unseen)
        return self.head(h)


class BERT(nn.Module):
    def __init__(self, a, _):
        super().__init__()
        self.token = nn.Embedding(a["vocabulary"], a["width"])
        self.position = Positions(a["positions"], a["context"], a["width"])
        self.body = layers("encoder", a)
        self.guess, self.guess_norm = nn.Linear(a["width"], a["width"]), nn.LayerNorm(a["width"])

    def forward(self, tokens):
        h = self.body(self.position(self.token(tokens)), src_key_padding_mask=tokens == 0)
        return self.guess_norm(nn.functional.gelu(self.guess(h))) @ self.token.weight.T


def module(model, _=None):
    """The network of a file, without its weights."""
    said = {p.key: p.value for p in model.metadata_props}
    kind = {"lm": GPT, "seq2seq": Seq2Seq, "bert": BERT}[said["lab.recipe"]]
    return kind(json.loads(said["lab.architecture"]), json.loads(said.get("lab.vocabularies", "null")))


def load(path):
    """The network of a file with its weights, ready to compute."""
    model = onnx.load(path)
    net = module(model)
    net.load_state_dict({t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in model.graph.initializer}, strict=True)
    return net.train()  # PyTorch's shortcuts for inference change the last bits; there is no dropout
