// What the float model says of samples that judge more than once: as much of it as there is room for.

import type { HeldSample } from '../../engine/protocol.js'
import type { TensorValue } from '../../onnx/types.js'

type Values = Readonly<Record<string, TensorValue>>

/** Beyond so many bytes the float model runs again. */
const MOST_BYTES = 2 ** 27

export class References {
  readonly #kept = new Map<HeldSample, Values>()
  #room = MOST_BYTES

  of(sample: HeldSample): Values | undefined {
    return this.#kept.get(sample)
  }

  keep(sample: HeldSample, values: Values): void {
    const bytes = Object.values(values).reduce((sum, { data }) => sum + data.byteLength, 0)
    if (bytes > this.#room || this.#kept.has(sample)) return
    this.#room -= bytes
    this.#kept.set(sample, values)
  }
}
