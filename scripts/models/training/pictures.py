"""Pictures drawn over photographs, with what is to be seen in them; each gives inputs and targets of `count` pictures.

Without photographs, images with the spectrum of photographs stand for them.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from captchas import colour, glyph
from inputs import MEAN, STD, Images

CHARACTERS = "ABCEFHKLMNPRTXYZ2345679"
DIGITS = "0123456789"


def backgrounds(images, rng, count, side):
    """RGB, [count, side, side, 3] of 8 bits: pieces of a few hundred photographs."""
    wholes = ((images.draw(rng, min(count, 300), 3, 2 * side, 2 * side) * STD + MEAN).clip(0, 1) * 255).astype(np.uint8).transpose(0, 2, 3, 1)
    at = np.stack([rng.integers(0, len(wholes), count), *rng.integers(0, side + 1, (2, count))], 1)
    return np.stack([wholes[i, y : y + side, x : x + side] for i, y, x in at])


def normalized(pictures):
    """RGB of 8 bits as networks are fed with it: [count, 3, height, width]."""
    return np.ascontiguousarray((np.stack(pictures).astype(np.float32) / 255).transpose(0, 3, 1, 2) - MEAN) / STD


def pale(rng, pictures):
    """Pictures of half their contrast, each under a colour of its own."""
    return (0.5 * pictures + 0.5 * rng.integers(0, 256, (len(pictures), 1, 1, 3))).astype(np.uint8)


def contrasting(rng, picture):
    """A colour that differs from the picture's mean."""
    mean = np.asarray(picture, np.float32).mean((0, 1))
    while True:
        drawn = colour(rng, 0, 256)
        if abs(float((drawn - mean).mean())) > 50:
            return drawn


def characters(images, rng, count, side=48):
    """One character on a photograph, and which."""
    pictures, labels = [], rng.integers(0, len(CHARACTERS), count)
    for label, background in zip(labels, pale(rng, backgrounds(images, rng, count, side))):
        picture, mask = Image.fromarray(background), glyph(rng, side * rng.uniform(0.6, 0.9), CHARACTERS[label])[0]
        left, top = (int((side - own) / 2 + rng.uniform(-5, 5)) for own in mask.size)
        picture.paste(contrasting(rng, background), (left, top), mask)
        pictures.append(np.asarray(picture.filter(ImageFilter.GaussianBlur(rng.uniform(0, 0.7)))))
    return normalized(pictures), labels


def handwritten(side=32):
    """scikit-learn's 1,797 handwritten digits (Alpaydin and Kaynak 1998), grown from 8 x 8, and which they are."""
    from sklearn.datasets import load_digits

    found = load_digits()
    grown = [Image.fromarray((one / 16 * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC).convert("RGB") for one in found.images]
    return normalized(grown), found.target.astype(np.int64)


def numbers(images, rng, count, height=32, width=96, length=5):
    """Five digits in a row on a piece of a photograph, grey in [-1, 1], and the digits' codes, [count, length, 1]."""
    lines, labels = [], rng.integers(0, 10, (count, length))
    for label, background in zip(labels, pale(rng, backgrounds(images, rng, count, width))):
        picture = Image.fromarray(background[:height])
        ink = contrasting(rng, background[:height])
        for i, digit in enumerate(label):
            mask, _ = glyph(rng, height * rng.uniform(0.65, 0.9), DIGITS[digit])
            left = int(width * (i + 0.5) / length - mask.width / 2 + rng.uniform(-2, 2))
            picture.paste(ink, (left, int(max(0, height - mask.height) * rng.uniform(0.2, 0.8))), mask)
        lines.append(np.asarray(picture.convert("L"), np.float32))
    return np.stack(lines)[:, None] / 127.5 - 1, labels[:, :, None] + 1


def shapes(images, rng, count, side=64):
    """Ellipses and boxes on a photograph, and which pixels are an ellipse's (1), a box's (2) or neither's (0)."""
    pictures, masks = [], []
    for background in backgrounds(images, rng, count, side):
        picture, mask = Image.fromarray(background), Image.new("L", (side, side))
        for _ in range(rng.integers(1, 4)):
            kind = int(rng.integers(1, 3))
            (left, top), (width, height) = rng.uniform(-4, side - 14, 2), rng.uniform(14, 30, 2)
            corners, ink = (left, top, left + width, top + height), colour(rng, 0, 256)
            for canvas, fill in ((picture, ink), (mask, kind)):
                pen = ImageDraw.Draw(canvas)
                (pen.ellipse if kind == 1 else pen.rectangle)(corners, fill=fill)
        noisy = np.asarray(picture, np.float32) + rng.normal(0, 10, (side, side, 3))
        pictures.append(noisy.clip(0, 255))
        masks.append(np.asarray(mask))
    return normalized(pictures), np.stack(masks).astype(np.int64)


def shrunk(images, rng, count, side=32, factor=3):
    """Grey pieces of photographs made `factor` times smaller, and what they were; both in [-1, 1]."""
    small, large = [], []
    for background in backgrounds(images, rng, count, side * factor):
        picture = Image.fromarray(background).convert("L")
        large.append(np.asarray(picture, np.float32))
        small.append(np.asarray(picture.resize((side, side), Image.Resampling.BICUBIC), np.float32))
    return tuple(np.stack(one)[:, None] / 127.5 - 1 for one in (small, large))


def foggy(images, rng, count, side=64):
    """A ground and discs that fade into fog with their distance, and the distance of each pixel in [0, 1], [count, 1, side, side]."""
    pictures, depths = [], []
    rows, columns = np.mgrid[:side, :side] / side
    for background in backgrounds(images, rng, count, side):
        depth = np.clip(1 - (rows - rng.uniform(-0.2, 0.2)) * rng.uniform(0.7, 1.1), 0, 1)
        for distance in sorted(rng.uniform(0.1, 0.9, 4), reverse=True):
            near = np.hypot(rows - rng.uniform(0, 1), columns - rng.uniform(0, 1)) < 0.22 * (1.2 - distance)
            depth[near] = distance
        clear, fog = np.exp(-2 * depth)[:, :, None], rng.uniform(150, 230)
        pictures.append((background * clear + fog * (1 - clear)).clip(0, 255))
        depths.append(depth)
    return normalized(pictures), np.stack(depths)[:, None].astype(np.float32)


def parted(folder):
    """(Images to train on, others)."""
    return tuple(part_of(folder, first) for first in (0, 1))


def part_of(folder, first):
    images = Images(folder)
    images.files = images.files[first::2]
    return images
