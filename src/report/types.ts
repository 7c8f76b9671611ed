// How the pipeline speaks to whoever runs it. The command line prints it; the library's callers may pass their own or none.

import type { QuantMode, ZeroPointPolicy } from '../config/config.js'

/** A long piece of work being shown. */
export interface ProgressTask {
  /** `done` of the total are finished. */
  update(done: number): void
  finish(): void
}

export interface Reporter {
  /** One of the run's stages, `of` so many, begins; the previous one ends. */
  stage(name: string, of?: number): void
  /** A note: hidden at -l 2 and above. */
  info(line: string): void
  /** Something the user should know; the run goes on. Hidden at -l 3. */
  warn(line: string): void
  /** Detail, shown at -l 0. */
  debug(line: string): void
  /** What user code in a process of its own printed, in pieces as they come. */
  output(stream: 'stdout' | 'stderr', text: string): void
  /** How many samples all passes over the data together will take, once that is known: what the time left for the whole run follows from. */
  workload?(samples: number): void
  /** Starts showing progress: `unit` is what is counted ("samples"). */
  progress(title: string, total: number, unit: string): ProgressTask
}

/** Which tensors of a quantization have a zero point. */
export interface ZeroPointRecord {
  readonly policy: ZeroPointPolicy
  /** Scales that have one, and what the chip runs for their sake: Pad nodes, and sums behind products. */
  readonly groups: number
  readonly pads: number
  readonly sums: number
  /** What --zero-points auto chose from; absent where there was nothing to choose. */
  readonly tried?: readonly ZeroPointTrial[]
}

export interface ZeroPointTrial {
  readonly policy: ZeroPointPolicy
  /** Pad nodes that the chip would run for their sake, and sums behind products. */
  readonly pads: number
  readonly sums: number
  /** Signal to noise at the outputs on calibration samples, in dB; undefined where there is no noise. */
  readonly sqnr: number | undefined
}

/** A mode of those that -qm auto, or -r auto_quant of several, chose from. */
export interface ModeTrial {
  readonly mode: QuantMode
  /** Signal to noise at the outputs on calibration samples, in dB; undefined where there is no noise. */
  readonly sqnr: number | undefined
}

/** Which operators -r auto_quant gave 16 bits. Ratios of signal to noise are those at the outputs, in dB on calibration samples; undefined where there is no noise. */
export interface MixRecord {
  /** Names of the operators with 16 bits, and how many operators have a width of their own. */
  readonly wide: readonly string[]
  readonly operators: number
  /** Share of the multiplications that are in 16 bits. */
  readonly ratio: number
  readonly sqnr: number | undefined
  /** Whether --auto-mix-sqnr is reached; undefined where it was not asked for. */
  readonly reached: boolean | undefined
  /** Every mix that was measured, that of 8 bits alone among them, in the order of the search. */
  readonly tried: readonly MixTrial[]
}

export interface MixTrial {
  /** How many operators have 16 bits, and their share of the multiplications. */
  readonly wide: number
  readonly ratio: number
  /** Undefined where there is no noise; minus infinity (null in JSON) where the chip cannot compute it. */
  readonly sqnr: number | undefined
}

/** What --refine made of a quantization. */
export interface RefinementRecord {
  /** Samples that it was fitted to: what was fitted to one half of them was judged by the other. */
  readonly samples: number
  readonly steps: readonly RefinementStep[]
}

export interface RefinementStep {
  readonly step: 'weights' | 'biases'
  /** Signal to noise at the outputs, on samples that it was not fitted to, in dB; undefined where there is no noise, or where the chip cannot compute it. */
  readonly before: number | undefined
  readonly after: number | undefined
  /** The mean gain over these samples in its own standard errors; undefined where the chip cannot compute it. */
  readonly significance: number | undefined
  /** Whether it made the outputs better beyond chance: else it was taken back. */
  readonly kept: boolean
}

/** One quantization of a run. Accuracy values are the metric's, undefined where there is none. */
export interface ModeResult {
  readonly model: string
  readonly mode: string
  readonly iteration: number
  /** Quantization Loss in percent: |fix - float| / |float| * 100; undefined where the float metric is 0 or absent. */
  readonly loss: number | undefined
  readonly floatMetric: number | undefined
  readonly fixMetric: number | undefined
  /** What the mode was chosen from; undefined where it was asked for. */
  readonly modes?: readonly ModeTrial[] | undefined
  /** Undefined where nothing was quantized. */
  readonly zeroPoints?: ZeroPointRecord | undefined
  /** Undefined where nothing was refined. */
  readonly refinement?: RefinementRecord | undefined
  /** Relative to the save-dir; '.' for a single quantization. */
  readonly directory: string
  /** Files written, relative to `directory`. */
  readonly files: readonly string[]
  /** Set when this one failed: its message. */
  readonly error: string | undefined
}

export interface RunResult {
  readonly saveDir: string
  /** Sorted by loss, failures last. */
  readonly results: readonly ModeResult[]
  /** What -r auto_quant found; undefined in other runs. */
  readonly mix?: MixRecord | undefined
  /** Samples left out under --on-bad-sample skip: id and reason. */
  readonly skipped: readonly { readonly id: string; readonly reason: string }[]
  /** Wall time in seconds of each stage. */
  readonly stageSeconds: Readonly<Record<string, number>>
}

export const silentReporter: Reporter = {
  stage() {},
  info() {},
  warn() {},
  debug() {},
  output() {},
  progress: () => ({ update() {}, finish() {} }),
}
