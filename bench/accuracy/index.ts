// node dist/bench/accuracy/index.js [CASE]... [--data FOLDER] [--modes MODE,...] [--zero-points WHICH,...] [--refine LEVEL,...] [--judge N] [--folds N]: how
// near the integer model comes to the float model on held-out samples, at most N of them, for each threshold method, with zero points folded into biases
// and without, and for each level of refinement, with the seconds of a core that it takes. FOLDER holds models/squeezenet1.0.onnx and imagenet/, of whose
// photographs --folds 5 calibrates on every fifth, then on every fifth but one...
// With --shares N, instead: what each tensor and each weight adds to the noise at the outputs by itself, on N samples, and what that costs.

import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { type QuantMode, type Refinement, type ZeroPointPolicy, zeroPointPolicies } from '../../src/config/config.js'
import { integerModel } from '../../src/export/integerModel.js'
import { accuracyCases } from './cases.js'
import { Judge, type Verdict } from './judge.js'
import { type Lab, openLab } from './lab.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    data: { type: 'string' },
    modes: { type: 'string', default: 'kl_v2,mse,min_max,percentile,kl' },
    shares: { type: 'string' },
    'zero-points': { type: 'string', default: zeroPointPolicies.join() },
    refine: { type: 'string', default: 'none' },
    judge: { type: 'string', default: 'Infinity' },
    folds: { type: 'string', default: '1' },
  },
})
const listOf = <T extends string>(text: string) => text.split(',') as T[]
const shown = (value: number | undefined, digits = 1) => value?.toFixed(digits) ?? ''
/** Of all threads: on a machine that does other work as well, that says more than the time. */
const cpuSeconds = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}
const head = ['model', 'mode', 'zero points', 'refine', 'agreement %', 'right %', 'SQNR dB', 'Pads', 'refined in CPU s']
const table = new Table({ head })

for (const every of accuracyCases(values.data, Number(values.folds))) {
  if (positionals.length > 0 && !positionals.includes(every.name)) continue
  const of = { ...every, heldOut: every.heldOut.slice(0, Number(values.judge)) }
  const lab = await openLab(of, 2)
  if (values.shares !== undefined) {
    for (const mode of values.modes.split(',') as QuantMode[])
      await showShares(of.name, lab, mode, Number(values.shares))
    await lab.close()
    continue
  }
  const judge = await Judge.open(of)
  table.push([of.name, 'float', '', '', '', shown(judge.floatRight), '', '', ''])
  for (const mode of listOf<QuantMode>(values.modes)) {
    for (const policy of listOf<ZeroPointPolicy>(values['zero-points'])) {
      const quantized = await lab.quantize(mode, policy)
      for (const level of listOf<Refinement>(values.refine)) {
        const before = cpuSeconds()
        const { fixed } = await lab.refine(quantized, level)
        const seconds = level === 'none' ? '' : shown(cpuSeconds() - before)
        const integer = integerModel(fixed, quantized.source, { outputDequant: true, allLayers: false })
        const verdict: Verdict = await judge.judge(integer)
        const numbers = [shown(verdict.agreement), shown(verdict.right), shown(verdict.sqnr, 2)]
        table.push([of.name, mode, policy, level, ...numbers, String(quantized.pads), seconds])
        process.stderr.write(`${[of.name, mode, policy, level, ...numbers, seconds].join(' ')}\n`)
      }
    }
  }
  await lab.close()
}
if (values.shares === undefined) process.stdout.write(`${table.toString()}\n`)

async function showShares(name: string, lab: Lab, mode: QuantMode, samples: number): Promise<void> {
  const started = performance.now()
  const found = await lab.shares(mode, samples)
  const seconds = (performance.now() - started) / 1000
  const decibels = (noise: number) => `${(-10 * Math.log10(noise)).toFixed(1)} dB`
  const sorted = [...found.shares].sort((a, b) => b.noise - a.noise)
  const sum = sorted.reduce((all, { noise }) => all + noise, 0)
  process.stdout.write(
    `${name}, ${mode}: ${sorted.length} sources, ${seconds.toFixed(1)} s; together ${decibels(sum)}\n`,
  )
  for (const { source, noise } of sorted.slice(0, 15)) {
    process.stdout.write(`  ${decibels(noise).padStart(9)}  ${source.kind.padEnd(8)} ${source.name}\n`)
  }
}
