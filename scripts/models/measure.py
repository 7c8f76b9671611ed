"""Quantizes models with squire and with ONNX Runtime on the same samples, measures both on other samples, and writes docs/models.md and its picture.

python scripts/models/measure.py FOLDER [--only NAME...] [--jobs 2] [--samples 24] [--tests 400] [--splits 3] [--out docs/models.md] [--results FILE]
    [--again] [--write-only]

FOLDER has NAME.onnx, and NAME.npz and NAME.test.npz with samples, as export.py and collect.py write them; squire must be built. Of each model the
samples are dealt several times into those to calibrate on and those to judge. Results are kept in a JSON file, by model, so that a run can be
continued: a model that has a result is measured again with --again alone. Small models are measured first; of models of more than LARGE bytes less
is measured. All samples are used where they have labels, texts to be read or sounds.
"""

import argparse
import json
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from judging import Judge
from measured import LARGE, MODES, MODES_OF_LARGE, PEERS
from page import page
from peer import operators_in_float, peer
from picture import picture
from splits import rows, splits
from tool import ROOT, Quantized

FORMS = {"": "quantize", " qdq": "qdq"}


def size_of(model):
    """Of the weights, beside the model or in it."""
    return sum(path.stat().st_size for path in (model, model.with_name(f"{model.name}.data")) if path.exists())


class Measurement:
    """One deal of the samples: what each column of the page has for it."""

    def __init__(self, name, model, calibration, test, folder):
        self.model, self.folder, self.data = model, folder, folder / "calibration.npz"
        self.calibration = {key: values for key, values in calibration.items() if key != "label"}
        self.judge = Judge(name, model, test)
        self.columns = {"float": {"task": self.judge.float_task()}}
        np.savez(self.data, **self.calibration)

    def quantized(self, folder, words=()):
        samples = len(next(iter(self.calibration.values())))
        return Quantized(self.model, self.data, samples, self.folder / folder, words)

    def squire(self, modes):
        """What it takes by itself first, then the other modes, with the statistics of the first run; the model's facts."""
        first = self.quantized("default")
        if first.error is not None:
            return {**first.operators(), "error": first.error}
        [taken] = first.results()
        found = self.judged(first, taken)
        pick = {"mode": taken["mode"], "zeroPoints": taken["zeroPoints"]["policy"], "pads": taken["zeroPoints"]["pads"]}
        self.add("default", {form: {**one, **pick} for form, one in found.items()})
        self.add(taken["mode"], found)
        others = [mode for mode in modes if mode != taken["mode"]]
        more = self.quantized("modes", ["-qm", *others])
        for result in more.results() if more.error is None else []:
            self.add(result["mode"], self.judged(more, result))
        return {**first.operators(), **first.cost}

    def judged(self, run, result):
        return {form: self.judge.of(run.file(result, file)) for form, file in FORMS.items()}

    def add(self, column, forms):
        self.columns.update({f"{column}{form}": one for form, one in forms.items()})

    def peers(self, modes):
        for mode in modes:
            self.peer(f"peer {mode}", mode)
        # What its float operators are worth to it.
        if self.columns.get("peer min_max", {}).get("float", 0) > 0 < self.columns["peer min_max"]["integer"]:
            self.peer("peer everything", "min_max", everything=True)

    def peer(self, column, mode, everything=False):
        target = self.folder / "peer.onnx"
        try:
            peer(self.model, rows(self.calibration), PEERS[mode], target, everything)
            integer, float_ = operators_in_float(target)
            self.columns[column] = {**self.judge.of(target), "integer": integer, "float": float_}
        except Exception as error:  # That another tool fails on a model is a result as well.
            self.columns[column] = {"error": f"{type(error).__name__}: {str(error)[:160]}"}


def measure(name, folder, options):
    model = folder / f"{name}.onnx"
    is_large = size_of(model) > LARGE
    modes = MODES_OF_LARGE if is_large else MODES
    facts = {"weightsMb": round(size_of(model) / 2**20, 1), "nodes": len(onnx.load(model, load_external_data=False).graph.node)}
    measured = []
    for calibration, test in splits(folder, name, options.splits, options.samples, options.tests):
        facts["samples"] = [len(next(iter(part.values()))) for part in (calibration, test)]
        with tempfile.TemporaryDirectory() as place:
            one = Measurement(name, model, calibration, test, Path(place))
            facts = {**one.squire(modes), **facts}
            if "error" in facts:
                return facts
            one.peers([mode for mode in PEERS if mode in modes])
            measured.append(one.columns)
    return {**facts, "splits": measured}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/models.md")
    parser.add_argument("--results", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="models measured at the same time")
    parser.add_argument("--samples", type=int, default=24, help="to calibrate on")
    parser.add_argument("--tests", type=int, default=400, help="other samples, to judge, at most")
    parser.add_argument("--splits", type=int, default=3, help="times that the samples are dealt anew")
    parser.add_argument("--again", action="store_true", help="measure models that have a result, too")
    parser.add_argument("--write-only", action="store_true")
    options = parser.parse_args()
    options.folder = options.folder.absolute()  # The tool runs in another folder.
    path = options.results or options.folder / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    found = sorted(file.stem for file in options.folder.glob("*.onnx") if (options.folder / f"{file.stem}.npz").exists())
    wanted = [name for name in options.only or found if options.again or name not in results]
    with ProcessPoolExecutor(options.jobs) as pool:
        smallest = sorted(wanted, key=lambda name: size_of(options.folder / f"{name}.onnx"))
        running = {pool.submit(measure, name, options.folder, options): name for name in ([] if options.write_only else smallest)}
        for future in as_completed(running):
            name = running[future]
            try:
                results[name] = future.result()
            except Exception as error:  # The next model may be measured all the same.
                print(f"{name}: not measured: {type(error).__name__}: {str(error)[:300]}", flush=True)
                continue
            print(name, results[name].get("error", "measured"), flush=True)
            path.write_text(json.dumps(dict(sorted(results.items())), indent=1))
    options.out.write_text(page(results, ort.__version__, options.folder / "plans.json"))
    picture(results, options.out.with_suffix(".svg"))


if __name__ == "__main__":
    main()
