"""Single ops for the sweeps: the sizes of bench/workload/gemm.go."""

import numpy
import torch
from torch.nn import functional as F


class Op:
    parameters = 0

    def __init__(self, step):
        self.step = step


def torch_gemm(m, k, n, which):
    a = torch.randn(k, m).t() if which == 1 else torch.randn(m, k)
    b = torch.randn(n, k).t() if which == 2 else torch.randn(k, n)
    c = torch.empty(m, n)
    return Op(lambda: torch.mm(a, b, out=c))


def numpy_gemm(m, k, n, which):
    r = numpy.random.default_rng(1)
    normal = lambda *s: r.standard_normal(s, dtype=numpy.float32)
    a = normal(k, m).T if which == 1 else normal(m, k)
    b = normal(n, k).T if which == 2 else normal(k, n)
    c = numpy.empty((m, n), numpy.float32)
    return Op(lambda: numpy.matmul(a, b, out=c))


def conv(memory_format):
    def build(n, h, w, c, k, kernel, stride, padding, which):
        x = torch.randn(n, c, h, w).contiguous(memory_format=memory_format)
        weight = torch.randn(k, c, kernel, kernel).contiguous(memory_format=memory_format)
        if which == 0:
            @torch.inference_mode()
            def step():
                F.conv2d(x, weight, None, stride, padding)

            return Op(step)
        dy = torch.randn_like(F.conv2d(x, weight, None, stride, padding))
        mask = [which == 1, which == 2, False]
        backward = torch.ops.aten.convolution_backward
        pair = [stride, stride], [padding, padding], [1, 1]
        return Op(lambda: backward(dy, x, weight, None, *pair, False, [0, 0], 1, mask))

    return build


def numpy_versions():
    blas = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return ["NumPy " + numpy.__version__, f"{blas['name']} {blas['version']}"]


TABLE = {
    "gemm": {"eager": torch_gemm, "numpy": numpy_gemm},
    "conv": {"eager": conv(torch.contiguous_format), "tuned": conv(torch.channels_last)},
}
