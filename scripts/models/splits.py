"""Samples of a model: which are calibrated on, and which others are judged."""

import numpy as np


def uses_all(folder, name):
    return name in ("ppocr_recognizer", "silero_vad", "silero_vad_legacy") or "label" in np.load(folder / f"{name}.test.npz").files


def splits(folder, name, count, samples, tests):
    """`count` times (calibration, test), each input name -> array. The same samples are dealt anew each time, since what one deal says of two tools is
    luck by a decibel or more. All samples are used where there is a task, or sounds."""
    files = [np.load(folder / file) for file in (f"{name}.npz", f"{name}.test.npz")]
    pool = {key: np.concatenate([file[key] for file in files]) for key in files[0].files}
    first, second = (len(next(iter(file.values()))) for file in files)
    calibrated, judged = (first, second) if uses_all(folder, name) else (min(samples, first), min(tests, first + second - min(samples, first)))
    for seed in range(count):
        order = np.random.default_rng(seed).permutation(first + second)
        parts = order[:calibrated], order[calibrated : calibrated + judged]
        yield tuple({key: values[part] for key, values in pool.items()} for part in parts)


def rows(arrays):
    """One feed a sample."""
    count = len(next(iter(arrays.values())))
    return [{name: values[i : i + 1] for name, values in arrays.items() if name != "label"} for i in range(count)]
