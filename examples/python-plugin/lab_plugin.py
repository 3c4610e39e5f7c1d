"""A plugin's end of lab's contract, in Python: what lab.proto asks for, and no more.

    serve(pb.Description(...), {"recipe": train})

It knows nothing of any family. For a plugin of your own copy it, and put the lab.proto
that `lab plugin contract` prints beside it.
"""

import base64
import datetime
import hashlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent.parent / "core/internal/wire")]  # where lab.proto may be
pb, services = grpc.protos_and_services("lab.proto")

VERSION = 1  # of the contract
COOKIE = "3f1c7a52b0e84d0f9d6c"


class Run:
    """One run as its recipe sees it."""

    def __init__(self, spec):
        self.spec, self.dir = spec, Path(spec.dir)
        self.params = {v.key: {"int": int, "float": float, "bool": "true".__eq__}.get(v.type, str)(v.value) for v in spec.params}
        self.begin, self.stop = time.monotonic(), threading.Event()
        self.events = queue.Queue(maxsize=4096)  # a host that is slow makes the recipe wait

    def stopped(self):
        """Whether the run shall end soon: write a checkpoint, return "cancelled"."""
        return self.stop.is_set()

    def log(self, step, **metrics):
        self.events.put((step, int((time.monotonic() - self.begin) * 1e6), metrics))

    def progress(self, **fields):
        self.events.put(pb.Event(progress=pb.Progress(**fields)))

    def fact(self, key, value):
        self.events.put(pb.Event(fact=pb.Fact(key=key, value=str(value))))

    def print(self, text, level=0):
        for line in text.splitlines():
            self.events.put(pb.Event(log=pb.Log(level=level, text=line)))

    def model(self, write, step=0):
        """Saves an ONNX file; write is given the path to write to."""
        file = self._file("model.onnx" if step == 0 else f"model-{step:06}.onnx", write)
        self.events.put(pb.Event(artifact=pb.Artifact(name="model", kind="model", step=step, **file)))

    def checkpoint(self, step, write):
        self.events.put(pb.Event(checkpoint=pb.Checkpoint(step=step, **self._file(f"checkpoints/{step:06}.ckpt", write))))

    def _file(self, path, write):
        """Writes a file so that a kill at any moment leaves the whole of it or nothing."""
        to = self.dir / path
        to.parent.mkdir(exist_ok=True)
        draft = to.with_name(f".tmp-{to.name}")
        write(str(draft))
        with open(draft, "rb") as f:
            content = f.read()
            os.fsync(f.fileno())
        draft.rename(to)
        return dict(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))

    def stream(self, train):
        """The events of the run: points in batches of 1024 or of a second, Done as the last."""
        threading.Thread(target=self._work, args=(train,), daemon=True).start()
        names, batch, due = {}, pb.Metrics(), 0.0
        while True:
            try:
                e = self.events.get(timeout=1)
            except queue.Empty:
                e = None
            if isinstance(e, tuple):
                step, at, metrics = e
                for name, value in metrics.items():
                    if name not in names:
                        names[name] = len(names)
                        batch.names.append(name)
                    batch.name.append(names[name])
                    batch.step.append(step)
                    batch.time_us.append(at)
                    batch.value.append(value)
            if batch.name and (not isinstance(e, tuple) or len(batch.name) >= 1024 or time.monotonic() > due):
                yield pb.Event(metrics=batch)
                batch, due = pb.Metrics(), time.monotonic() + 1
            if isinstance(e, pb.Event):
                yield e
                if e.HasField("done"):
                    return

    def _work(self, train):
        try:
            done = pb.Done(status=train(self) or "finished")
            if done.status == "cancelled":
                done.reason = "stopped"
        except Exception as e:
            self.print(traceback.format_exc(), level=2)
            why = f"{type(e).__name__}: {e}"
            done = pb.Done(status="failed", reason=why, error=pb.Error(kind=2, message=why))
        self.events.put(pb.Event(done=done))


class Family(services.FamilyServicer):
    def __init__(self, description, recipes):
        self.description, self.recipes, self.run = description, recipes, None

    def Describe(self, request, context):
        return self.description

    def Train(self, spec, context):
        if spec.recipe not in self.recipes:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"there is no recipe {spec.recipe}")
        self.run = Run(spec)
        try:
            yield from self.run.stream(self.recipes[spec.recipe])
        finally:
            self.run = None

    def Stop(self, request, context):
        run = self.run
        if run:
            run.stop.set()
        return pb.StopReply(running=run is not None)


def certificate():
    """A key and a certificate that vouches for itself, as PEM, and the latter as DER."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    cert = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - datetime.timedelta(hours=1), now + datetime.timedelta(days=365))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(usage, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return secret, cert.public_bytes(serialization.Encoding.PEM), cert.public_bytes(serialization.Encoding.DER)


def watch_host():
    """Ends this process and its children as soon as the host is gone."""
    fd = int(os.environ["LAB_LIVENESS_FD"])
    os.set_inheritable(fd, False)
    os.read(fd, 1)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def serve(description, recipes):
    if os.environ.get("LAB_PLUGIN_COOKIE") != COOKIE:
        sys.exit(f"lab-plugin-{description.name}: {description.doc}\nThis is a plugin of lab: lab plugin install --link {sys.argv[0]}")
    if str(VERSION) not in os.environ["PLUGIN_PROTOCOL_VERSIONS"].split(","):
        sys.exit(f"LAB_PLUGIN_VERSIONS={VERSION}")
    handshake = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed goes to the log
    threading.Thread(target=watch_host, daemon=True).start()
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    server = grpc.server(ThreadPoolExecutor(8))
    services.add_FamilyServicer_to_server(Family(description, recipes), server)
    answer = lambda reply, then=lambda: None: grpc.unary_unary_rpc_method_handler(lambda *_: then() or reply)
    server.add_generic_rpc_handlers((
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": answer(b"\x08\x01")}),  # SERVING
        grpc.method_handlers_generic_handler("plugin.GRPCController", {"Shutdown": answer(b"", lambda: server.stop(0.2) and None)}),
    ))
    key, pem, der = certificate()
    socket = os.path.join(os.environ["PLUGIN_UNIX_SOCKET_DIR"], "plugin.sock")
    host = os.environ["PLUGIN_CLIENT_CERT"].encode()
    server.add_secure_port("unix:" + socket, grpc.ssl_server_credentials([(key, pem)], root_certificates=host, require_client_auth=True))
    server.start()
    print(1, VERSION, "unix", socket, "grpc", base64.b64encode(der).decode().rstrip("="), sep="|", file=handshake, flush=True)
    server.wait_for_termination()
