// Whose noise it is: what each tensor and each operator's weights add to the noise at the outputs by themselves, the largest first.

import type { QuantizationEntry } from '../../data/types.js'
import type { Report } from '../model.js'
import { counted, percent } from '../parts/format.js'

interface NoiseProps {
  readonly report: Report
  readonly shown: QuantizationEntry | undefined
  readonly onOpen: (tensor: number) => void
}

interface Share {
  /** Of the tensor, or of the tensor that the operator writes. */
  readonly index: number
  readonly name: string
  readonly what: 'tensor' | 'weights'
  readonly share: number
}

const MOST_SHOWN = 8

export function Noise({ report, shown, onOpen }: NoiseProps) {
  const shares = sharesOf(report, shown)
  if (shares.length === 0) return null
  return (
    <>
      <h3>Whose noise it is</h3>
      <p class="key">
        One thing is quantized at a time, all else stays float: shares of the sum of the noise at the outputs, on{' '}
        {counted(shown!.noise!.samples, 'sample')}.
      </p>
      <ol class="worst">
        {shares.slice(0, MOST_SHOWN).map(({ index, name, what, share }) => (
          <li key={`${what} ${name}`}>
            <button type="button" class="link name" onClick={() => onOpen(index)}>
              {name}
            </button>
            <span class="quiet">{what}</span>
            <meter min={0} max={shares[0]!.share} value={share} aria-label={`${name}, ${what}: share of the noise`} />
            <span class="number">{percent(share)}</span>
          </li>
        ))}
      </ol>
    </>
  )
}

/** Each share of the sum of all, descending. */
function sharesOf({ tensors, operators }: Report, shown: QuantizationEntry | undefined): Share[] {
  const noise = shown?.noise
  if (noise == null) return []
  const place = new Map(tensors.map(({ name }, index) => [name, index]))
  const all = [
    ...tensors.map(({ name }, index) => ({ index, name, what: 'tensor' as const, share: noise.tensors[index] ?? 0 })),
    ...operators.map(({ name, outputs }, i) => ({
      index: place.get(outputs[0] ?? '') ?? -1,
      name,
      what: 'weights' as const,
      share: noise.weights[i] ?? 0,
    })),
  ]
  const sum = all.reduce((total, { share }) => total + share, 0)
  return all
    .filter(({ index, share }) => index >= 0 && share > 0)
    .map((one) => ({ ...one, share: one.share / sum }))
    .sort((a, b) => b.share - a.share || a.index - b.index)
}
