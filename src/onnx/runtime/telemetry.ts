// ONNX Runtime's Linux and macOS builds since 1.29 report models and hardware to their maker and leave files in the temporary folder.
// Nobody who quantizes a model asked for that: it is off before the runtime loads. Whoever wants it sets the variable to 0.
// Source: microsoft/onnxruntime pull request 27379. Threads cannot change the process's environment, so the main thread imports this too.

process.env.ORT_DISABLE_TELEMETRY ??= '1'
