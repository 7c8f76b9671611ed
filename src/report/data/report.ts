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
  /** What the mode was chosen from, with the signal to noise ratio at the outputs on calibration samples; null where it was asked for. */
  readonly modes: readonly { readonly mode: string; readonly sqnr: number | null }[] | null
  readonly zeroPoints: ZeroPointEntry | null
  readonly refinement: RefinementEntry | null
  readonly files: readonly string[]
  readonly error: string | null
}

/** Which scales of a quantization have a zero point; `tried` is what --zero-points auto chose from. */
export interface ZeroPointEntry {
  readonly policy: string
  readonly groups: number
  readonly pads: number
  readonly sums: number
  readonly tried?: readonly {
    readonly policy: string
    readonly pads: number
    readonly sums: number
    readonly sqnr: number | null
  }[]
}

/** What --refine made of a quantization: steps that were kept, or taken back as they gained nothing on samples that they were not fitted to. */
export interface RefinementEntry {
  readonly samples: number
  readonly steps: readonly {
    readonly step: 'weights' | 'biases'
    readonly before: number | null
    readonly after: number | null
    readonly significance: number | null
    readonly kept: boolean
  }[]
}

/** Which operators -r auto_quant gave 16 bits. Ratios of signal to noise are those at the outputs, in dB on calibration samples; null where there is no noise. */
export interface MixEntry {
  /** Names of the operators with 16 bits, and how many operators have a width of their own. */
  readonly wide: readonly string[]
  readonly operators: number
  /** Share of the multiplications that are in 16 bits. */
  readonly ratio: number
  readonly sqnr: number | null
  /** Whether --auto-mix-sqnr is reached; null where it was not asked for. */
  readonly reached: boolean | null
  /** Every mix that was measured, in the order of the search: how many operators have 16 bits, and what comes of it. */
  readonly tried: readonly { readonly wide: number; readonly ratio: number; readonly sqnr: number | null }[]
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

/** What the run was made from: with the options, all that its numbers depend on but the processor. */
export interface Origin {
  readonly versions: { readonly squire: string; readonly onnxruntime: string }
  /** Hex SHA-256 of the files that options name, by the option's name in the library; null where it names none. Of the model with its external data. */
  readonly hashes: Readonly<Record<string, string | null>>
  /** An identity of the data, and samples that calibration took. */
  readonly data: { readonly digest: string; readonly samples: number }
}

/** report.json: the same bytes for the same model, samples and options. */
export interface Report extends Origin, Layers {
  /** The model's file, without its folder. */
  readonly model: string
  /** Every option that decides numbers, by its name in the library, as it was given or by default; null where it is neither. */
  readonly options: Readonly<Record<string, unknown>>
  /** Sorted by loss, failures last. */
  readonly results: readonly ResultEntry[]
  /** null in runs other than auto_quant. */
  readonly mix: MixEntry | null
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
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
