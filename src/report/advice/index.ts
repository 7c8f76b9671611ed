// Advice: every rule, in the order in which what they find matters.

import type { AdviceEntry } from '../data/report.js'
import { betterRange, otherModes, outliers } from './modes.js'
import { noisiest } from './noise.js'
import { channelImbalance, inSoftware, shiftNearLimit } from './operators.js'
import { drowned } from './outputs.js'
import { integerInputs, saturating, unusedRange } from './ranges.js'
import { fewSamples, stillMoving } from './samples.js'
import type { Findings, Rule } from './types.js'

const rules = {
  drowned,
  otherModes,
  noisiest,
  fewSamples,
  stillMoving,
  integerInputs,
  saturating,
  outliers,
  betterRange,
  unusedRange,
  channelImbalance,
  shiftNearLimit,
  inSoftware,
} as const satisfies Readonly<Record<string, Rule>>

export function adviceOf(findings: Findings): AdviceEntry[] {
  return Object.entries(rules).flatMap(([rule, find]) => find(findings).map((advice) => ({ rule, ...advice })))
}

/** Advice that a terminal shows, of each kind the first: the report has the rest. */
const MOST_LINES = 4

export function adviceLines(advice: readonly AdviceEntry[]): string[] {
  // What runs in software has been said with the plan.
  const said = advice.filter(({ rule }) => rule !== 'inSoftware')
  const firsts = said.filter(({ rule }, i) => said.findIndex((one) => one.rule === rule) === i)
  const lines = firsts.slice(0, MOST_LINES).map(({ tensor, text, evidence, next }) => {
    const subject = tensor === null ? '' : `"${tensor}" `
    return `Advice: ${subject}${text} ${evidence}${next === null ? '' : ` Try: ${next}`}`
  })
  const rest = said.length - lines.length
  return rest > 0 ? [...lines, `Advice: ${rest} more in report.html.`] : lines
}
