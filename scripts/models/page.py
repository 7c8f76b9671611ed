"""docs/models.md from the results of measure.py."""

import json

from measured import IN_DECIBELS, LARGE, MODES, MODES_OF_LARGE, PEERS
from statistic import compared, difference, mean, values

TIMES = {1: "once", 2: "twice"}


def numbers_of_samples(done):
    """How many models were measured, and on how many samples."""
    counts = sorted({(*one["samples"], len(one["splits"])) for one in done.values()})
    of = lambda count: sum((*one["samples"], len(one["splits"])) == count for one in done.values())
    listed = "; ".join(f"{of(count)} calibrated on {count[0]} samples and judged on {count[1]} others, {TIMES.get(count[2], f'{count[2]} times')}" for count in counts)
    return f"{len(done)} models were measured: {listed}. Of those of more than {LARGE // 10**6} MB the default and {' and '.join(MODES_OF_LARGE)} alone."


def picks(one):
    """The mode and the zero points that squire takes by itself: one split may take others than the next."""
    taken = [f"{split['default']['mode']}, {split['default']['zeroPoints']}" for split in one["splits"]]
    return " / ".join(sorted(set(taken), key=lambda pick: (-taken.count(pick), pick)))


HEAD = ["model", "default takes", "default", "its QDQ", "cosine", "ONNX Runtime", "in float", "everything in 8 bits", *MODES]
HEAD += ["ONNX Runtime percentile", "MB", "operators", "float", "CPU s", "peak MB"]


def table(results):
    lines = [f"| {' | '.join(HEAD)} |", "|" + " --- |" * len(HEAD)]
    for name, one in sorted(results.items()):
        cells = [name, one["error"], *[""] * (len(HEAD) - 2)] if "error" in one else row(name, one)
        lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join(lines)


def row(name, one):
    def sqnr(column):
        found = values(one, column)
        return f"{mean(found):.1f}" if found else "fails" if column in one["splits"][0] else ""

    theirs = one["splits"][0].get("peer min_max", {})
    in_float = f"{theirs['float']} of {theirs['integer'] + theirs['float']}" if "float" in theirs else ""
    cells = [name, picks(one), sqnr("default"), sqnr("default qdq"), f"{mean(values(one, 'default', 'cosine')):.4f}"]
    cells += [sqnr("peer min_max"), in_float, sqnr("peer everything"), *(sqnr(mode) for mode in MODES), sqnr("peer percentile")]
    return [*cells, one["weightsMb"], one["integer"], one["float"], one["cpuSeconds"], one["peakMb"]]


BELOW = lambda gain: gain < -0.5
# What an experiment told of a model in which squire is below ONNX Runtime; the text under the tables has the numbers.
REASONS = {
    "crnn": "its mean and LSTM are in float there",
    "fast_depth": "zero points of sums' inputs and of the input",
    "mobilenet_v3_large": "hardly any signal left in either tool",
    "mobilenet_v3_small": "hardly any signal left in either tool",
    "oww_alexa": "zero points: of hidden layers where 64 samples speak against them, and probably of the input; few samples make the noise",
    "oww_hey_jarvis": "one sample beside the threshold of its If makes nine tenths of the noise",
    "oww_weather": "few probabilities make the noise",
    "regnetx_002": "0.2 by the mode that is taken, 0.2 by the input's zero point, the rest zero points of sums",
    "resnet18": "zero points of sums and of the input",
    "squeezenet1_1": "its last mean is in float there",
    "trained_mobilenet_v3_small": "zero points where few samples speak against them, and likely the chip's rounding",
    "trained_resnet18": "zero points of sums and of the input",
    "tc_resnet8": "few samples: 1.8 dB above it on 600",
}
APART = lambda gain: abs(gain) > 0.5


def beside(done):
    """(name, squire's column, ONNX Runtime's column) of what is compared, by its heading."""
    whole = [name for name, one in done.items() if sum(values(one, "peer min_max", "integer")) > 0]
    return {
        "squire's default against ONNX Runtime's (min_max)": [(name, "default", "peer min_max") for name in whole],
        f"Mode for mode ({' and '.join(PEERS)})": [(name, mode, f"peer {mode}") for name in whole for mode in PEERS],
        "min_max, where ONNX Runtime leaves operators in float and is made to quantize them": [(name, "min_max", "peer everything") for name in whole],
    }


