"""What is trained: a network, what it is trained on, and how."""

from dataclasses import dataclass
from functools import cache, partial
from typing import Callable

import numpy as np
import timm
import torch
import torch.nn.functional as F
import torchvision
from torch import nn

import networks
import sequences
from training import keywords, pictures
from training.fit import varied

# Samples to calibrate on and others to judge; nothing is trained on either.
CALIBRATED, JUDGED = 100, 300


@dataclass(frozen=True)
class Task:
    build: Callable[[], nn.Module]
    # (rng, folder of photographs or None) -> (inputs, targets) to train on, and others.
    draw: Callable
    loss: Callable = F.cross_entropy
    steps: int = 1200
    batch: int = 64
    rate: float = 3e-3
    # What becomes of a batch of inputs before each step.
    vary: Callable = lambda inputs: inputs
    # Whether synthesizers make what it is trained on.
    is_spoken: bool = False


@cache
def words():
    """The same words for all who listen: those to train on, and mixed ones of other speakers."""
    rng = np.random.default_rng(5)
    heard, unheard = keywords.spoken(rng, keywords.HEARD, 6), keywords.spoken(rng, keywords.UNHEARD, 3)
    order = rng.permutation(len(unheard[1]))
    return heard, tuple(values[order] for values in unheard)


def as_picture(spectra):
    """Every second frame, [count, 1, frames, bands]."""
    return spectra[:, :, ::2].transpose(0, 2, 1)[:, None].copy()


def heard_as(change=lambda spectra: spectra):
    return lambda _rng, _photos: tuple((change(spectra), labels) for spectra, labels in words())


def seen(draw, trained=4000):
    """Pictures on other photographs to judge than to train."""
    return lambda rng, photos: tuple(draw(images, rng, count) for images, count in zip(pictures.parted(photos), (trained, CALIBRATED + JUDGED)))


def written(_rng, _photos):
    inputs, labels = pictures.handwritten()
    return tuple((inputs[part], labels[part]) for part in (slice(-CALIBRATED - JUDGED), slice(-CALIBRATED - JUDGED, None)))


def line_loss(shares, labels):
    """Of [steps, count, codes] after a Softmax: two steps in the middle of each character have its code, those between have 0, none."""
    steps, codes = len(shares), torch.zeros(len(labels), len(shares), dtype=torch.int64)
    for place in range(labels.shape[1]):
        middle = int((place + 0.5) * steps / labels.shape[1])
        codes[:, middle - 1 : middle + 1] = labels[:, place]
    return F.nll_loss((shares + 1e-7).log().permute(1, 2, 0), codes)


small_resnet = lambda: timm.create_model("resnet18", channels=(16, 32, 64, 128), stem_width=16, num_classes=len(pictures.CHARACTERS))
on_digits = partial(Task, draw=written, steps=300)
on_words = partial(Task, is_spoken=True)
TASKS = {
    "trained_tc_resnet8": on_words(lambda: sequences.TcResNet(keywords.CLASSES), heard_as(), steps=1500),
    "trained_ds_cnn": on_words(lambda: sequences.DsCnn(32, keywords.CLASSES), heard_as(as_picture), steps=1000),
    "trained_espcn": Task(networks.Espcn, seen(pictures.shrunk, 1500), F.l1_loss, steps=800, batch=16),
    "trained_fast_depth": Task(networks.FastDepth, seen(pictures.foggy, 2000), F.l1_loss, steps=1000, batch=32),
    "trained_unet": Task(lambda: networks.UNet(3, 8, 3), seen(pictures.shapes, 2000), steps=700, batch=16),
    "trained_resnet18": Task(small_resnet, seen(pictures.characters), steps=800, vary=varied),
    "trained_repvgg_a0": on_digits(lambda: timm.create_model("repvgg_a0", width_factor=0.25, num_classes=10)),
    "trained_mobilenet_v2": on_digits(lambda: torchvision.models.mobilenet_v2(width_mult=0.35, num_classes=10)),
    "trained_mobilenet_v3_small": on_digits(lambda: torchvision.models.mobilenet_v3_small(dropout=0, norm_layer=nn.BatchNorm2d, num_classes=10)),
    "trained_crnn": Task(lambda: sequences.Crnn(16, 11), seen(pictures.numbers, 6000), line_loss, steps=1600, batch=32, rate=4e-3),
}
