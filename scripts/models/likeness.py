"""How alike two models' detections and masks are, 1 where they are the same, and how near answers are to the right ones."""

import numpy as np

STRIDES = (8, 16, 32)


def boxes_alike(scores, expected, size=416):
    """Share of the boxes of both models that have one of the same place (IoU of a half) in the other: the F1 score, over all samples."""
    found = [(boxes(a, size), boxes(b, size)) for a, b in zip(scores, expected)]
    matched = sum(matches(a, b) for a, b in found)
    return 2 * matched / max(1, sum(len(a) + len(b) for a, b in found))


def boxes(raw, size, threshold=0.25):
    """YOLOX's head, [cells, centre x and y, log width and height, objectness, classes], as corners after non-maximum suppression."""
    raw = raw.reshape(-1, raw.shape[-1])
    corners, steps = cells(size)
    centres, sides = (raw[:, :2] + corners) * steps, np.exp(raw[:, 2:4]) * steps
    placed, scores = np.concatenate([centres - sides / 2, centres + sides / 2], 1), raw[:, 4] * raw[:, 5:].max(1)
    kept = []
    for one in np.argsort(-scores, kind="stable"):
        if scores[one] < threshold:
            break
        if not kept or overlaps(placed[one : one + 1], placed[kept]).max() < 0.45:
            kept.append(one)
    return placed[kept]


def cells(size):
    """Upper left corner of each cell, in cells, and its side, in pixels."""
    grids = [np.stack(np.meshgrid(np.arange(size // step), np.arange(size // step)), -1).reshape(-1, 2) for step in STRIDES]
    return np.concatenate(grids), np.concatenate([np.full((len(grid), 1), step) for grid, step in zip(grids, STRIDES)])


def overlaps(first, second):
    """Intersection over union of all pairs, [boxes, others]."""
    shared = np.minimum(first[:, None, 2:], second[None, :, 2:]) - np.maximum(first[:, None, :2], second[None, :, :2])
    shared = shared.clip(0).prod(-1)
    areas = [(one[:, 2:] - one[:, :2]).prod(-1) for one in (first, second)]
    return shared / (areas[0][:, None] + areas[1][None] - shared)


def matches(first, second):
    """How many pairs there are when each takes the nearest that is left."""
    found = overlaps(first, second)
    count = 0
    while found.size and found.max() >= 0.5:
        row, column = np.unravel_index(found.argmax(), found.shape)
        found = np.delete(np.delete(found, row, 0), column, 1)
        count += 1
    return count


def masks_alike(alpha, expected):
    """Intersection over union of what is in the foreground, above a half, on average over the samples."""
    pairs = [(a > 0.5, b > 0.5) for a, b in zip(alpha, expected)]
    return float(np.mean([np.logical_and(a, b).sum() / max(1, np.logical_or(a, b).sum()) for a, b in pairs]))


def codes(scores):
    """Runs of one code are one character, code 0 is none."""
    lines = scores.argmax(-1).reshape(len(scores), -1)
    return [[code for i, code in enumerate(line) if code and (i == 0 or line[i - 1] != code)] for line in lines]


def lines_right(scores, labels):
    """Share of the lines that are read without a fault; labels [lines, places, codes of which any is right], -1 beyond a line's end."""
    right = lambda line, label: len(line) == (label >= 0).any(1).sum() and all(code in label[i] for i, code in enumerate(line))
    return float(np.mean([right(line, label) for line, label in zip(codes(scores), labels)]))


def shared_areas(scores, labels):
    """Intersection over union of each class's pixels, over all samples, on average over the classes."""
    found = scores.reshape(len(labels), -1, *labels.shape[1:]).argmax(1)
    pairs = [(found == one, labels == one) for one in np.unique(labels)]
    return float(np.mean([np.logical_and(a, b).sum() / np.logical_or(a, b).sum() for a, b in pairs]))


def decibels(values, labels):
    """Peak signal to noise ratio, whose peak is the range of the labels."""
    return float(10 * np.log10(np.ptp(labels) ** 2 / np.square(values.reshape(labels.shape) - labels).mean()))
