#!/bin/sh
# Makes a virtual environment with PyTorch, ONNX Runtime and gRPC in the folder given
# and notes its Python in FOLDER/lab.env. Where that cannot be done it says so and
# succeeds: the tests that need them are then skipped, and say so, too.
set -u
venv=$1
here=$(cd "$(dirname "$0")" && pwd)

works() { "$1" -c 'import torch, numpy, onnx, onnxruntime, onnxscript, PIL, safetensors' 2>/dev/null; }
serves() { "$1" -c 'import grpc, grpc_tools, cryptography' 2>/dev/null || echo "no gRPC: pip install grpcio-tools cryptography; tests of the Python plugin will be skipped" >&2; }
plays() { "$1" -c 'import gymnasium' 2>/dev/null || echo "no Gymnasium: pip install gymnasium; tests that play its environments will be skipped" >&2; }
note() { serves "$1"; plays "$1"; mkdir -p "$venv" && echo "LAB_PYTHON=$1" >"$venv/lab.env" && echo "PyTorch: $("$1" -c 'import torch; print(torch.__version__)') ($1)"; }
give_up() { echo "no PyTorch: $1; tests that compare with it will be skipped" >&2; exit 0; }

for python in "${LAB_PYTHON:-}" "$(command -v python3)"; do
	if [ -n "$python" ] && works "$python"; then
		note "$(command -v "$python")"
		exit 0
	fi
done
command -v python3 >/dev/null || give_up "there is no python3"
echo "installing PyTorch and ONNX Runtime into $venv (some GB, once)"
python3 -m venv "$venv" >/dev/null || give_up "python3 -m venv failed"
log=$venv/pip.log
"$venv/bin/python" -m pip install --disable-pip-version-check -r "$here/requirements.txt" -r "$here/../python-plugin/requirements.txt" >"$log" 2>&1 ||
	give_up "pip install failed, see $log"
works "$venv/bin/python" || give_up "it does not load after the installation, see $log"
note "$(cd "$venv" && pwd)/bin/python"
