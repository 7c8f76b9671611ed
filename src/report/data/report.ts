// report.json and run.json as a whole.

import type { Layers } from './types.js'

/** A quantization of the run, as RunResult has it; null where there is nothing. */
export interface ResultEntry {
  readonly model: string
  readonly mode: string
  readonly iteration: number
  readonly directory: string
  readonly loss: number | null
  readonly floatMetric: number | null
  readonly fixMetric: number | null
  readonly zeroPoints: ZeroPointEntry | null
  readonly files: readonly string[]
  readonly error: string | null
}

/** Which scales of a quantization have a zero point; `tried` is what --zero-points auto chose from. */
export interface ZeroPointEntry {
  readonly policy: string
  readonly groups: number
  readonly pads: number
  readonly tried?: readonly { readonly policy: string; readonly pads: number; readonly sqnr: number | null }[]
}

/** Something to look at. */
export interface AdviceEntry {
  /** Which rule says it. */
  readonly rule: string
  /** The tensor or operator that it is about; null for the run as a whole. */
  readonly tensor: string | null
  /** What is the matter, in a sentence that may follow the name. */
  readonly text: string
  /** The numbers that say so. */
  readonly evidence: string
  /** A command, or options of one, to try next. */
  readonly next: string | null
}

/** report.json: the same bytes for the same model, samples and options. */
export interface Report extends Layers {
  readonly model: string
  readonly options: Readonly<Record<string, unknown>>
  readonly results: readonly ResultEntry[]
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
  readonly data: { readonly digest: string; readonly samples: number }
  readonly advice: readonly AdviceEntry[]
}

/** run.json: what is different each time. */
export interface RunFacts {
  /** The words of the command line after `squire`; null for a call of the library. */
  readonly command: readonly string[] | null
  readonly squire: string
  readonly node: string
  readonly platform: string
  readonly workers: number
  readonly stageSeconds: Readonly<Record<string, number>>
  /** ISO 8601, in UTC. */
  readonly ended: string
}
