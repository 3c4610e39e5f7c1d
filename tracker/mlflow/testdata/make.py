"""Makes mlflow.sql, a small tracking database of MLflow (pip install mlflow), and
artifacts/ beside it: python make.py"""
import math, os, re, shutil, sqlite3, tempfile

os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
here = os.path.dirname(os.path.abspath(__file__))
work = tempfile.mkdtemp()
os.chdir(work)
import mlflow

mlflow.set_tracking_uri("sqlite:///mlflow.db")
experiment = mlflow.create_experiment("digits", artifact_location="./files")
with mlflow.start_run(experiment_id=experiment, run_name="first try", description="what it is", tags={"baseline": "true", "team": "vision"}) as parent:
    mlflow.log_params({"lr": 1e-4, "epochs": 3, "deep": True, "optimizer": "adam", "seed": 7})
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.log_metric("loss", 0.5, step=4)  # again: the later one counts
    for step, v in enumerate([math.nan, math.inf, -math.inf, 0.1]):
        mlflow.log_metric("odd value", v, step=step - 1)
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_dict({"a": 1}, "config.json")
    with mlflow.start_run(experiment_id=experiment, run_name="child", nested=True):
        mlflow.log_metric("loss", 3)
try:
    with mlflow.start_run(experiment_id=experiment):
        raise ValueError
except ValueError:
    pass
with mlflow.start_run(run_name="killed") as run:
    mlflow.end_run("KILLED")
with mlflow.start_run(run_name="deleted") as run:
    pass
mlflow.delete_run(run.info.run_id)
mlflow.MlflowClient().create_run("0", run_name="still running")

tables = ["alembic_version", "experiments", "runs", "metrics", "params", "tags"]
out = []
for line in sqlite3.connect("mlflow.db").iterdump():
    if re.match(f'(CREATE TABLE|INSERT INTO) "?({"|".join(tables)})"?[ (]', line):
        out.append(line.replace(work, "@WORK@"))  # the tests put a folder of theirs there
with open(os.path.join(here, "mlflow.sql"), "w") as f:
    f.write(f"-- Made by make.py with MLflow {mlflow.__version__}.\n" + "\n".join(out) + "\n")
shutil.rmtree(os.path.join(here, "files"), ignore_errors=True)
shutil.copytree("files", os.path.join(here, "files"))