def against(done):
    """Squire beside ONNX Runtime: by default, mode for mode, and where both have everything in 8 bits."""
    words = "- {}: {} of {} are not more than 0.5 dB below it, the median is {:+.1f} dB."
    lines = []
    for heading, pairs in beside(done).items():
        near, of, _, median = compared([(name, difference(done[name], *columns)) for name, *columns in pairs], BELOW)
        lines.append(words.format(heading, near, of, median))
    left = [name for name, one in done.items() if values(one, "peer min_max") and sum(values(one, "peer min_max", "integer")) == 0]
    return [*lines, f"- ONNX Runtime left everything in float in {', '.join(left) or 'none'}, which are not counted."]


def below(done):
    """Each case that is more than 0.5 dB below ONNX Runtime."""
    lines = ["| model | squire | ONNX Runtime | difference | why |", "| --- | --- | --- | --- | --- |"]
    for pairs in beside(done).values():
        for name, ours, theirs in pairs:
            found = difference(done[name], ours, theirs)
            if found is not None and BELOW(found[0]):
                named = [f"{column.replace('peer', '').strip()} {mean(values(done[name], column)):.1f}" for column in (ours, theirs)]
                error = "" if found[1] is None else f" +- {found[1]:.1f}"
                luck = "within twice its error" if found[1] is not None and abs(found[0]) < 2 * found[1] else ""
                why = "; ".join(filter(None, [REASONS.get(name), luck]))
                lines.append(f"| {name} | {named[0]} | {named[1]} | {found[0]:+.1f}{error} | {why} |")
    return "\n".join(lines)


def summary(results, done):
    columns = ["default", *MODES]
    pairs = [(f"{name} {column}", difference(one, column, f"{column} qdq")) for name, one in done.items() for column in columns]
    near = compared(pairs, APART)
    short = [(name, max(mean(values(one, mode)) for mode in MODES if values(one, mode)) - mean(values(one, "default"))) for name, one in done.items()]
    far = [f"{name} {lost:.1f}" for name, lost in short if lost > 0.5]
    failed = [name for name, one in results.items() if "error" in one]
    return "\n".join(
        [
            f"- {len(done)} of {len(results)} models are quantized; the others: {', '.join(failed) or 'none'}.",
            f"- The default is not more than 0.5 dB below the best of the modes measured in {len(done) - len(far)} of {len(done)} models; by more: {', '.join(far) or 'none'}.",
            *against(done),
            f"- Integer and QDQ model are within 0.5 dB in {near[0]} of {near[1]} cases, the median difference is {near[3]:+.2f} dB; apart: {near[2]}.",
            f"- Operators in integers {sum(one['integer'] for one in done.values())}, in float {sum(one['float'] for one in done.values())}.",
        ]
    )


def tasks(done):
    columns = ["float", "default", *MODES, *(f"peer {mode}" for mode in PEERS)]
    names = [column.replace("peer", "ONNX Runtime") for column in columns]
    lines = [f"| model | default takes | {' | '.join(names)} |", "|" + " --- |" * (len(columns) + 2)]
    for name, one in sorted(done.items()):
        shares = [mean(values(one, column, "task")) for column in columns]
        if shares[0] is not None:
            lines.append("| " + " | ".join([name, picks(one), *(good(name, share) for share in shares)]) + " |")
    return "\n".join(lines)


def good(name, measured):
    if measured is None:
        return ""
    return f"{measured:.1f} dB" if name in IN_DECIBELS else f"{measured:.1%}"


