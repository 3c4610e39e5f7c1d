"""Writes models by PyTorch's two exporters into a folder, traced at one size, and what
PyTorch computes at another: NAME.old.onnx, NAME.new.onnx, NAME.safetensors."""
import logging, pathlib, sys, warnings
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
torch.backends.mha.set_fastpath_enabled(False)


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok, self.pos = nn.Embedding(11, 12), nn.Embedding(16, 12)
        self.ln1, self.ln2, self.lnf = nn.LayerNorm(12), nn.LayerNorm(12), nn.LayerNorm(12)
        self.qkv, self.proj, self.fc1, self.fc2, self.head = nn.Linear(12, 36), nn.Linear(12, 12), nn.Linear(12, 48), nn.Linear(48, 12), nn.Linear(12, 11, bias=False)

    def forward(self, i):
        b, t = i.shape
        x = self.tok(i) + self.pos(torch.arange(t))
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, 3, 4).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, 12))
        x = x + self.fc2(F.gelu(self.fc1(self.ln2(x))))
        return self.head(self.lnf(x))


conv = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.GroupNorm(2, 8), nn.SiLU(), nn.AvgPool2d(2), nn.InstanceNorm2d(8), nn.ReLU6(),
                     nn.MaxPool2d(2), nn.BatchNorm2d(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(), nn.Linear(8, 3))
line = nn.Sequential(nn.Conv1d(4, 6, 3, 2, 1), nn.ELU(), nn.ConvTranspose1d(6, 2, 4, 2, 1), nn.LogSoftmax(-1))
encoder = nn.TransformerEncoderLayer(12, 3, 20, batch_first=True)
B, T = torch.export.Dim("batch"), torch.export.Dim("sequence")
for name, net, x, other, axes, how in [
    ("gpt", GPT(), torch.randint(0, 11, (2, 5)), torch.randint(0, 11, (3, 7)), {0: B, 1: T}, "old new"),
    ("conv", conv, torch.randn(2, 3, 8, 8), torch.randn(4, 3, 8, 8), {0: B}, "old new"),
    ("line", line, torch.randn(2, 4, 8), torch.randn(3, 4, 8), {0: B}, "old new"),
    ("encoder", encoder, torch.randn(2, 5, 12), torch.randn(3, 7, 12), {0: B, 1: T}, "new"),  # the old one fails at it
]:
    net.eval()
    names = {"input_names": ["x"], "output_names": ["y"]}
    if "old" in how:
        torch.onnx.export(net, (x,), folder / f"{name}.old.onnx", dynamo=False, opset_version=17, dynamic_axes={"x": {k: f"axis{k}" for k in axes}}, **names)
    torch.onnx.export(net, (x,), folder / f"{name}.new.onnx", dynamo=True, external_data=False, verbose=False, dynamic_shapes=(axes,), **names)
    with torch.no_grad():
        save_file({"x": other.contiguous(), "y": net(other).contiguous()}, folder / f"{name}.safetensors")
