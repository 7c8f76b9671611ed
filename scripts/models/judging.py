"""How near a model comes to the float model, and how many of its answers are right.

All models run in ONNX Runtime with graph optimization disabled: its own int8 kernels saturate on some processors. SQNR is that of the
worst float output over all test samples: 10 log10(sum of squares / sum of squared errors). Where a Softmax writes an output, its scores are judged,
less their mean, as that is all that a Softmax reads: of probabilities near 0 and 1, one sample in a hundred makes most of the noise.
"""

import numpy as np
import onnx
import onnxruntime as ort

from likeness import boxes_alike, codes, decibels, lines_right, masks_alike, shared_areas
from measured import IN_DECIBELS
from splits import rows


# What may lie between a Softmax and the output that it writes.
PASSING = {"Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Identity", "QuantizeLinear", "DequantizeLinear", "Cast"}


def last_softmax(graph, output):
    """The Softmax whose values an output holds, if there is one."""
    producer = {name: node for node in graph.node for name in node.output}
    node = producer.get(output)
    while node is not None and node.op_type in PASSING:
        node = producer.get(node.input[0])
    return node if node is not None and node.op_type == "Softmax" else None


def open_with_scores(path):
    """A session whose model has the scores of last Softmaxes as further outputs; output -> (scores, axis, whether all axes from it on count)."""
    model = onnx.load(path)
    opset = max(one.version for one in model.opset_import if one.domain in ("", "ai.onnx"))
    found = {one.name: last_softmax(model.graph, one.name) for one in model.graph.output}
    scores = {}
    for output, node in found.items():
        if node is not None:
            axis = next((one.i for one in node.attribute if one.name == "axis"), -1 if opset >= 13 else 1)
            scores[output] = node.input[0], axis, opset < 13
    if not scores:
        return open_plain(path), scores
    have = {one.name for one in model.graph.output}
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in {name for name, *_ in scores.values()} - have)
    return open_plain(model.SerializeToString()), scores


def centred(values, axis, all_after):
    """Scores of several samples, [samples, ...], less their mean over the axes that a Softmax sums over."""
    first = axis + 1 if axis >= 0 else values.ndim + axis
    return values - values.mean(tuple(range(first, values.ndim)) if all_after else first, keepdims=True)


def open_plain(model):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(model if isinstance(model, bytes) else str(model), options, providers=["CPUExecutionProvider"])


def feeds_for(session, sample):
    """The sample with each input at its rank and type: a row of inputs without a batch axis is the input itself, and quantized models of half
    precision take float32."""
    types = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
    feeds = {}
    for one in session.get_inputs():
        value = sample[one.name] if one.name in sample else next(iter(sample.values()))
        row = value if value.ndim == len(one.shape) else np.asarray(value[0])
        feeds[one.name] = row.astype(types.get(one.type, row.dtype))
    return feeds


def texts(scores):
    """The last code is a space, which nobody sees at the ends."""
    space, read = scores.shape[-1] - 1, []
    for line in codes(scores):
        seen = [i for i, code in enumerate(line) if code != space]
        read.append(line[seen[0] : seen[-1] + 1] if seen else [])
    return read


def decisions(probabilities):
    """Whether each is above a half, as those decide who use a detector."""
    return (probabilities.reshape(len(probabilities), -1) > 0.5).tolist()


# What is read from the first output of models without labels: it is right where it is as the float model's.
READ_ALIKE = {"ppocr_recognizer": texts}
READ_ALIKE.update(dict.fromkeys(["silero_vad", "silero_vad_v6", "silero_vad_legacy"], decisions))
READ_ALIKE.update(dict.fromkeys([f"oww_{word}" for word in ("alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "timer", "weather")], decisions))
# How alike the first output is to the float model's, where it is not read exactly: from 0 to 1.
ALIKE = {"ddddocr_detector": boxes_alike, "isnet": masks_alike, "isnet_dynamic": masks_alike}
# How good the first output is beside the labels, where they are not classes: from 0 to 1, or in dB.
GOOD = {"trained_unet": shared_areas, **dict.fromkeys(IN_DECIBELS, decibels)}
GOOD.update(dict.fromkeys(["trained_crnn", "ddddocr_reader", "ddddocr_reader_dynamic"], lines_right))


class Judge:
    """Knows what the float model makes of the test samples."""

    def __init__(self, name, model, test):
        outputs = [one.name for one in open_plain(model).get_outputs() if one.type in ("tensor(float)", "tensor(float16)")]
        self.name, self.samples, self.labels, self.outputs = name, rows(test), test.get("label"), outputs
        self.expected, self.judged = self.values(model)

    def values(self, path):
        """What the outputs are, and what is judged of them."""
        session, scores = open_with_scores(path)
        names = [*self.outputs, *(scores[name][0] for name in self.outputs if name in scores)]
        found = [session.run(names, feeds_for(session, sample)) for sample in self.samples]
        values = {name: np.stack([row[i] for row in found]).astype(np.float64) for i, name in enumerate(names)}
        of = lambda name: centred(values[scores[name][0]], *scores[name][1:]) if name in scores else values[name]
        return {name: values[name] for name in self.outputs}, {name: of(name) for name in self.outputs}

    def float_task(self):
        return self.task(self.expected)

    def of(self, path):
        got, judged = self.values(path)
        worst = {"sqnr": 999.0, "cosine": 1.0}
        for name, a in self.judged.items():
            b = judged[name].reshape(a.shape)
            signal, noise = float((a**2).sum()), float(((a - b) ** 2).sum())
            if signal == 0:
                continue
            sqnr = 10 * np.log10(signal / max(noise, signal * 1e-12))
            cosine = float((a * b).sum() / max(1e-300, np.sqrt((a**2).sum() * (b**2).sum())))
            if sqnr < worst["sqnr"]:
                worst = {"sqnr": round(float(sqnr), 2), "cosine": round(cosine, 5)}
        return {**worst, "task": self.task(got)}

    def task(self, values):
        """How good the answers are where there are labels; the share of what is read as from the float model, where something is read;
        how alike detections and masks are to the float model's."""
        scores, expected = next(iter(values.values())), next(iter(self.expected.values()))
        if self.name in GOOD:
            return round(GOOD[self.name](scores, self.labels), 4)
        if self.labels is not None:
            return round(float((scores.reshape(len(self.labels), -1).argmax(1) == self.labels).mean()), 4)
        if self.name in READ_ALIKE:
            answers = READ_ALIKE[self.name]
            return round(float(np.mean([a == b for a, b in zip(answers(scores), answers(expected))])), 4)
        return round(ALIKE[self.name](scores, expected), 4) if self.name in ALIKE else None
