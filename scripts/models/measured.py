"""What is measured, and of which models."""

MODES = ["min_max", "percentile", "mse", "kl_v2"]
# ONNX Runtime's methods that squire has too. The first is what it takes by itself.
PEERS = {"min_max": "MinMax", "percentile": "Percentile"}
# Of models larger than that, in bytes, what squire takes by itself and MODES_OF_LARGE are measured. ONNX Runtime's Percentile keeps every value of
# every tensor.
LARGE = 8_000_000
MODES_OF_LARGE = ["min_max"]
# What names of models with trained weights begin with; all others have random weights.
TRAINED = ("ddddocr", "isnet", "oww", "ppocr", "silero", "squeezenet1_0", "trained")
# Models whose answers are pictures, judged by their peak signal to noise ratio in dB; what others get right is a share.
IN_DECIBELS = ["trained_espcn", "trained_fast_depth"]
