// Whether the outputs say anything.

import { shortText } from './text.js'
import type { Rule } from './types.js'

/** Signal to noise, in dB, below which the noise of an output has more than half of the signal's power. */
const DROWNED = 3

/** Outputs with as much noise as signal, and where most of it comes in. */
export const drowned: Rule = ({ tensors, operators, quantizations }) => {
  const [shown] = quantizations
  if (shown === undefined || shown.compared === 0) return []
  const { accumulated, own, compared, mode } = shown
  const read = new Set(operators.flatMap(({ inputs }) => inputs))
  const noisy = tensors.flatMap(({ name }, i) => {
    const sqnr = accumulated.sqnr[i] ?? null
    return read.has(name) || sqnr === null || sqnr >= DROWNED ? [] : [{ name, sqnr }]
  })
  const alone = own.sqnr.flatMap((sqnr, i) => (sqnr === null ? [] : [{ name: tensors[i]!.name, sqnr }]))
  const [worst] = alone.sort((a, b) => a.sqnr - b.sqnr)
  return noisy.map(({ name, sqnr }) => ({
    tensor: name,
    text: `is an output with ${sqnr < 0 ? 'more noise than signal' : 'nearly as much noise as signal'} (${mode}): the quantized model may be of no use.`,
    evidence:
      `Signal to noise is ${shortText(sqnr)} dB on ${compared === 1 ? '1 sample' : `${compared} samples`}.` +
      (worst === undefined ? '' : ` What adds most by itself is "${worst.name}", ${shortText(worst.sqnr)} dB.`),
    next: '--refine best, or leave that part to the host with -on, which cuts the model',
  }))
}
