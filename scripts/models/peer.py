"""ONNX Runtime's quantizer, and what its models compute in float."""

import logging
import tempfile
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import onnx
from onnx import version_converter
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.operators.qdq_base_operator import QDQOperatorBase
from onnxruntime.quantization.registry import QDQRegistry
from onnxruntime.quantization.shape_inference import quant_pre_process

from judging import feeds_for, open_plain

# It warns of each bias that is computed in the graph.
logging.disable(logging.WARNING)


class Reader(CalibrationDataReader):
    def __init__(self, model, samples):
        session = open_plain(model)
        self.feeds = iter([feeds_for(session, sample) for sample in samples])

    def get_next(self):
        return next(self.feeds, None)


def peer(model, samples, method, target, everything=False):
    """QDQ, int8, weights by channel, and what it advises to do before. `everything`: operators that it leaves in float get quantized tensors around
    them too."""
    with tempfile.TemporaryDirectory() as folder:
        model = at_least(OLDEST, model, Path(folder) / "converted.onnx")
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        except Exception:  # Some models it cannot prepare, and quantizes as they are.
            prepared = model
        kinds = dict(quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
        with every_type(prepared) if everything else default_types() as types:
            method = getattr(CalibrationMethod, method)
            with redirect_stdout(StringIO()):  # It prints what it collects.
                quantize_static(str(prepared), str(target), Reader(prepared, samples), calibrate_method=method, op_types_to_quantize=types, **kinds)


# The first opset whose DequantizeLinear takes scales by channel: in older models ONNX Runtime writes what it cannot open.
OLDEST = 13


def at_least(opset, model, converted):
    """The model's path, or that of the same model in a newer opset."""
    loaded = onnx.load(model)
    if max(one.version for one in loaded.opset_import if one.domain in ("", "ai.onnx")) >= opset:
        return model
    try:
        onnx.save(version_converter.convert_version(loaded, opset), converted)
    except Exception:  # The converter does not know other domains' operators: the model stays as it is.
        return model
    return converted


@contextmanager
def default_types():
    yield None


# How many values NonMaxSuppression gives depends on the data: squire leaves it in float as well.
NEVER = {"Constant", "If", "Loop", "Scan", "NonMaxSuppression"}


@contextmanager
def every_type(model):
    """All types of the model are registered as if ONNX Runtime quantized them: the tensors that they read and write, no more."""
    types = {node.op_type for node in onnx.load(model, load_external_data=False).graph.node} - NEVER
    added = types - set(QDQRegistry)
    QDQRegistry.update({kind: QDQOperatorBase for kind in added})
    try:
        yield sorted(types)
    finally:
        for kind in added:
            del QDQRegistry[kind]


def operators_in_float(path):
    """Of a model that ONNX Runtime quantized: operators on activations in integers and in float. In integers is what reads dequantized tensors
    alone, and an activation function between such an operator and a QuantizeLinear."""
    graph = onnx.shape_inference.infer_shapes(onnx.load(path)).graph
    types = {one.name: one.type.tensor_type.elem_type for one in [*graph.value_info, *graph.input, *graph.output]}
    producer = {output: node for node in graph.node for output in node.output}
    quantized = {name for node in graph.node if node.op_type == "QuantizeLinear" for name in node.input[:1]}
    data, whole = {one.name for one in graph.input}, set()
    counts = [0, 0]
    for node in graph.node:
        read = [name for name in node.input if name in data]
        if not read or node.op_type in ("Shape", "Size"):
            continue
        data.update(node.output)
        floats = [name for name in read if types.get(name, onnx.TensorProto.FLOAT) == onnx.TensorProto.FLOAT]
        if node.op_type in ("QuantizeLinear", "DequantizeLinear") or not floats:
            continue
        dequantized = all(name in producer and producer[name].op_type == "DequantizeLinear" for name in floats)
        fused = node.op_type in ("Relu", "Clip") and floats[0] in whole and node.output[0] in quantized
        if dequantized:
            whole.update(node.output)
        counts[0 if dequantized or fused else 1] += 1
    return counts
