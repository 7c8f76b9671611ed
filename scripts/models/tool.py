"""Runs of squire's command line, what they cost and where they wrote."""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A process inherits the peak memory of the one that it was forked from: a small one stands between.
SMALL = """import json, resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
used = resource.getrusage(resource.RUSAGE_CHILDREN)
with open(sys.argv[1], "w") as file:
    json.dump({"cpuSeconds": round(used.ru_utime + used.ru_stime, 1), "peakMb": used.ru_maxrss // 1024}, file)
sys.exit(status)"""


class Quantized:
    """One run: `error`, or a folder for each mode that was quantized."""

    def __init__(self, model, data, samples, folder, words=()):
        folder.mkdir()
        cost, log = folder / "cost.json", folder / "log.txt"
        given = ["-m", str(model), "-d", str(data), "-s", str(folder), "-cd", str(data.with_suffix(".arrow")), "-i", str(samples), "-od", "-cn", "1"]
        # Its own metric and comparison are not asked for: both tools are measured here, on other samples.
        given += ["--compare-iteration", "0", "--eval-iteration", "1", *words]
        command = [sys.executable, "-c", SMALL, str(cost), "node", str(ROOT / "dist/src/main.js"), "quant", *given]
        with open(log, "w") as file:
            status = subprocess.call(command, stdout=file, stderr=subprocess.STDOUT, cwd=ROOT)
        self.name, self.folder, self.log, self.cost = model.stem, folder, log.read_text(), json.loads(cost.read_text())
        self.error = self.log.strip().splitlines()[-1][:300] if status != 0 else None

    def results(self):
        """What report.json says of each quantization."""
        return [one for one in json.loads((self.folder / "report.json").read_text())["results"] if one.get("error") is None]

    def file(self, result, form):
        return self.folder / result["directory"] / f"{self.name}_{form}.onnx"

    def operators(self):
        """How many are in integers and in float, and why."""
        counts = re.search(r"(\d+) operators? on the chip, (\d+) in software", self.log)
        found = dict(integer=int(counts[1]), float=int(counts[2])) if counts else {}
        return {**found, "reasons": re.findall(r"in software, because (.+)", self.log)}
