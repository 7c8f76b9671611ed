"""from onnx_quantize_tool.common.register import onnx_infer_func, then @onnx_infer_func.register("name")."""

from squire_bridge.registry import infer_functions as onnx_infer_func
from squire_bridge.registry import pytorch_models as pytorch_model

__all__ = ["onnx_infer_func", "pytorch_model"]
