"""Prints what TensorBoard reads in a folder of runs: {run: {"scalars": {tag:
[[step, value, wall], …]}, "images": {tag: [[step, width, height], …]}, "hparams": {…}}}"""
import json, math, os, sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2

out = {}
for folder, _, files in os.walk(sys.argv[1]):
    if not any("tfevents" in f for f in files):
        continue
    acc = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    acc.Reload()
    run = {"scalars": {}, "images": {}, "hparams": {}}
    for tag in acc.Tags()["scalars"]:
        run["scalars"][tag] = [[e.step, e.value if math.isfinite(e.value) else None, e.wall_time] for e in acc.Scalars(tag)]
    for tag in acc.Tags()["images"]:
        run["images"][tag] = [[e.step, e.width, e.height] for e in acc.Images(tag)]
    content = acc.SummaryMetadata("_hparams_/session_start_info").plugin_data.content
    data = plugin_data_pb2.HParamsPluginData.FromString(content)
    for k, v in data.session_start_info.hparams.items():
        run["hparams"][k] = getattr(v, v.WhichOneof("kind"))
    end = plugin_data_pb2.HParamsPluginData.FromString(acc.SummaryMetadata("_hparams_/session_end_info").plugin_data.content)
    run["status"] = end.session_end_info.status
    out[os.path.relpath(folder, sys.argv[1])] = run
print(json.dumps(out))
