// The report as the page reads it: what is embedded in the file, and what follows from it.

import type { Report, RunFacts } from '../data/report.js'
import type { Layers, QuantizationEntry, TensorEntry } from '../data/types.js'

export type { Report, RunFacts }
export type View = 'accumulated' | 'own'
export type Measure = 'sqnr' | 'cosine'

/** What the file holds: one run, or two to be compared. */
export interface Embedded {
  readonly reports: readonly Report[]
  readonly runs: readonly (RunFacts | null)[]
}

export function readEmbedded(): Embedded {
  return JSON.parse(document.getElementById('squire-report')!.textContent!) as Embedded
}

/** Which operator writes each tensor, by the tensor's name. */
function writersOf({ operators }: Layers): ReadonlyMap<string, number> {
  return new Map(operators.flatMap(({ outputs }, i) => outputs.map((name) => [name, i] as const)))
}

export interface Row {
  readonly index: number
  readonly tensor: TensorEntry
  readonly operator: string
  readonly kind: string
  readonly ownSqnr: number | null
  readonly sqnr: number | null
  readonly cosine: number | null
  readonly mre: number | null
  readonly clipped: number | null
  readonly codesUsed: number | null
}

/** One row a tensor, in network order. */
export function rowsOf(report: Report, quantization: QuantizationEntry): Row[] {
  const writers = writersOf(report)
  const { accumulated, own } = quantization
  return report.tensors.map((tensor, index) => {
    const operator = report.operators[writers.get(tensor.name) ?? -1]
    const [low, high] = [accumulated.clippedLow[index] ?? null, accumulated.clippedHigh[index] ?? null]
    return {
      index,
      tensor,
      operator: operator?.name ?? 'input',
      kind: operator?.kind ?? 'input',
      ownSqnr: own.sqnr[index] ?? null,
      sqnr: accumulated.sqnr[index] ?? null,
      cosine: accumulated.cosine[index] ?? null,
      mre: accumulated.mre[index] ?? null,
      clipped: low === null || high === null ? null : low + high,
      codesUsed: accumulated.codesUsed[index] ?? null,
    }
  })
}

/** The tensors whose own operator loses most, one for each scale: what only moves values says the same again. */
export function worstRows(rows: readonly Row[], count: number): Row[] {
  const seen = new Set<string>()
  return rows
    .filter(({ ownSqnr }) => ownSqnr !== null)
    .sort((a, b) => a.ownSqnr! - b.ownSqnr! || a.index - b.index)
    .filter(({ tensor }) => !seen.has(tensor.scaleOf) && seen.add(tensor.scaleOf))
    .slice(0, count)
}

/** The quantization that the page opens with: the best one that was compared. */
export function firstShown({ quantizations }: Report): number {
  return Math.max(
    0,
    quantizations.findIndex(({ compared }) => compared > 0),
  )
}
