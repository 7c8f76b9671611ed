"""Numbers of a model over its splits. A column is measured once a split."""

import math


def values(one, column, key="sqnr"):
    return [split[column][key] for split in one["splits"] if key in split.get(column, {}) and split[column][key] is not None]


def mean(numbers):
    return sum(numbers) / len(numbers) if numbers else None


def difference(one, column, other):
    """Mean of what `column` has more than `other`, split by split, and its standard error: None for one split. None where a column is missing."""
    pairs = [(split[column], split[other]) for split in one["splits"] if "sqnr" in split.get(column, {}) and "sqnr" in split.get(other, {})]
    gains = [a["sqnr"] - b["sqnr"] for a, b in pairs]
    if not gains:
        return None
    middle = mean(gains)
    if len(gains) == 1:
        return middle, None
    return middle, math.sqrt(sum((gain - middle) ** 2 for gain in gains) / (len(gains) - 1) / len(gains))


def in_words(name, found):
    middle, error = found
    return f"{name} {middle:+.1f}" + ("" if error is None else f" +- {error:.1f}")


def compared(pairs, is_apart):
    """Of (name, difference): how many are not apart, of how many, those that are, and the median."""
    known = [(name, found) for name, found in pairs if found is not None]
    apart = [in_words(name, found) for name, found in known if is_apart(found[0])]
    median = sorted(middle for _, (middle, _) in known)[len(known) // 2] if known else 0
    return len(known) - len(apart), len(known), ", ".join(apart) or "none", median
