"""PyTorch as a contender: answers the lines of bench/protocol.

    python serve.py MODE THREADS

MODE is eager (what most people write), tuned (channels last, fused Adam), compile
(torch.compile on top of that), onnxruntime (what has an ONNX file) or numpy (its matmul,
for sweeps).
"""

import json
import os
import sys
import time
import warnings

# Answers go to the real stdout; whatever a library prints must not get between them.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
warnings.filterwarnings("ignore")

import torch  # noqa: E402

# First of all, so that the threads which start later inherit it; lab does the same.
flushed = torch.set_flush_denormal(True)
mode, threads = sys.argv[1], int(sys.argv[2])
torch.set_num_threads(threads)

import networks  # noqa: E402
import ops  # noqa: E402

if mode == "onnxruntime":
    import runtime


def versions():
    if mode == "numpy":
        return ops.numpy_versions()
    if mode == "onnxruntime":
        return runtime.versions()
    config = torch.__config__.show()
    onednn = next((line.split("(Git")[0].strip(" -") for line in config.split("\n") if "MKL-DNN" in line), "no oneDNN")
    blas = config.split("BLAS_INFO=")[1].split(",")[0] if "BLAS_INFO=" in config else "unknown"
    return [
        "PyTorch " + torch.__version__,
        "BLAS " + blas,
        onednn.replace("Intel(R) MKL-DNN", "oneDNN"),
        torch.backends.cpu.get_cpu_capability(),
        f"{torch.get_num_threads()} threads",
        "denormals flushed" if flushed else "denormals as they are",
    ]


def build(request):
    name = request["workload"]
    if mode == "onnxruntime":
        if not runtime.has(request.get("state")):
            raise networks.Missing("it runs ONNX files, and there is none")
        return runtime.Work(request["state"], threads)
    if name in ops.TABLE:
        if mode not in ops.TABLE[name]:
            raise networks.Missing(f"{mode} has no {name}")
        return ops.TABLE[name][mode](*request["args"])
    if name not in networks.TABLE or mode == "numpy":
        raise networks.Missing(f"there is no workload {name!r}")
    if mode == "compile":
        torch._dynamo.reset()  # its limit of recompilations counts across networks
    try:
        work = networks.TABLE[name](networks.Tuning(mode))
    except ModuleNotFoundError as why:  # torchvision
        raise networks.Missing(str(why))
    if request.get("state"):
        work.load(request["state"])
    return work


def answer(request, work):
    steps = request.get("steps", 0)
    if request["do"] == "check":
        losses = []
        for _ in range(steps):
            losses += [float(v) for v in work.step()]
        return {"losses": losses}
    step = work.step
    for _ in range(request.get("warm", 0)):
        step()
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return {"seconds": time.perf_counter() - start}


def main():
    work = None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["do"] == "hello":
                reply = {"versions": versions()}
            elif request["do"] == "build":
                work = None  # before the next one takes its memory
                work = build(request)
                reply = {"parameters": work.parameters}
            else:
                reply = answer(request, work)
        except networks.Missing as why:
            reply = {"missing": str(why)}
        except Exception as why:  # every mistake is an answer: the harness must not wait for one
            reply = {"error": f"{type(why).__name__}: {why}".split("\n")[0]}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


main()
