// node dist/bench/accuracy/index.js [CASE]... [--data FOLDER] [--modes MODE,...]: how near the integer model comes to the float model on held-out
// samples, for each threshold method with zero points folded into biases and without. FOLDER holds models/squeezenet1.0.onnx and imagenet/.

import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { type QuantMode, zeroPointPolicies } from '../../src/config/config.js'
import { integerModel } from '../../src/export/integerModel.js'
import { accuracyCases } from './cases.js'
import { Judge, type Verdict } from './judge.js'
import { openLab } from './lab.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { data: { type: 'string' }, modes: { type: 'string', default: 'kl_v2,mse,min_max,percentile,kl' } },
})
const shown = (value: number | undefined, digits = 1) => value?.toFixed(digits) ?? ''
const table = new Table({ head: ['model', 'mode', 'zero points', 'agreement %', 'right %', 'SQNR dB', 'Pads'] })

for (const of of accuracyCases(values.data)) {
  if (positionals.length > 0 && !positionals.includes(of.name)) continue
  const lab = await openLab(of, 2)
  const judge = await Judge.open(of)
  table.push([of.name, 'float', '', '', shown(judge.floatRight), '', ''])
  for (const mode of values.modes.split(',') as QuantMode[]) {
    for (const policy of zeroPointPolicies) {
      const { fixed, source, pads } = await lab.quantize(mode, policy)
      const verdict: Verdict = await judge.judge(integerModel(fixed, source, { outputDequant: true, allLayers: false }))
      const numbers = [shown(verdict.agreement), shown(verdict.right), shown(verdict.sqnr, 2)]
      table.push([of.name, mode, policy, ...numbers, String(pads)])
    }
  }
  await lab.close()
}
process.stdout.write(`${table.toString()}\n`)
