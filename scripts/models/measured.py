"""What is measured, and of which models."""

MODES = ["min_max", "percentile", "mse", "kl_v2"]
PEERS = {"min_max": "MinMax", "percentile": "Percentile"}
# Of models larger than that, in bytes, these modes alone are measured. ONNX Runtime's Percentile keeps every value of every tensor.
LARGE = 8_000_000
MODES_OF_LARGE = ["min_max", "kl_v2"]