PAGE = """# Models

What squire makes of models as people export them. `scripts/models/export.py FOLDER` exports the topologies with torch (random weights,
normalization statistics from data, calibration and test samples from photographs or from noise of their spectrum), `collect.py FOLDER` adds real models,
`train.py FOLDER` trains small networks (their names begin with trained_), and `measure.py FOLDER` writes this page.

"Default" is what squire makes without -qm and --zero-points: both are picked on calibration samples, and "default takes" says which (another deal of the samples may
take another). SQNR in dB of the integer model against the float model on samples that nothing was calibrated on, and of the QDQ model; where a Softmax ends a model, of the scores that
it reads, less their mean. Numbers are means over several deals of a model's samples into those to calibrate on and those to judge, and +- is the standard error of such a mean: one
deal of a few samples says of two tools what another does not (ONNX Runtime's kws_lstm_legacy goes from 57 to 68 dB). The other modes have the zero points that they pick.

ONNX Runtime {ort}: its quantize_static on the same samples (QDQ, int8, weights by channel, its own defaults else: min_max, asymmetric activations; older models are converted to
opset 13 for it, as its scales by channel need; what is inside an If, as all of
Silero VAD, it leaves in float). "In float": operators on activations that its quantized model computes in float, of all. "Everything in 8 bits": the same with the tensors around these
operators quantized as well, but for NonMaxSuppression, which squire leaves in float too.

Random weights are not trained weights: their numbers compare tools and forms, they do not tell a task's accuracy. CPU seconds and peak memory are of one run of squire with its defaults,
with 1 worker. {samples} All rows are of builds of 2026-11-26. What changed
between these builds concerns models that a Sigmoid ends and those with more than 24 samples, which were measured again; of the others 50 were compared (min_max, all zero points) and had the same bytes.

## Tasks

Right answers on the test samples: top-1 of SqueezeNet on 100 photographs and of the direction classifier on 100 drawn lines, both with labels. For the recognizer,
lines, cropped to their text as a detector crops them, that are read exactly as the float model reads them. For voice detectors (silero) and wake words (oww, of openWakeWord), on
spoken sentences of speakers that nothing was calibrated on, decisions at a probability of 0.5 as the float model's; of the timer's seven, all must be. For ddddocr's readers, drawn captchas of 4 to 6 characters that are read right but for
upper and lower case; for its detector, boxes around characters on photographs that both models find at an IoU of a half (F1).

The trained networks are judged beside the right answers, on samples that they were not trained on: tc_resnet8 and ds_cnn by top-1 of 12 classes of words of other speakers;
resnet18 by top-1 of 23 characters drawn on other photographs; repvgg_a0, mobilenet_v2 and mobilenet_v3_small by top-1 of scikit-learn's handwritten digits (all four of reduced width but the last); crnn by lines of
five drawn digits without a fault; unet by the mean intersection over union of drawn shapes; espcn (photographs at three times their size) and fast_depth (distances in drawn fog) by their peak signal to noise ratio.

{tasks}

## Noise

{summary}

![By how many dB squire's default is nearer to the float model than ONNX Runtime's, model by model](models.svg)

{table}

Where squire is more than 0.5 dB below ONNX Runtime, and what an experiment said about it:

{below}

## What the differences come from

**Integer and QDQ model** have the same scales, and round the same way but for ties and biases. Where a value lies near the middle of two integers they take different
ones, and a deep net makes as much noise of that as it has anyway: half of the differences go one way, half the other. They are large where few numbers
are judged or the noise is as large as the signal. In Silero VAD's min_max, two of 16 probabilities make 86 % of the noise; in the classifier's kl_v2 one line of 100
makes 57 % (of the noise of probabilities). Calibrated on other halves of the samples, the integer model less the QDQ model is 0.05 +- 0.19 dB for SqueezeNet 1.1 (kl_v2), -0.03 +- 0.12 for
MobileNetV2 (min_max), 0.8 +- 3.4 for the classifier (kl_v2), -0.3 +- 0.5 and -0.8 +- 0.8 for Silero VAD (mse, and min_max, where one of six is -4.9 and the others within 0.3). Each operator
by itself, given the integer model's inputs, makes as much noise as the QDQ model's to within 0.03 dB (the mlp, AlexNet with normalization; outputs of 16 bits aside). On many samples the
differences of 12 go away: -0.02 +- 0.02 dB for the mlp (mse, 2000 samples, -0.7 on 12), -0.04 +- 0.04 for the GRU (min_max, 600, -0.7 on 12), -0.2 +- 0.1 for
AlexNet with normalization (min_max, 100 photographs, -0.5 on 12), -0.06 +- 0.09 for the conformer (min_max, 120), -0.4 +- 0.2 for
SqueezeNet 1.0 (percentile, 400 photographs, -1.0 on 100), -0.3 +- 0.15 for the recognizer's probabilities (min_max, 240 lines, -2.9 on 96), -0.1 +- 0.3 for Silero VAD on voices (min_max, 720 chunks; -0.4, -0.2 and 0.0 with
percentile, mse and kl_v2), 0.05 +- 0.01 dB for TC-ResNet8 (min_max, 600 spectra, eight deals; -0.5 on 24, and there ONNX Runtime is 1.8 +- 0.3 dB below). Two differences are real. A table of 16 to 8 bits rounded twice, -0.3 +- 0.1 dB for the RNN (600 samples), now +0.2. Behind the large biases of zero points the last shift has few
bits; its halves go away from zero, so that integers that are mostly negative lost a 64th of a step in every layer: -0.27 +- 0.04 dB for SqueezeNet 1.1 (min_max, 200 photographs, four deals). The biases of such
outputs are rounded up now: SqueezeNet 1.1 gained 0.30 to 0.44 dB (three modes, two deals, 60 photographs), while U-Net, YOLO-nano and FastDepth neither gained nor lost. In the classifier the codes of nearly all
layers came nearer to the QDQ model's.

**ONNX Runtime** gives every tensor a zero point; squire with all codes gives one to those whose readers and writers can take it in: not to the model's inputs, to both factors of
a product, or to what a norm writes. With all ranges of its QDQ model made asymmetric afterwards (32 samples to calibrate, 8 to 25 to judge, min_max), RegNetX goes from
11.8 to 12.2 dB (ONNX Runtime 12.3), 0.2 of it by the input, and LR-ASPP from 13.1 to 14.3 (13.6). Others lose by it, so that what lies between the tools is luck: the
classifier goes from 27.2 to 26.9 (24.4), GhostNet from 12.1 to 10.3 (12.1), TinyNet from 3.5 to 2.1 (3.5).

What is left below it in residual nets is zero points, not arithmetic. In ONNX Runtime's own model, one kind of tensors at a time was given squire's scale and zero point (min_max, two deals of 24 and 24 samples, dB).
ResNet-18, while its sums were judged one by one: outputs of sums -1.0 and -1.0, what convolutions write for sums +0.1 and -0.7, the pooled features -0.2 and -0.1, the model's input 0.0 and -0.3, all else -0.1. RepVGG-A0, while each of
its convolutions and each sum of two wrote a tensor: outputs of sums -0.3 and -0.9, what convolutions write for sums +0.3 and -0.8, normalizations beside them -0.1 and -0.4, the input -0.1 and -0.4, the pooled features -0.2 and -0.2. A sum on the chip adds
no constant: a zero point of its output has to come from what it reads, whose steps it coarsens. The input's integers are the user's, who divides by a scale and subtracts nothing. A range without a quarter of room below does not help: RepVGG 10.7 instead of 10.8, RegNetX 10.9 and 10.8.

What helps RepVGG is fewer tensors (min_max, all zero points, three deals; docs/accuracy.md): its two convolutions of one tensor merged, and the sum of what is left with the normalization beside them in one. 10.5 dB become 12.4, ONNX Runtime 11.5. All three branches in one
convolution have 8.7 dB (ONNX Runtime 8.6). In the trained one they have 18.1 (two deals, ONNX Runtime 18.1): the normalization divides a channel that hardly varies by next to nothing, and the weight of hundreds that this makes coarsens all others of its channel.
Such a channel had also kept the zero point from what the normalization reads. That, and a sum whose inputs share what they make up for, took the trained one from 28.8 to 30.5 dB (ONNX Runtime 30.3), with percentile from 28.1 to 30.0 (30.2) and by default from 28.6 to 30.0 (30.3).

In MobileNetV3 it is the zero points of what squeeze-and-excite multiplies. Eight deals of the small one (min_max, all zero points, 60 photographs judge) put squire 0.9 +- 0.5 dB below, by the noise of all samples together, of which one photograph
makes up to half, and 2.6 +- 0.4 dB by the mean of each sample's ratio (5.5 +- 0.7 without zero points). Squire's scales for one kind of tensors at a time in ONNX Runtime's own model (one deal each, 20 photographs): in the large one, of
4.8 dB, hard-swish before such products -1.5, what the products write -1.4, the gates +0.1, sums -0.1, convolutions +0.2, all together -3.3, and squire's QDQ model has 1.5. In the small one, by the mean of ratios, products -1.4, hard-swish before them
-0.5, Relu before them -0.2, gates -0.2, convolutions before a hard-swish, whose range squire ends where that is flat, and others +0.9, all together -1.6. These tensors are hardly ever negative, use half of the codes, and a product on the chip adds
no constant. That was before products took zero points: now (x - c) is multiplied by the gate, and a sum behind it, of 16 bits, gives c times the gate back ([accuracy.md](accuracy.md)). Three deals of 24 and 60 photographs, min_max with all zero points, before and after: the large one
1.6 and 2.4 dB (ONNX Runtime 2.5), the small one -0.6 and 1.4 (1.8).

It also leaves operators in float that the chip has no float for. SqueezeNet 1.1's last mean is worth 0.6 dB to it (one deal, min_max: 34.4 dB, 33.8 with everything in 8 bits, squire 33.9). In the text
recognizer crnn the mean over rows and the LSTM are worth 4.6 dB to it (33.4 dB, 28.8 with everything in 8 bits, squire 28.4, three deals). In the one deal that was looked into, a single sample
of 24 makes nearly all of squire's noise: it goes beyond all that was calibrated on, 3.5 % of the mean's values are cut off, and it has 12.6 dB where the others have 32 to 37.
The classifier is judged by scores for a reason: of its probabilities' noise one line of 100 makes 30 to 85 %,
so that six deals put squire between 10.2 dB above and 4.8 below; its scores are 4.4 to 6.8 dB above in all three deals in which they were looked at.

**Silero VAD**: a spectrum's magnitudes in 8 bits make 58 % of the noise (min_max), the sums before them 23 %: quiet sounds have few codes of a range that loud ones
need. The recurrent layer, whose inner tensors have 16 bits, adds next to nothing.

**Silero VAD, the older model**, takes log(1 + 2^20 m) of a spectrum's magnitudes m. While the sums and the magnitudes had 8 bits, the log of all that is quiet was
that of zero: 2.9 dB on steady tones. They have 16 bits for a logarithm now ([fixed-point.md](fixed-point.md)): 19.3 dB on the same tones. On made-up voices (360 chunks
calibrated on, 720 judged) its states h, the worst of its outputs, have 9.4 to 10.1 dB, and the QDQ model as many. 8 bits give no more: with the input rounded to 8 bits
and all else in float h has 10.8 dB, c 24.2 and the probability 18.3; with the input rounded to 16 bits 32.8, 49.4 and 60.8.
On spoken sentences (360 chunks of 4 speakers, 540 of 6 others, three deals) h has 6.9 dB, and 94 % of the decisions are the float model's. The code 0 reads as the mean of the logarithms
of what rounds to it, which is worth 1.6 dB (one deal, mse: 6.0 dB and 91.7 % of the decisions before, 7.6 and 94.8 % now).

**openWakeWord** is a chain of trained models, each quantized by itself, on what the float models before it make of spoken sentences (synthesized by flite and espeak-ng, over noise 5 to
40 dB below them). Its spectrogram in decibels is not for 8 bits: its values lie up to 100 dB apart, and amplitudes of 8 bits cover 42. With the mean of logarithms at the code 0 it has 7.7 dB
(-8.8 before, ONNX Runtime 0.5). It belongs on the host, and the models that read it on the chip: by default 99.1 to 100 % of the wake words' decisions are the float model's.

Their SQNR is that of probabilities, of which few samples make the noise. hey_jarvis has a second network in an If, which is asked where the probability of the first one is at least 0.5, so
that its output jumps there. For one sample of 300 the first logit is 0.046, half of an integer's step: it is 0 or 1 in integers. The probability of a logit of 0 was 0.49999, so that the second network was not asked, whose
probability is 0.956: nine tenths of the noise, 22 and 24 dB with it, 32 and 37 without (min_max). Such a probability is 0.5 now ([fixed-point.md](fixed-point.md)), and integer and QDQ model agree (default 0.1 +- 0.1 dB, six deals; 1.2 +- 2.8
before), but a logit of one step less still decides otherwise. By such samples hey_jarvis differs by 9 dB between tools, modes and deals.

alexa, three products, is below ONNX Runtime with min_max and percentile: 1.7 +- 0.8 and 2.0 +- 0.8 dB in six deals, 1.2 +- 0.5 and 1.7 +- 0.6 in twelve earlier ones, as much without the three worst samples of each. By default it is 0.5 +- 0.6 above. Of eight deals (min_max) squire
takes no zero points in two, where 64 of the samples speak against them: that costs 2.0 and 2.2 dB on the samples that judge, and on all 120 of the calibration it would gain nothing in one of them and lose 1.3 in the other. In a third it is 3.2 dB below although on the calibration samples
it is 0.6 above: few samples make the noise of both. What is left is probably the input, whose zero point squire cannot take: in the one deal that
was looked into its steps are 1.13 times as wide. Squire's scale of the last scores gains 0.3 dB in ONNX Runtime's own model (eight deals).

**ddddocr** (a YOLOX detector of 416 x 416 and captcha readers of convolutions, an LSTM and 8,210 classes) is trained as well. The detector's
only output holds boxes, logarithms of sides and probabilities in one tensor, and so under one scale. A reader is also there as quantize_dynamic left it: taken in float
it differs from what it was by its rounding of activations alone (33.8 dB, 21 of 24 captchas read alike), and the tables compare with the model as it came, its rounding and all.
ISNet (1024 x 1024), which `collect.py --imgly` collects, is not in the tables, since with 2.2 GB of tensors a deal takes too long. On 4 photographs
the defaults take percentile, which has 17.0 dB on them, where min_max has 0.7, mse 5.0 and kl_v2 6.5; a run with one worker took 7 minutes of processor time, and 4.1 GB at its peak.

Whether a letter is upper or lower case is what the readers do not know: of 96 drawn captchas the float reader gets 33 % right with case, and 86 % without. Of 96 others (min_max, 26.6 dB) the integer model reads
89 % as the float model does, case and all; but 91 % right without case, the float model 90 %. The 11 that differ are those of which the float model is unsure: where it is least sure, its first score leads the second by 0.01
to 0.47, while a score's noise is 0.1 and the usual lead 1.0. With a lead below 0.25, 13 of 22 are read alike, below 0.5 10 of 12, and above it all 62. White noise as strong leaves 94 to 97 % alike.
No tensor stands out: the largest share of the noise, 19 %, is what the first SiLU writes, and without it there are 25.6 dB instead of 24.7 (6 captchas). The default takes mse now: 28.5 dB where min_max has 26.6
(64 captchas), and as many read alike.

**Trained networks.** On the small networks of `train.py` neither tool takes more than one answer in a hundred from what the float model gets right. Squire's default beside ONNX Runtime's, six deals of 100 and 300 samples (words 563): ds_cnn +2.5 dB,
espcn +2.4, crnn +1.2 (its mean and LSTM in float in ONNX Runtime; +2.1 without), mobilenet_v2 +1.2, unet +1.1, tc_resnet8 +0.3, fast_depth +0.3, repvgg_a0 -0.2 +- 0.3, resnet18 -0.3 +- 0.1, mobilenet_v3_small -0.5 +- 0.3.
In an earlier deal of mobilenet_v3_small squire took min_max, which was the best mode on the calibration samples that it was picked on (30.1 dB, kl_v2 27.9) and the worst on other digits (24.6, kl_v2 27.1).
Few samples mislead about zero points as well: one of the first hard-swish, with all else in float, makes four times the noise on 8 digits, and a quarter on 100 others.

What else MobileNetV3 lacks are zero points of what its gates multiply. In ONNX Runtime's model (min_max, 150 digits, 29.4 dB; squire with all zero points 28.1), squire's scales of hard-swish outputs alone leave 27.9,
those of gated products 28.5, of what is before a sum 28.9, and any other kind but Relu, which ONNX Runtime leaves to the clipping of the codes, at least 29.3. Of the hard-swish outputs 12 of 19 have steps 1.9 times as large as
ONNX Runtime's, of the products all 9: a product of two activations took no constant in then. With zero points off where a convolution pads, hard-swish outputs leave 27.1.
Since products take zero points (three deals, min_max, all zero points, 300 digits), the QDQ model has 29.2 dB, as ONNX Runtime has 29.1, and the integer model 28.3 (26.0 before); by the mean of each digit's ratio 31.2, 30.8 and 30.5.

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
    done = {name: one for name, one in results.items() if "splits" in one}
    parts = dict(samples=numbers_of_samples(done), summary=summary(results, done), table=table(results), below=below(done), tasks=tasks(done))
    return PAGE.format(ort=runtime, plans=plans(planned), **parts)
