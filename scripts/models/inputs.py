"""Inputs for the exported topologies: photographs where there are some, else images with the spectrum of photographs; seeded."""

from pathlib import Path

import numpy as np

MEAN = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None]
STD = np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]


class Images:
    """Crops of the photographs in a folder; without one, noise whose spectrum falls as 1/f, as that of photographs does."""

    def __init__(self, folder=None):
        self.files = sorted(Path(folder).glob("*.jp*g")) if folder else []

    def draw(self, rng, count, channels, height, width):
        make = self.crop if self.files else pink_noise
        images = np.stack([make(rng, height, width) for _ in range(count)])
        return images if channels == 3 else np.repeat(images.mean(1, keepdims=True), channels, 1)

    def crop(self, rng, height, width):
        from PIL import Image

        picture = Image.open(self.files[rng.integers(len(self.files))]).convert("RGB").resize((width, height))
        return (np.asarray(picture, np.float32).transpose(2, 0, 1) / 255 - MEAN) / STD


def pink_noise(rng, height, width):
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    frequency[0, 0] = 1 / max(height, width)
    planes = [np.fft.irfft2(np.fft.rfft2(rng.standard_normal((height, width))) / frequency, (height, width)) for _ in range(4)]
    # Three colors that have most in common.
    image = np.stack([planes[0] + 0.4 * plane for plane in planes[1:]])
    image = image - image.mean()
    return (image / image.std() * rng.uniform(0.7, 1.2) + rng.normal(0, 0.3)).astype(np.float32)


def waves(rng, count, length):
    """Sums of a few decaying tones and noise, as [count, 1, length]."""
    time = np.arange(length) / 16000
    signals = []
    for _ in range(count):
        tones = [np.sin(2 * np.pi * rng.uniform(80, 3000) * time) * np.exp(-time * rng.uniform(1, 30)) for _ in range(5)]
        signals.append(sum(tones) * rng.uniform(0.05, 0.3) + rng.standard_normal(length) * 0.01)
    return np.array(signals, np.float32)[:, None]


def spectra(rng, count, bands, frames):
    """Log-mel-like features: smooth in time, louder in the low bands; [count, bands, frames]."""
    steps = rng.standard_normal((count, bands, frames + 8)).astype(np.float32)
    smooth = sum(steps[:, :, i : i + frames] for i in range(8)) / 3
    return smooth + np.linspace(1.5, -1.5, bands, dtype=np.float32)[None, :, None]


def tokens(rng, count, length, vocabulary):
    """Token ids whose frequency falls with their number, as words' does: int64 [count, length]."""
    return np.minimum(rng.zipf(1.3, (count, length)), vocabulary - 1).astype(np.int64)


def normal(rng, count, *shape):
    """Values without any structure, as states and random vectors are: [count, *shape]."""
    return rng.standard_normal((count, *shape)).astype(np.float32)


def ones(rng, count, length):
    """A mask of ones that leaves a few of the last places out: int64 [count, length]."""
    lengths = rng.integers(length * 2 // 3, length + 1, (count, 1))
    return (np.arange(length)[None] < lengths).astype(np.int64)
