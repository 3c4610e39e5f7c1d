"""Runs a policy in ONNX Runtime: act.py MODEL STATES OUTPUT, the latter two safetensors."""

import sys

import onnxruntime
from safetensors.numpy import load_file, save_file

session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
out = session.run(None, {"obs": load_file(sys.argv[2])["obs"]})[0]
save_file({"out": out}, sys.argv[3])
