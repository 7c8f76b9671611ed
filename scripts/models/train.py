"""Trains small networks on what this machine can draw and speak, and exports them with samples that nothing was trained on; an optional tool.

python scripts/models/train.py FOLDER [--photos FOLDER] [--only NAME...]

Writes NAME.onnx, NAME.npz (samples to calibrate on) and NAME.test.npz (others, to test on), both with the right answers as `label`, and prints
how good the float model is. Training takes a minute or two of one thread a network. Needs torch, timm, torchvision, scikit-learn, onnx, onnxruntime,
numpy and pillow; keywords need flite and espeak-ng (Debian's packages) as well. Backgrounds are photographs of the folder that is given, else noise
with their spectrum.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
import topology  # noqa: F401  Declares torchvision's operators where its native library does not load.
import torch

import spoken
from judging import Judge
from training.fit import fit
from training.tasks import CALIBRATED, TASKS


def export(name, task, photos, folder):
    torch.manual_seed(1)
    trained, others = task.draw(np.random.default_rng(1), photos)
    model = fit(task.build(), *map(torch.from_numpy, trained), task.loss, task.steps, task.batch, task.rate, task.vary)
    file = folder / f"{name}.onnx"
    torch.onnx.export(model, (torch.from_numpy(others[0][:1]),), str(file), input_names=["x"], dynamo=False, opset_version=17)
    parts = [{"x": others[0][part], "label": others[1][part]} for part in (slice(CALIBRATED), slice(CALIBRATED, None))]
    for suffix, part in zip((".npz", ".test.npz"), parts):
        np.savez(folder / f"{name}{suffix}", **part)
    return Judge(name, file, parts[1]).float_task()


def trainable(names):
    missing = spoken.missing()
    left_out = [name for name in names if TASKS[name].is_spoken and missing]
    if left_out:
        print(f"Left out: {', '.join(left_out)}; {' and '.join(missing)} (Debian's packages) must be installed to speak.")
    return [name for name in names if name not in left_out]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--only", nargs="*", choices=TASKS, default=list(TASKS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    for name in trainable(options.only):
        started = time.process_time()
        right = export(name, TASKS[name], options.photos, options.folder)
        print(f"{name}: {right}, {time.process_time() - started:.0f} s", flush=True)


if __name__ == "__main__":
    main()
