"""docs/models.svg from the results of measure.py: by how many dB squire's default is nearer to the float model than ONNX Runtime's."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

from measured import TRAINED
from statistic import difference, values

# The same results give the same bytes, and text stays text.
matplotlib.rcParams.update({"svg.hashsalt": "squire", "svg.fonttype": "none", "font.size": 8})

COLORS = {True: "#c0392b", False: "#7aa6d8"}


def gains(results):
    """(name, mean difference, its standard error), least first. Models that failed, or that ONNX Runtime leaves wholly in float, have none."""
    done = {name: one for name, one in results.items() if "splits" in one}
    whole = {name: one for name, one in done.items() if sum(values(one, "peer min_max", "integer")) > 0}
    found = {name: difference(one, "default", "peer min_max") for name, one in whole.items()}
    return sorted(((name, *gain) for name, gain in found.items() if gain is not None), key=lambda one: (one[1], one[0]))


def bars(axes, found, trained):
    some = [(place, gain, error or 0) for place, (name, gain, error) in enumerate(found) if name.startswith(TRAINED) == trained]
    places, middles, errors = zip(*some) if some else ([], [], [])
    label = f"{'trained' if trained else 'random'} weights ({len(some)})"
    axes.barh(places, middles, xerr=errors, color=COLORS[trained], height=0.7, error_kw={"linewidth": 0.7}, label=label)


def picture(results, path):
    found = gains(results)
    figure, axes = plt.subplots(figsize=(8, 1 + 0.15 * len(found)))
    for trained in (True, False):
        bars(axes, found, trained)
    axes.axvline(0, color="0.3", linewidth=0.8)
    axes.set_yticks(range(len(found)), [name for name, *_ in found], fontsize=7)
    axes.set_ylim(-1, len(found))
    axes.set_xlabel("SQNR of squire's default less that of ONNX Runtime's, dB, with its standard error")
    axes.legend(loc="lower right", frameon=False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
