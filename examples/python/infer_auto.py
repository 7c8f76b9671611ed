"""infer_auto as Knight's FAQ prints it: random numbers for every input of any model. It needs numpy alone.

    squire quant -m two_inputs.onnx -uds examples/python/infer_auto.py -if infer_auto -i 4 -bs 2

squire has an infer_auto of its own, which gives the same numbers and needs no Python: leave -uds away.
"""

import numpy as np
from onnx_quantize_tool.common.register import onnx_infer_func
from onnx_quantize_tool.utils.constants import NP_TYPE_DICT

FLOATS = (1, 10, 11)
UNSIGNED = (2, 4, 12, 13)


def random_input(shape, onnx_type):
    np.random.seed(123)
    if onnx_type in FLOATS:
        data = np.random.randn(*shape)
    elif onnx_type in UNSIGNED:
        data = np.random.randint(1, 10, size=shape)
    else:
        data = np.random.randint(-10, 10, size=shape)
    return data.astype(NP_TYPE_DICT[onnx_type])


@onnx_infer_func.register("infer_auto")
def infer_auto(executor):
    if not executor.shape_dicts:
        executor.init_shape_info()
    inputs = []
    for name in executor.input_nodes:
        # Input name -> dims, and -> ONNX type. What is dynamic has become the batch size.
        shape = [dim if isinstance(dim, int) and dim > 0 else executor.batch_size for dim in executor.shape_dicts[name]]
        inputs.append(random_input(shape, executor.input_types.get(name, 1)))
    for _ in range(executor.iteration):
        executor.forward(*inputs)
    return None  # No metric: there is no Quantization Loss then.
