"""Exports torchvision's ResNet-18, as PyTorch makes it, for the test of recipe finetune, and
checks that PyTorch takes the weights that lab has trained:

    python resnet18.py export model.onnx
    python resnet18.py check tuned.onnx      # prints how many tensors differ from the export
"""

import sys
import warnings

import onnx
import torch
import torchvision
from onnx import numpy_helper

warnings.filterwarnings("ignore")
torch.manual_seed(0)
net = torchvision.models.resnet18(num_classes=20)
if sys.argv[1] == "export":
    net.eval()
    torch.onnx.export(net, (torch.randn(2, 3, 32, 32),), sys.argv[2], input_names=["image"], output_names=["logits"], dynamo=False,
                      training=torch.onnx.TrainingMode.PRESERVE, do_constant_folding=False,
                      dynamic_axes={"image": {0: "batch", 2: "height", 3: "width"}, "logits": {0: "batch"}})
else:
    m = onnx.load(sys.argv[2])
    onnx.checker.check_model(m)
    state = {t.name: torch.from_numpy(numpy_helper.to_array(t).copy()) for t in m.graph.initializer}
    before = {k: v.clone() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    net.fc = torch.nn.Linear(512, 10)
    missing, extra = net.load_state_dict(state, strict=False)
    assert not extra and all(k.endswith("num_batches_tracked") for k in missing), (missing, extra)
    print(sum(v.shape != state[k].shape or not torch.equal(v, state[k]) for k, v in before.items()), "of", len(before))
