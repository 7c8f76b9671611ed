"""Quantizes models with squire and with ONNX Runtime on the same samples, measures both on other samples, and writes docs/models.md.

python scripts/models/measure.py FOLDER [--only NAME...] [--jobs 2] [--samples 16] [--tests 8] [--out docs/models.md] [--results FILE] [--write-only]

FOLDER has NAME.onnx, NAME.npz to calibrate on and NAME.test.npz to measure on, as export.py and collect.py write them; squire must be built.
Results are kept in a JSON file, by model, so that a run can be continued: a model that has a result is not measured again. Small models are
measured first; of models of more than LARGE bytes fewer modes are. All samples are used where they have labels or texts to be read.

All models run in ONNX Runtime with graph optimization disabled: its own int8 kernels saturate on some processors. SQNR is that of the
worst float output over all test samples: 10 log10(sum of squares / sum of squared errors).
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from measured import LARGE, MODES, MODES_OF_LARGE, PEERS
from page import page

ROOT = Path(__file__).resolve().parents[2]


def rows(path, most=None):
    data = np.load(path)
    arrays = {name: data[name] for name in data.files if name != "label"}
    count = len(next(iter(arrays.values())))
    return [{name: values[i : i + 1] for name, values in arrays.items()} for i in range(min(count, most or count))]


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


def open_plain(path):
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def outputs(path, samples, names):
    session = open_plain(path)
    values = [session.run(names, feeds_for(session, sample)) for sample in samples]
    return {name: np.stack([row[i] for row in values]).astype(np.float64) for i, name in enumerate(names)}


def task(name, path, values):
    """Share of right answers where there are labels; of texts read as the float model reads them, for the recognizer."""
    labels = np.load(path).get("label")
    scores = next(iter(values.values()))
    if labels is not None:
        return round(float((scores.reshape(len(labels), -1).argmax(1) == labels).mean()), 4)
    return texts(scores) if name == "ppocr_recognizer" else None


def texts(scores):
    """Runs of one code are one character, code 0 is none; the last is a space, which nobody sees at the ends."""
    space, read = scores.shape[-1] - 1, []
    for line in scores.argmax(-1).reshape(len(scores), -1):
        codes = [code for i, code in enumerate(line) if code and (i == 0 or line[i - 1] != code)]
        seen = [i for i, code in enumerate(codes) if code != space]
        read.append(codes[seen[0] : seen[-1] + 1] if seen else [])
    return read


def task_of(name, path, expected, got):
    metric = task(name, path, got)
    if not isinstance(metric, list):
        return metric
    return round(float(np.mean([a == b for a, b in zip(metric, task(name, path, expected))])), 4)


def float_outputs(path):
    return [one.name for one in open_plain(path).get_outputs() if one.type in ("tensor(float)", "tensor(float16)")]


def quality(expected, got):
    worst = {"sqnr": 999.0, "cosine": 1.0}
    for name, a in expected.items():
        b = got[name]
        signal, noise = float((a**2).sum()), float(((a - b) ** 2).sum())
        if signal == 0:
            continue
        sqnr = 10 * np.log10(signal / max(noise, signal * 1e-12))
        cosine = float((a * b).sum() / max(1e-300, np.sqrt((a**2).sum() * (b**2).sum())))
        if sqnr < worst["sqnr"]:
            worst = {"sqnr": round(float(sqnr), 2), "cosine": round(cosine, 5)}
    return worst


# A process inherits the peak memory of the one that it was forked from: a small one stands between.
SMALL = """import json, resource, subprocess, sys, time
start = time.perf_counter()
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
cost = {"seconds": time.perf_counter() - start, "cpuSeconds": used.ru_utime + used.ru_stime, "peakMb": used.ru_maxrss // 1024}
with open(sys.argv[1], "w") as file:
    json.dump({name: round(value, 1) for name, value in cost.items()}, file)
sys.exit(status)"""


def timed(words, folder):
    """Runs a command; output, status, and seconds, CPU seconds and peak memory of it and its children."""
    cost, log = Path(folder) / "cost.json", Path(folder) / "log.txt"
    with open(log, "w") as file:
        status = subprocess.call([sys.executable, "-c", SMALL, str(cost), *words], stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
    return log.read_text(), status, json.loads(cost.read_text())


def squire(model, calibration, count, folder, modes):
    words = ["node", str(ROOT / "dist/src/main.js"), "quant", "-m", str(model), "-d", str(calibration), "-s", str(folder)]
    # Its own metric is not asked for: both tools are measured here, on other samples.
    return timed([*words, "-i", str(count), "-od", "-cn", "1", "-qm", *modes, "--compare-iteration", "0", "--eval-iteration", "1"], folder)


class Reader(CalibrationDataReader):
    def __init__(self, model, samples):
        session = open_plain(model)
        self.feeds = iter([feeds_for(session, sample) for sample in samples])

    def get_next(self):
        return next(self.feeds, None)


def peer(model, samples, method, target):
    """ONNX Runtime's quantizer: QDQ, int8, weights by channel, and what it advises to do before."""
    with tempfile.TemporaryDirectory() as folder:
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(str(model), str(prepared), skip_symbolic_shape=True)
        except Exception:  # Some models it cannot prepare, and quantizes as they are.
            prepared = model
        kinds = dict(quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QInt8, weight_type=QuantType.QInt8)
        quantize_static(str(prepared), str(target), Reader(prepared, samples), calibrate_method=getattr(CalibrationMethod, method), **kinds)


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


def most(path, count):
    """All samples of a task, `count` of others."""
    return None if "label" in np.load(path).files or path.name.startswith("ppocr_recognizer") else count


def size_of(model):
    """Of the weights, beside the model or in it."""
    return sum(path.stat().st_size for path in (model, model.with_name(f"{model.name}.data")) if path.exists())


def measure(name, folder, modes, peers, samples, tests):
    model = folder / f"{name}.onnx"
    calibration, test = (rows(path, most(path, count)) for path, count in ((folder / f"{name}.npz", samples), (folder / f"{name}.test.npz", tests)))
    result = {"weightsMb": round(size_of(model) / 2**20, 1), "nodes": len(onnx.load(model, load_external_data=False).graph.node)}
    result["samples"] = [len(calibration), len(test)]
    if size_of(model) > LARGE:
        modes = [mode for mode in modes if mode in MODES_OF_LARGE]
        peers = [mode for mode in peers if mode in MODES_OF_LARGE]
    names = float_outputs(model)
    expected = outputs(model, test, names)
    labels = folder / f"{name}.test.npz"
    result["task"] = {"float": task_of(name, labels, expected, expected)}
    with tempfile.TemporaryDirectory() as out:
        log, status, cost = squire(model, folder / f"{name}.npz", len(calibration), out, modes)
        result.update(cost)
        counts = re.search(r"(\d+) operators? on the chip, (\d+) in software", log)
        if counts:
            result.update(integer=int(counts[1]), float=int(counts[2]))
            result["reasons"] = re.findall(r"in software, because (.+)", log)
        if status != 0:
            return {**result, "error": log.strip().splitlines()[-1][:300]}
        for mode in modes:
            place = Path(out) / f"{mode}_it_{len(calibration)}" if len(modes) > 1 else Path(out)
            if not place.exists():
                continue
            values = {form: outputs(place / f"{name}_{form}.onnx", test, names) for form in ("quantize", "qdq")}
            result.setdefault("modes", {})[mode] = {form: quality(expected, one) for form, one in values.items()}
            result["task"][mode] = task_of(name, labels, expected, values["quantize"])
        for mode, method in ((mode, PEERS[mode]) for mode in peers):
            target = Path(out) / "peer.onnx"
            try:
                peer(model, calibration, method, target)
                theirs = outputs(target, test, names)
                result.setdefault("peer", {})[mode] = quality(expected, theirs)
                result["peerOperators"] = operators_in_float(target)
                result["task"][f"peer {mode}"] = task_of(name, labels, expected, theirs)
            except Exception as error:  # That another tool fails on a model is a result as well.
                result.setdefault("peer", {})[mode] = {"error": f"{type(error).__name__}: {str(error)[:160]}"}
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/models.md")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--modes", nargs="*", default=MODES)
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--jobs", type=int, default=2, help="models measured at the same time")
    parser.add_argument("--samples", type=int, default=16, help="to calibrate on")
    parser.add_argument("--tests", type=int, default=8, help="other samples, to measure on")
    parser.add_argument("--write-only", action="store_true")
    options = parser.parse_args()
    path = options.results or options.folder / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    found = sorted(file.name[: -len(".onnx")] for file in options.folder.glob("*.onnx") if (options.folder / f"{file.name[:-5]}.npz").exists())
    wanted = options.only or [name for name in found if name not in results]
    asked = (options.folder, options.modes, options.peers, options.samples, options.tests)
    with ProcessPoolExecutor(options.jobs) as pool:
        smallest = sorted(wanted, key=lambda name: size_of(options.folder / f"{name}.onnx"))
        running = {pool.submit(measure, name, *asked): name for name in ([] if options.write_only else smallest)}
        for future in as_completed(running):
            name = running[future]
            try:
                results[name] = future.result()
            except Exception as error:  # The next model may be measured all the same.
                print(f"{name}: not measured: {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            print(name, json.dumps({key: value for key, value in results[name].items() if key != "reasons"}), flush=True)
            path.write_text(json.dumps(dict(sorted(results.items())), indent=1))
    options.out.write_text(page(results, ort.__version__, options.folder / "plans.json"))


if __name__ == "__main__":
    main()
