// Which zero points each quantization has, and what --zero-points auto chose them from.

import type { ResultEntry, ZeroPointEntry } from '../data/report.js'
import { fixed } from './format.js'
import type { Report } from './model.js'

export function ZeroPoints({ report }: { readonly report: Report }) {
  const told = report.results.flatMap((result) =>
    result.zeroPoints == null ? [] : [sentence(result, result.zeroPoints)],
  )
  return told.map((text) => (
    <p key={text} class="key">
      {text}
    </p>
  ))
}

function sentence({ mode, iteration }: ResultEntry, { policy, groups, pads, tried }: ZeroPointEntry): string {
  const held =
    groups === 0
      ? 'no tensor has a zero point'
      : `${groups} scales have a zero point (${policy}), with ${pads} Pad nodes for their sake`
  const numbers = tried?.map((one) => `${one.policy} ${one.sqnr === null ? 'exact' : `${fixed(one.sqnr, 1)} dB`}`)
  const chosen = numbers === undefined ? '' : ` Signal to noise on calibration samples: ${numbers.join(', ')}.`
  return `${mode}, -i ${iteration}: ${held}.${chosen}`
}
