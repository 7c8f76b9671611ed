"""Captchas: a word to be read, and characters on a photograph to be found."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# DejaVu's Sans, Serif and Mono, upright, oblique, condensed and bold.
FONTS = sorted((Path(__file__).resolve().parents[2] / "node_modules/dejavu-fonts-ttf/ttf").glob("DejaVuS*.ttf"))
LONGEST = 6
CHARACTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"


def glyph(rng, size, character=None):
    """A turned character as a mask, cropped to its ink, and which it is: any of CHARACTERS where none is given."""
    font = ImageFont.truetype(str(FONTS[rng.integers(len(FONTS))]), int(size))
    mask = Image.new("L", (int(size * 2), int(size * 2)))
    character = character or CHARACTERS[rng.integers(len(CHARACTERS))]
    ImageDraw.Draw(mask).text((size / 2, size / 3), character, fill=255, font=font)
    mask = mask.rotate(rng.uniform(-25, 25), Image.Resampling.BILINEAR)
    return mask.crop(mask.getbbox()), character


def colour(rng, low, high):
    return tuple(int(c) for c in rng.integers(low, high, 3))


def word(rng, width, height):
    """A word of 4 to 6 characters with lines and dots over it, RGB, and its text."""
    text, picture = "", Image.new("RGB", (width, height), colour(rng, 180, 256))
    pen, count = ImageDraw.Draw(picture), int(rng.integers(4, LONGEST + 1))
    for i in range(count):
        mask, character = glyph(rng, height * rng.uniform(0.5, 0.8))
        text += character
        left = int(width * (i + 0.5) / count - mask.width / 2 + rng.uniform(-3, 3))
        picture.paste(colour(rng, 0, 140), (left, int((height - mask.height) * rng.uniform(0.2, 0.8))), mask)
    for _ in range(rng.integers(0, 4)):
        ends = rng.uniform(0, 1, 4) * (width, height, width, height)
        pen.line(tuple(ends), fill=colour(rng, 60, 200), width=int(rng.integers(1, 3)))
    for x, y in rng.integers(0, (width, height), (rng.integers(0, 80), 2)):
        pen.point((int(x), int(y)), fill=colour(rng, 0, 256))
    return picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.8))), text


def words(rng, count, width=160, height=64):
    """As the reader gets them: grey in [-1, 1], [count, 1, height, width]; and their texts."""
    pictures, texts = zip(*(word(rng, width, height) for _ in range(count)))
    return np.stack([np.asarray(one.convert("L"), np.float32) for one in pictures])[:, None] / 127.5 - 1, texts


def scattered(rng, photograph):
    """A photograph, wider than high as a rule, with 2 to 5 characters on it, RGB."""
    picture = Image.open(photograph).convert("RGB").resize((int(rng.integers(260, 417)), int(rng.integers(160, 261))))
    for _ in range(rng.integers(2, 6)):
        mask, _ = glyph(rng, rng.uniform(28, 60))
        left, top = (int(rng.integers(0, side - own)) for side, own in zip(picture.size, mask.size))
        picture.paste(colour(rng, 0, 256), (left, top), mask)
    return picture


def letterboxed(picture, size):
    """As the detector gets it: scaled to fit the upper left of a grey square, BGR in [0, 255], [3, size, size]."""
    scale = min(size / side for side in picture.size)
    fitted = picture.resize([int(side * scale) for side in picture.size], Image.Resampling.BILINEAR)
    square = np.full((size, size, 3), 114, np.float32)
    square[: fitted.height, : fitted.width] = np.asarray(fitted)
    return square[:, :, ::-1].transpose(2, 0, 1)


def boards(rng, photographs, size=416):
    return np.stack([letterboxed(scattered(rng, file), size) for file in photographs])
