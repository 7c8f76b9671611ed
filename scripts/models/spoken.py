"""Spoken sentences: Debian's synthesizers flite and espeak-ng, over noise, at 16 kHz."""

import shutil
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

RATE = 16000
# Speakers to calibrate on, and others to judge.
SPEAKERS = ["flite slt", "flite kal16", "espeak-ng en-us", "espeak-ng en-gb+f2", "flite rms", "flite awb"]
SPEAKERS += ["espeak-ng en-us+f4", "espeak-ng en-us+m7", "espeak-ng en-gb-scotland", "espeak-ng en-us+m3"]
CALIBRATED = 4


def missing():
    """The synthesizers that are not installed."""
    return [name for name in ("flite", "espeak-ng") if shutil.which(name) is None]


def say(speaker, text, speed):
    """Samples in [-1, 1]."""
    engine, voice = speaker.split()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "said.wav"
        if engine == "flite":
            words = ["-voice", voice, "--setf", f"duration_stretch={1 / speed:.3f}", "-t", text, "-o", file]
        else:
            words = ["-v", voice, "-s", str(round(165 * speed)), "-w", file, text]
        subprocess.run([engine, *words], check=True, stdout=subprocess.DEVNULL)
        with wave.open(str(file)) as sound:
            values = np.frombuffer(sound.readframes(sound.getnframes()), np.int16) / 32768
            return resampled(values, sound.getframerate())


def resampled(values, rate):
    """At RATE, of the same length in time, without what lies beyond half of the lower rate."""
    count = round(len(values) * RATE / rate)
    spectrum = np.fft.rfft(values)
    kept = np.zeros(count // 2 + 1, complex)
    common = min(len(kept), len(spectrum))
    kept[:common] = spectrum[:common]
    return np.fft.irfft(kept, count) * count / len(values)


def clip(rng, speaker, text, before=0.5, after=0.5):
    """The sentence at some loudness and speed between pauses of so many seconds, over noise 5 to 40 dB below it; float32 in [-1, 1]."""
    said = say(speaker, text, rng.uniform(0.85, 1.15))
    said *= 10 ** rng.uniform(-1.5, -0.1) / max(np.abs(said).max(), 1e-9)
    sound = np.concatenate([np.zeros(int(before * RATE)), said, np.zeros(int(after * RATE))])
    noise = coloured_noise(rng, len(sound))
    sound += noise * np.sqrt((said**2).mean()) * 10 ** (-rng.uniform(5, 40) / 20)
    return np.clip(sound, -1, 1).astype(np.float32)


def coloured_noise(rng, count):
    """Noise whose power falls with the frequency f as 1/f^a, a from 0 to 2; standard deviation 1."""
    frequency = np.maximum(np.fft.rfftfreq(count), 20 / RATE)
    values = np.fft.irfft(np.fft.rfft(rng.standard_normal(count)) / frequency ** rng.uniform(0, 1), count)
    return values / values.std()


def of_speakers(rng, samples):
    """(calibration, test) of the samples of each speaker, mixed; `speaker` is a sample's."""
    numbered = [{**of, "speaker": np.full(len(next(iter(of.values()))), i)} for i, of in enumerate(samples)]
    return tuple(mixed(rng, part) for part in (numbered[:CALIBRATED], numbered[CALIBRATED:]))


def mixed(rng, parts):
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = rng.permutation(len(joined["speaker"]))
    return {name: values[order] for name, values in joined.items()}
