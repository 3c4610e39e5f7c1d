"""Makes the event files in logs/ with TensorBoard's own writer and protobufs
(pip install tensorboard): python make.py [FOLDER]"""
import math, os, shutil, struct, sys, zlib

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, types_pb2, tensor_shape_pb2
from tensorboard.plugins.hparams import plugin_data_pb2
from tensorboard.summary.writer.event_file_writer import EventFileWriter

to = sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(os.path.abspath(__file__)), "logs")
shutil.rmtree(to, ignore_errors=True)


def png(shade):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes([0, shade, 255]))) + chunk(b"IEND", b""))


class Log:
    def __init__(self, folder):
        self.w = EventFileWriter(folder)
        self.t = 1_700_000_000.25

    def add(self, step, *values):
        self.t += 0.5
        self.w.add_event(event_pb2.Event(wall_time=self.t, step=step, summary=summary_pb2.Summary(value=values)))


Value = summary_pb2.Summary.Value


def tensor(tag, plugin, **kw):
    meta = summary_pb2.SummaryMetadata(plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name=plugin))
    return Value(tag=tag, metadata=meta, tensor=tensor_pb2.TensorProto(tensor_shape=tensor_shape_pb2.TensorShapeProto(), **kw))


def hparams(tag, **kw):
    data = plugin_data_pb2.HParamsPluginData(version=0, **kw).SerializeToString()
    plugin = summary_pb2.SummaryMetadata.PluginData(plugin_name="hparams", content=data)
    return Value(tag=f"_hparams_/{tag}", metadata=summary_pb2.SummaryMetadata(plugin_data=plugin))


# As PyTorch's SummaryWriter logs.
log = Log(os.path.join(to, "train"))
log.add(0, Value(tag="loss", simple_value=1.5), Value(tag="acc", simple_value=0.25))
log.add(1, Value(tag="loss", simple_value=math.nan))
log.add(2, Value(tag="loss", simple_value=math.inf), Value(tag="histogram", histo=summary_pb2.HistogramProto(min=0, max=1)))
log.add(3, Value(tag="loss", simple_value=-0.5))
log.add(3, Value(tag="loss", simple_value=-0.75))
log.add(3, Value(tag="samples/real", image=summary_pb2.Summary.Image(height=1, width=2, colorspace=1, encoded_image_string=png(7))))
log.w.close()

# As tf.summary logs.
log = Log(os.path.join(to, "val", "deep"))
start = plugin_data_pb2.SessionStartInfo()
start.hparams["lr"].number_value = 0.001
start.hparams["layers"].number_value = 3
start.hparams["deep"].bool_value = True
start.hparams["optimizer"].string_value = "adam"
log.add(0, hparams("session_start_info", session_start_info=start))
log.add(10, tensor("loss", "scalars", dtype=types_pb2.DT_FLOAT, float_val=[0.5]))
log.add(20, tensor("loss", "scalars", dtype=types_pb2.DT_DOUBLE, double_val=[0.1]))
log.add(30, tensor("loss", "scalars", dtype=types_pb2.DT_FLOAT, tensor_content=struct.pack("<f", 0.25)))
log.add(40, tensor("loss", "scalars", dtype=types_pb2.DT_INT64, int64_val=[-3]))
log.add(50, tensor("loss", "scalars", dtype=types_pb2.DT_HALF, half_val=[0x3555]))
log.add(60, tensor("loss", "scalars", dtype=types_pb2.DT_BFLOAT16, tensor_content=struct.pack("<H", 0x3FC0)))
log.add(60, tensor("words", "text", dtype=types_pb2.DT_STRING, string_val=[b"hello"]))
log.add(60, tensor("images/x", "images", dtype=types_pb2.DT_STRING, string_val=[b"2", b"1", png(9)]))
log.add(60, hparams("session_end_info", session_end_info=plugin_data_pb2.SessionEndInfo(status=2)))  # failure
log.w.close()

for folder, _, files in os.walk(to):  # names without the machine's
    for i, f in enumerate(files):
        os.rename(os.path.join(folder, f), os.path.join(folder, f"events.out.tfevents.1700000000.host.{i}.v2"))
