"""What a topology is: how to build it, what its inputs are, and how it is exported."""

from dataclasses import dataclass
from typing import Callable

import torch
from torch import nn

library = torch.library.Library("torchvision", "DEF")
for operator in ("nms", "qnms"):
    # Where the wheel's native library does not load, torchvision still imports once these are declared.
    if not hasattr(torch.ops.torchvision, operator):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        library.impl(operator, lambda boxes, scores, threshold: suppressed(boxes, scores, threshold), "CPU")


def suppressed(boxes, scores, threshold):
    """Non-maximum suppression as torchvision defines it, for exporters that run a model to trace it."""
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    left, chosen = scores.argsort(descending=True).tolist(), []
    while left:
        best = left.pop(0)
        chosen.append(best)
        corner = torch.minimum(boxes[left, 2:], boxes[best, 2:]) - torch.maximum(boxes[left, :2], boxes[best, :2])
        shared = corner.clamp(min=0).prod(1)
        left = [one for one, overlap in zip(left, shared / (areas[left] + areas[best] - shared)) if overlap <= threshold]
    return torch.tensor(chosen, dtype=torch.int64)


@dataclass(frozen=True)
class Topology:
    build: Callable[[], nn.Module]
    # Input name -> (kind, shape of one sample without the batch): image, wave, spectrum, tokens, normal or ones.
    inputs: dict
    # None: torch's default exporter; a number: the older one, at this opset.
    legacy_opset: int | None = None
    # Of torch's default exporter; None: its own choice.
    opset: int | None = None
    # Input name -> {axis: name} of the axes that may have any length.
    dynamic: dict | None = None
    # Weights and computation in float16; inputs and outputs too.
    half: bool = False
    # Weights in a file beside the model.
    external: bool = False


def image(build, size=64, channels=3, legacy_opset=None):
    return Topology(build, {"x": ("image", (channels, size, size))}, legacy_opset)
