"""Calibrates a model with ONNX Runtime's quantize_static on the images that the other benches use, and reports time and memory.

python peer.py MODEL FOLDER SAMPLES METHOD -> one line of JSON. FOLDER: 224x224 JPEGs; METHOD: MinMax, Entropy or Percentile.
"""

import json
import os
import resource
import sys
import tempfile
import time

import numpy as np
import onnxruntime
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from PIL import Image

model, folder, samples, method = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
name = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]).get_inputs()[0].name
files = sorted(os.listdir(folder))


def load(index):
    rgb = np.asarray(Image.open(os.path.join(folder, files[index % len(files)])).convert("RGB"), np.float32)
    bgr = rgb[:, :, ::-1] - np.array([104, 117, 123], np.float32)
    return np.ascontiguousarray(bgr.transpose(2, 0, 1)[None])


class Images(CalibrationDataReader):
    def __init__(self):
        self.next = 0

    def get_next(self):
        if self.next == samples:
            return None
        self.next += 1
        return {name: load(self.next - 1)}


images = Images()
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
with tempfile.TemporaryDirectory() as out:
    quantize_static(
        model,
        os.path.join(out, "q.onnx"),
        images,
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=getattr(CalibrationMethod, method),
    )
seconds = time.perf_counter() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"seconds": seconds, "maxRssMb": peak / 1024, "perImageMb": (peak - before) / 1024 / samples}))
