"""Writes on with what `lab run plugin=transformer` trained, in a PyTorch loop with a cache
of keys and values, and says how fast.

    lab export @1 -o model.onnx
    python examples/pytorch/generate.py model.onnx --tokens 200 1 2 3     # after tokens 1 2 3
"""

import argparse
import time

import torch
from torch.nn import functional as F

import transformer


class Writer:
    """A token at a time; each layer keeps the keys and values of those before."""

    def __init__(self, net):
        self.net, self.cache, self.at = net, [None] * len(net.body.layers), 0

    @torch.no_grad()
    def read(self, token):
        """The logits of what follows the token."""
        net = self.net
        x = net.token.weight[token] + net.position.weight[self.at]
        x = x.view(1, 1, -1)
        self.at += 1
        for i, layer in enumerate(net.body.layers):
            a = layer.self_attn
            qkv = F.linear(layer.norm1(x), a.in_proj_weight, a.in_proj_bias)
            q, k, v = (t.view(1, 1, a.num_heads, -1).transpose(1, 2) for t in qkv.chunk(3, -1))  # [1,H,1,D]
            if self.cache[i] is not None:
                k, v = torch.cat([self.cache[i][0], k], 2), torch.cat([self.cache[i][1], v], 2)
            self.cache[i] = k, v
            h = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(1, 1, -1)
            x = x + a.out_proj(h)
            x = x + layer.linear2(F.gelu(layer.linear1(layer.norm2(x))))
        return F.linear(net.body.norm(x), net.token.weight)[0, 0]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("model")
    p.add_argument("prompt", nargs="+", type=int, help="numbers of tokens")
    p.add_argument("--tokens", type=int, default=100)
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--repeat", type=int, default=1, help="the fastest of so many times counts")
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    net = transformer.load(a.model)
    best = 0.0
    for _ in range(a.repeat):
        writer, out = Writer(net), []
        for t in a.prompt:
            logits = writer.read(t)
        start = time.perf_counter()
        while len(out) < a.tokens:
            out.append(int(logits.argmax()))
            logits = writer.read(out[-1])
        best = max(best, a.tokens / (time.perf_counter() - start))
    print(f"{best:.0f} tokens a second:", *out)


if __name__ == "__main__":
    main()
