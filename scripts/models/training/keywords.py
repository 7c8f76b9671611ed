"""Spoken keywords as log-mel spectra: ten words, other words and noise alone, as in Speech Commands (Warden 2018)."""

import numpy as np

from spoken import RATE, coloured_noise, say

KEYWORDS = "yes no up down left right on off stop go".split()
OTHERS = "bird house seven marvin wow happy tree sheila nine zero visual forward".split()
CLASSES = len(KEYWORDS) + 2
ACCENTS = ["en-us", "en-gb", "en-gb-scotland", "en-029", "en-gb-x-rp"]
VARIANTS = ["", *(f"+{sex}{i}" for sex in "mf" for i in range(1, 6))]
HEARD = ["flite slt", "flite kal16", "flite rms", *(f"espeak-ng {accent}{variant}" for accent in ACCENTS[:4] for variant in VARIANTS)]
# Speakers that nothing is trained on.
UNHEARD = ["flite awb", "flite kal", *(f"espeak-ng {ACCENTS[4]}{variant}" for variant in VARIANTS), *(f"espeak-ng en-us+{one}" for one in ("m7", "m8", "anika", "linda"))]
BANDS, WINDOW, HOP, FRAMES = 40, 512, 160, 100
LENGTH = WINDOW + HOP * (FRAMES - 1)


def mel_filters():
    """Triangles between 60 Hz and 7.6 kHz, evenly spaced in mel, [bands, frequencies]."""
    to_mel = lambda hertz: 2595 * np.log10(1 + hertz / 700)
    edges = 700 * (10 ** (np.linspace(to_mel(60), to_mel(7600), BANDS + 2) / 2595) - 1)
    hertz = np.fft.rfftfreq(WINDOW, 1 / RATE)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    return np.minimum(rising, falling).clip(0)


FILTERS = mel_filters()


def spectrum(sound):
    """Logarithms of mel energies, about in [-3, 3], [bands, frames]."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP] * np.hanning(WINDOW)
    return ((np.log(FILTERS @ (np.abs(np.fft.rfft(frames)) ** 2).T + 1e-5) + 3) / 3).astype(np.float32)


def over_noise(rng, said):
    """The word somewhere in the clip, at some loudness, over noise 5 to 40 dB below it."""
    sound, said = np.zeros(LENGTH), said[:LENGTH]
    start = rng.integers(0, LENGTH - len(said) + 1)
    sound[start : start + len(said)] = said / max(np.abs(said).max(), 1e-9)
    loudness = np.sqrt((said**2).mean()) / max(np.abs(said).max(), 1e-9) if said.any() else 0.1
    return (sound + coloured_noise(rng, LENGTH) * loudness * 10 ** (-rng.uniform(5, 40) / 20)) * 10 ** rng.uniform(-1.2, -0.1)


def spoken(rng, speakers, times):
    """Each speaker says each keyword and as many other words, and is silent, `times` times: spectra [count, bands, frames] and labels."""
    spectra, labels = [], []
    for speaker in speakers:
        words = [*KEYWORDS, *rng.choice(OTHERS, 2, replace=False)]
        for label, word in [*((min(i, len(KEYWORDS)), word) for i, word in enumerate(words)), (CLASSES - 1, None)]:
            said = without_silence(say(speaker, word, rng.uniform(0.8, 1.25))) if word else np.zeros(1)
            spectra += [spectrum(over_noise(rng, said)) for _ in range(times)]
            labels += [label] * times
    return np.stack(spectra), np.array(labels)


def without_silence(said):
    """Some voices pause around a word."""
    loud = np.flatnonzero(np.abs(said) > 0.02 * np.abs(said).max())
    return said[loud[0] : loud[-1] + 1] if len(loud) else said
