"""docs/models.md from the results of measure.py."""

import json

from measured import LARGE, MODES, MODES_OF_LARGE, PEERS


def numbers_of_samples(results):
    """How many models were measured, and on how many samples."""
    counts = sorted({tuple(one["samples"]) for one in results.values() if "samples" in one})
    of = lambda count: sum(one.get("samples") == list(count) for one in results.values())
    listed = "; ".join(f"{of(count)} calibrated on {count[0]} samples and measured on {count[1]} others" for count in counts)
    return f"{len(results)} models were measured: {listed}. Of those of more than {LARGE // 10**6} MB in {' and '.join(MODES_OF_LARGE)} alone."


def table(results):
    head = "| model | MB | operators | float | min_max | its QDQ | ONNX Runtime | its float | best mode | cosine | CPU s | peak MB |"
    lines = [head, "|" + " --- |" * 12]
    for name, one in sorted(results.items()):
        if "error" in one:
            lines.append(f"| {name} | {one['weightsMb']} | {one.get('integer', '')} | {one.get('float', '')} | {one['error']} |" + " |" * 7)
            continue
        modes, peers = one["modes"], one.get("peer", {})
        sqnr = lambda mode, form="quantize": f"{modes[mode][form]['sqnr']:.1f}" if mode in modes else ""
        other = lambda mode: f"{peers[mode]['sqnr']:.1f}" if "sqnr" in peers.get(mode, {}) else ("fails" if mode in peers else "")
        theirs = "{1} of {2}".format(*one["peerOperators"], sum(one["peerOperators"])) if "peerOperators" in one else ""
        best = max(modes, key=lambda mode: modes[mode]["quantize"]["sqnr"])
        cells = [name, one["weightsMb"], one["integer"], one["float"], sqnr("min_max"), sqnr("min_max", "qdq"), other("min_max"), theirs]
        cells += [f"{best} {sqnr(best)}", f"{modes[best]['quantize']['cosine']:.4f}", one["cpuSeconds"], one["peakMb"]]
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def beside(done):
    """Squire beside ONNX Runtime in the same mode, model by model."""
    quantized = {name: one for name, one in done.items() if one.get("peerOperators", [1])[0] > 0}
    pairs = [(name, one["modes"].get(mode), theirs) for name, one in quantized.items() for mode, theirs in one.get("peer", {}).items()]
    gains = [(name, mine["quantize"]["sqnr"] - theirs["sqnr"]) for name, mine, theirs in pairs if mine and "sqnr" in theirs]
    below = [f"{name} {gain:+.1f}" for name, gain in gains if gain < -0.5]
    median = sorted(gain for _, gain in gains)[len(gains) // 2] if gains else 0
    left = [name for name in done if name not in quantized]
    return (
        f"- Against ONNX Runtime in the same mode: {len(gains) - len(below)} of {len(gains)} are not more than 0.5 dB below it, the median is "
        f"{median:+.1f} dB; below: {', '.join(below) or 'none'}. It left everything in float in {', '.join(left) or 'none'}."
    )


def summary(results):
    done = {name: one for name, one in results.items() if "modes" in one}
    pairs = [(name, mode, forms) for name, one in done.items() for mode, forms in one["modes"].items()]
    differences = [(name, mode, forms["quantize"]["sqnr"] - forms["qdq"]["sqnr"]) for name, mode, forms in pairs]
    apart = [f"{name} {mode} {difference:+.1f}" for name, mode, difference in differences if abs(difference) > 0.5]
    middle = sorted(difference for *_, difference in differences)[len(differences) // 2] if differences else 0
    failed = [name for name, one in results.items() if "error" in one]
    return "\n".join(
        [
            f"- {len(done)} of {len(results)} models are quantized; the others: {', '.join(failed) or 'none'}.",
            f"- Integer and QDQ model are within 0.5 dB in {len(pairs) - len(apart)} of {len(pairs)} quantizations, the median difference is {middle:+.2f} dB; apart: {', '.join(apart) or 'none'}.",
            beside(done),
            f"- Operators in integers {sum(one['integer'] for one in done.values())}, in float {sum(one['float'] for one in done.values())}.",
        ]
    )


def tasks(results):
    columns = ["float", *MODES, *(f"peer {mode}" for mode in PEERS)]
    lines = ["| model | " + " | ".join(column.replace("peer", "ONNX Runtime") for column in columns) + " |", "|" + " --- |" * (len(columns) + 1)]
    for name, one in sorted(results.items()):
        if one.get("task", {}).get("float") is None:
            continue
        shown = [f"{one['task'][column]:.1%}" if one["task"].get(column) is not None else "" for column in columns]
        lines.append("| " + " | ".join([name, *shown]) + " |")
    return "\n".join(lines)


PAGE = """# Models

What squire makes of models as people export them. `scripts/models/export.py FOLDER` exports the topologies with torch (random weights,
normalization statistics from data, calibration and test samples from photographs or from noise of their spectrum), `collect.py FOLDER` adds real models, and
`measure.py FOLDER` writes this page.

SQNR in dB of the integer model, with squire's defaults, against the float model on samples that nothing was calibrated on, and of the QDQ model; ONNX Runtime {ort}: its
quantize_static on the same samples (QDQ, int8, weights by channel, its own defaults else: asymmetric activations; what is inside an If, as all of Silero VAD, it
leaves in float; "its float": operators on activations that its quantized model computes in float, of all). Random weights are not trained weights: the numbers
compare tools and forms, they do not tell a task's accuracy. CPU seconds and peak memory are of one run of squire in all modes measured, with
1 worker. {samples}

{summary}

{table}

## What the differences come from

**Integer and QDQ model** have the same scales, and round the same way but for ties and biases. Where a value lies near the middle of two integers they take different
ones, and a deep net makes as much noise of that as it has anyway: half of the differences go one way, half the other. They are large where few numbers
are judged or the noise is as large as the signal. In Silero VAD's min_max, two of 16 probabilities make 86 % of the noise; in the classifier's kl_v2 one line of 100
makes 57 %. Calibrated on other halves of the samples, the integer model less the QDQ model is 0.05 +- 0.19 dB for SqueezeNet 1.1 (kl_v2), -0.03 +- 0.12 for
MobileNetV2 (min_max), 0.8 +- 3.4 for the classifier (kl_v2), -0.3 +- 0.5 and -0.8 +- 0.8 for Silero VAD (mse, and min_max, where one of six is -4.9 and the others within 0.3).

**ONNX Runtime** gives every tensor a zero point; squire with all codes gives one to those whose readers and writers can take it in: not to the model's inputs, to what is
multiplied by another activation, or to what a norm writes. With all ranges of its QDQ model made asymmetric afterwards (32 samples to calibrate, 8 to 25 to judge, min_max), RegNetX goes from
11.8 to 12.2 dB (ONNX Runtime 12.3), 0.2 of it by the input, and LR-ASPP from 13.1 to 14.3 (13.6). Others lose by it, so that what lies between the tools is luck: the
classifier goes from 27.2 to 26.9 (24.4), GhostNet from 12.1 to 10.3 (12.1), TinyNet from 3.5 to 2.1 (3.5).

**Silero VAD**: a spectrum's magnitudes in 8 bits make 58 % of the noise (min_max), the sums before them 23 %: quiet sounds have few codes of a range that loud ones
need. The recurrent layer, whose inner tensors have 16 bits, adds next to nothing.

## Tasks

Right answers on the test samples: top-1 of SqueezeNet on 100 photographs and of the direction classifier on 100 drawn lines, both with labels. For the recognizer,
lines, cropped to their text as a detector crops them, that are read exactly as the float model reads them.

{tasks}

## Operators

`node dist/scripts/models/plans.js FOLDER` plans every model of the folder. {plans}
"""


def plans(path):
    """What runs in float of all models of the folder, by operator type."""
    found = json.loads(path.read_text()) if path.exists() else {}
    planned = {name: one for name, one in found.items() if "integer" in one}
    types = {}
    for one in planned.values():
        for kind, count in one["types"].items():
            entry = types.setdefault(kind, [0, 0])
            entry[0] += count
            entry[1] += 1
    whole = [name for name, one in planned.items() if one["float"] == 0]
    lines = ["| in float | operators | models |", "| --- | --- | --- |"]
    lines += [f"| {kind} | {count} | {models} |" for kind, (count, models) in sorted(types.items(), key=lambda item: -item[1][0])]
    counts = ["| model | integer | float | in float |", "| --- | --- | --- | --- |"]
    for name, one in sorted(planned.items()):
        listed = ", ".join(f"{kind} {count}" if count > 1 else kind for kind, count in one["types"].items())
        counts.append(f"| {name} | {one['integer']} | {one['float']} | {listed} |")
    total = [sum(one[key] for one in planned.values()) for key in ("integer", "float")]
    head = f"{len(planned)} models: {total[0]} operators in integers, {total[1]} in float; {len(whole)} models have none in float."
    return "\n".join([head, "", *lines, "", *counts])


def page(results, runtime, planned):
    """The whole page, with ONNX Runtime's version and the file that plans.ts writes."""
    parts = dict(samples=numbers_of_samples(results), summary=summary(results), table=table(results), tasks=tasks(results))
    return PAGE.format(ort=runtime, plans=plans(planned), **parts)
