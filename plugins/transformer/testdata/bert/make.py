"""Writes model.onnx, an encoder of PyTorch's with the inputs that Hugging Face gives BERT,
and tokenizer.json, which cuts texts into letters: python make.py FOLDER [check FILE]

check loads a file that lab fine-tuned into the same encoder, strictly but for the new head,
and compares the logits with ONNX Runtime's."""

import json
import pathlib
import string
import sys

import torch

folder = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(pathlib.Path(__file__).parents[4] / "examples" / "pytorch"))
import models  # noqa: E402

TOKENS = ["[PAD]", "[UNK]", " ", *string.ascii_lowercase]


class Encoder(models.BERT):
    def __init__(self):
        super().__init__(vocabulary=len(TOKENS), d=16, heads=2, length=32)
        del self.bias, self.pooler

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.states(input_ids, token_type_ids, attention_mask)


torch.manual_seed(0)
net = Encoder().eval()
if len(sys.argv) > 2:
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in onnx.load(sys.argv[3]).graph.initializer}
    head = torch.nn.Linear(16, 2)
    head.load_state_dict({k: state.pop("classifier." + k) for k in ("weight", "bias")}, strict=True)
    net.load_state_dict(state, strict=True)
    x = torch.tensor([[3, 4, 5, 0], [6, 7, 0, 0], [8, 9, 10, 11]])
    mask = (x > 0).long()
    with torch.no_grad():
        h = net(x, mask, torch.zeros_like(x)) * mask[..., None]
        want = head(h.sum(1) / mask.sum(1, keepdim=True))
    (got,) = onnxruntime.InferenceSession(sys.argv[3]).run(None, {"tokens": x.numpy()})
    assert (torch.from_numpy(got) - want).abs().max() < 1e-5, (got, want)
    sys.exit()

names = ["input_ids", "attention_mask", "token_type_ids"]
inputs = tuple(torch.ones(2, 5, dtype=torch.int64) for _ in names)
axes = {0: torch.export.Dim("batch", max=64), 1: torch.export.Dim("length", max=32)}
program = torch.onnx.export(net, inputs, input_names=names, output_names=["last_hidden_state"], dynamo=True, optimize=False, verbose=False, dynamic_shapes=(axes,) * 3)
for n in [*program.model.graph, *(n for f in program.model.functions.values() for n in f)]:
    n.metadata_props.clear()  # where in which file the line of Python is
program.save(folder / "model.onnx")
tokenizer = {
    "version": "1.0",
    "added_tokens": [{"id": i, "content": t, "special": True} for i, t in enumerate(TOKENS[:2])],
    "pre_tokenizer": {"type": "Split", "pattern": {"Regex": "[\\s\\S]"}, "behavior": "Isolated", "invert": False},
    "model": {"type": "WordLevel", "vocab": {t: i for i, t in enumerate(TOKENS)}, "unk_token": "[UNK]"},
}
(folder / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1) + "\n")
