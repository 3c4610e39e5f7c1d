"""Logs to an MLflow database in the folder given, and prints what MLflow reads
back: {run name: {metric: [[step, value], …]}}, the last of several at a step."""
import json, os, random, sys

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.chdir(sys.argv[1])
import mlflow

mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("live")
random.seed(1)
for name in ["a", "b"]:
    with mlflow.start_run(run_name=name):
        for step in range(30):
            mlflow.log_metrics({"m/loss": random.random(), "acc": random.random() * 10 ** random.randint(-9, 9)}, step=step // 2)
client = mlflow.MlflowClient()
out = {}
for run in client.search_runs([client.get_experiment_by_name("live").experiment_id]):
    out[run.info.run_name] = {}
    for metric in run.data.metrics:
        history = {}
        for m in sorted(client.get_metric_history(run.info.run_id, metric), key=lambda m: m.timestamp):
            history[m.step] = m.value
        out[run.info.run_name][metric] = sorted(history.items())
print(json.dumps(out))
