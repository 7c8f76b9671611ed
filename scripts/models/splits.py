"""Samples of a model: which are calibrated on, and which others are judged."""

import numpy as np


def uses_all(folder, name):
    return name == "ppocr_recognizer" or {"label", "speaker"} & set(np.load(folder / f"{name}.test.npz").files)


def splits(folder, name, count, samples, tests):
    """`count` times (calibration, test), each input name -> array. The same samples are dealt anew each time, since what one deal says of two tools is
    luck by a decibel or more; those of one speaker stay together. All samples are used where there is a task, or sounds."""
    files = [np.load(folder / file) for file in (f"{name}.npz", f"{name}.test.npz")]
    pool = {key: np.concatenate([file[key] for file in files]) for key in files[0].files}
    first, second = (len(next(iter(file.values()))) for file in files)
    calibrated, judged = (first, second) if uses_all(folder, name) else (min(samples, first), min(tests, first + second - min(samples, first)))
    speakers = pool.pop("speaker", np.arange(first + second))
    for seed in range(count):
        order = np.random.default_rng(seed).permutation(first + second)
        parts = dealt(order, speakers, calibrated, judged)
        yield tuple({key: values[part] for key, values in pool.items()} for part in parts)


def dealt(order, speakers, calibrated, judged):
    """The order in two: samples of speakers who together have as many as are calibrated on, in the order in which they come, and of the others."""
    own = speakers[order]
    counts, chosen = dict(zip(*np.unique(speakers, return_counts=True))), []
    for speaker in dict.fromkeys(own):
        if sum(counts[one] for one in chosen) < calibrated:
            chosen.append(speaker)
    is_chosen = np.isin(own, chosen)
    return order[is_chosen], order[~is_chosen][:judged]


def rows(arrays):
    """One feed a sample."""
    count = len(next(iter(arrays.values())))
    return [{name: values[i : i + 1] for name, values in arrays.items() if name != "label"} for i in range(count)]
