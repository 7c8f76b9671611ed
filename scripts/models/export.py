"""Exports topologies with torch, with random weights, realistic statistics and inputs to calibrate and to test on; an optional tool.

python scripts/models/export.py FOLDER [--photos FOLDER] [--only NAME...]

Writes NAME.onnx, NAME.npz (samples to calibrate on), NAME.test.npz (others, to test on) and index.json. A topology that fails is said and left
out. Needs torch, timm, torchvision, transformers, onnxscript and numpy; with --photos, pillow.
"""

import argparse
import json
import math
import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

from inputs import Images, normal, ones, spectra, tokens, waves
from topologies import topologies

CALIBRATION = 32
# To test on: as many as make this many values, so that what differs is more than luck and the files stay small.
TEST_VALUES, LEAST_TESTS, MOST_TESTS = 2**22, 16, 400
NORMS = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm2d)


def samples(topology, images, rng, count):
    """Input name -> array [count, ...]."""

    def draw(kind, shape):
        if kind == "image":
            return images.draw(rng, count, *shape)
        if kind == "wave":
            return waves(rng, count, shape[1])
        return {"spectrum": spectra, "tokens": tokens, "normal": normal, "ones": ones}[kind](rng, count, *shape)

    return {name: draw(*what) for name, what in topology.inputs.items()}


def number_of_tests(topology):
    values = sum(math.prod(shape) for _, shape in topology.inputs.values())
    return max(LEAST_TESTS, min(MOST_TESTS, TEST_VALUES // values))


def make_realistic(model, batch):
    """What training makes of a net and its start does not: channels of different magnitude, and normalizations that fit the data."""
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Linear)):
                shape = [-1] + [1] * (module.weight.dim() - 1)
                module.weight.mul_(torch.exp(0.3 * torch.randn(module.weight.shape[0])).view(shape))
            elif isinstance(module, NORMS) and module.weight is not None:
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0, 0.2)
        for name, parameter in model.named_parameters():
            # Scales of residual branches start near 0, where nothing would be left to quantize.
            if name.rsplit(".", 1)[-1] in ("gamma", "gamma1", "gamma2", "gamma3", "layer_scale") and float(parameter.abs().max()) < 0.1:
                parameter.uniform_(0.2, 0.6)
        norms = [module for module in model.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
        for norm in norms:
            norm.momentum = None
            norm.reset_running_stats()
            norm.train()
        if norms:
            for part in zip(*(value.split(16) for value in batch)):
                model(*part)
        model.eval()


def options(topology):
    """How torch exports it."""
    if topology.legacy_opset:
        return dict(dynamo=False, opset_version=topology.legacy_opset, dynamic_axes=topology.dynamic)
    chosen = dict(dynamo=True, external_data=topology.external, verbose=False, opset_version=topology.opset)
    if topology.dynamic is None:
        return chosen
    lengths = {name: torch.export.Dim.DYNAMIC for axes in topology.dynamic.values() for name in axes.values()}
    return dict(**chosen, dynamic_shapes=[{axis: lengths[name] for axis, name in axes.items()} for axes in topology.dynamic.values()])


def export(name, topology, images, folder):
    seed = int.from_bytes(name.encode()[:4], "little") + len(name)
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = topology.build().eval()
    calibration, test = samples(topology, images, rng, CALIBRATION), samples(topology, images, rng, number_of_tests(topology))
    make_realistic(model, [torch.from_numpy(value) for value in calibration.values()])
    if topology.half:
        model = model.half()
        halved = lambda values: {name: value.astype(np.float16) if value.dtype == np.float32 else value for name, value in values.items()}
        calibration, test = halved(calibration), halved(test)
    one = tuple(torch.from_numpy(value[:1]) for value in calibration.values())
    torch.onnx.export(model, one, str(folder / f"{name}.onnx"), input_names=list(topology.inputs), **options(topology))
    np.savez(folder / f"{name}.npz", **calibration)
    np.savez(folder / f"{name}.test.npz", **test)
    return {"exporter": f"opset {topology.legacy_opset}" if topology.legacy_opset else "dynamo", "inputs": {k: list(v.shape[1:]) for k, v in test.items()}}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--only", nargs="*", default=list(topologies))
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / "index.json"
    index = json.loads(path.read_text()) if path.exists() else {}
    failed = []
    for name in options.only:
        try:
            index[name] = export(name, topologies[name], Images(options.photos), options.folder)
            print(f"{name}: done", flush=True)
        except Exception as error:  # The exporters throw whatever they like; the next topology may still work.
            failed.append(name)
            print(f"{name}: {type(error).__name__}: {str(error)[:300]}", flush=True)
        path.write_text(json.dumps(dict(sorted(index.items())), indent=2) + "\n")
    print(f"{len(options.only) - len(failed)} exported, {len(failed)} failed: {' '.join(failed) or 'none'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
