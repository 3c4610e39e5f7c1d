"""Measures an MLflow store ("sqlite" or "file") in the current folder with so many
runs, and prints points/s, bytes a point and the milliseconds of a search."""
import json, os, sys, time

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
import logging

logging.disable(logging.WARNING)
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

store, runs = sys.argv[1], int(sys.argv[2])
uri = "sqlite:///mlflow.db" if store == "sqlite" else "file:" + os.path.abspath("mlruns")
client = MlflowClient(tracking_uri=uri)
experiment = client.create_experiment("bench")
out = {}


def size():
    if store == "sqlite":
        return os.path.getsize("mlflow.db")
    return sum(os.path.getsize(os.path.join(d, f)) for d, _, fs in os.walk("mlruns") for f in fs)


run = client.create_run(experiment).info.run_id
n, begin = 0, time.perf_counter()
while time.perf_counter() - begin < 3:
    client.log_metric(run, "loss", 1 / (n + 1), step=n)
    n += 1
out["single points"] = n / (time.perf_counter() - begin)

run = client.create_run(experiment).info.run_id
before = size()
n, begin = 0, time.perf_counter()
while time.perf_counter() - begin < 5 or n < 10_000:
    client.log_batch(run, metrics=[Metric(f"m{k % 4}", 1 / (n + k + 1), 3 * (n + k), (n + k) // 4) for k in range(1000)])
    n += 1000
out["batches"] = n / (time.perf_counter() - begin)
out["bytes"] = (size() - before) / n

experiment = client.create_experiment("many")
for i in range(runs):
    run = client.create_run(experiment).info.run_id
    client.log_batch(run, metrics=[Metric(f"m{k:02}", (i * 7919 + k * 31) % 10_000 + 0.1, 1, 1) for k in range(20)],
                     params=[Param(f"p{k:02}", str(i // 5 * (k + 1) % 97)) for k in range(20)])
times = []
for _ in range(5):
    begin = time.perf_counter()
    found = client.search_runs([experiment], "metrics.m03 < 5000", order_by=["metrics.m03 ASC"], max_results=100)
    times.append(1e3 * (time.perf_counter() - begin))
    assert len(found) > 0
out["search"] = sorted(times)[len(times) // 2]
print(json.dumps(out))
