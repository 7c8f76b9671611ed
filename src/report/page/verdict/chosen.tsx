// What samples decided: the mode of -qm auto, the zero points of --zero-points auto, the widths of -r auto_quant, and what each was chosen from.

import type { MixEntry, ResultEntry, ZeroPointEntry } from '../../data/report.js'
import type { Report } from '../model.js'
import { fixed } from '../parts/format.js'

export function Chosen({ report }: { readonly report: Report }) {
  const told = report.results.flatMap((result) => {
    const told = [modeText(result.modes), result.zeroPoints == null ? '' : zeroPointText(result.zeroPoints)]
    const text = told.filter((one) => one !== '').join(' ')
    return text === '' ? [] : [`${result.mode}, -i ${result.iteration}: ${text}`]
  })
  const all = report.mix == null ? told : [mixText(report.mix), ...told]
  return all.map((text) => (
    <p key={text} class="key">
      {text}
    </p>
  ))
}

const measured = 'Signal to noise on calibration samples:'

function modeText(modes: ResultEntry['modes']): string {
  if (modes == null) return ''
  return `The mode was chosen. ${measured} ${modes.map(({ mode, sqnr }) => `${mode} ${decibels(sqnr)}`).join(', ')}.`
}

function zeroPointText({ policy, groups, pads, sums, tried }: ZeroPointEntry): string {
  const held =
    groups === 0
      ? 'No scale has a zero point.'
      : `Scales with a zero point (${policy}): ${groups}. Pad nodes for their sake: ${pads}${sums > 0 ? `, sums: ${sums}` : ''}.`
  if (tried === undefined) return held
  return `${held} ${measured} ${tried.map((one) => `${one.policy} ${decibels(one.sqnr)}`).join(', ')}.`
}

function mixText({ wide, operators, ratio, sqnr, tried }: MixEntry): string {
  const eight = tried.find((one) => one.wide === 0)
  const beside = eight === undefined ? '' : `, ${decibels(eight.sqnr)} in 8 bits`
  const held = `${wide.length} of ${operators} operators have 16 bits, with ${fixed(100 * ratio, 1)} % of the multiplications.`
  return `${held} ${measured} ${decibels(sqnr)}${beside}.`
}

function decibels(sqnr: number | null): string {
  return sqnr === null ? 'exact' : `${fixed(sqnr, 1)} dB`
}
