// What every bench takes and gives.

export interface BenchOptions {
  /** Runs of each side, in turn. */
  readonly rounds: number
  /** Seconds of plain inference in a run that calibration is compared with. */
  readonly seconds: number
  readonly samples: number
  /** A model with one 224x224 image input, and a folder of 224x224 JPEGs for it. */
  readonly model: string | undefined
  readonly images: string | undefined
  /** A Python that has onnxruntime, onnx, numpy and Pillow. */
  readonly python: string | undefined
}

/** A table: one object a row, the same keys in each. */
export interface Section {
  readonly title: string
  readonly rows: readonly Readonly<Record<string, string | number>>[]
}
