// Widths and modes of single operators through the whole pipeline.

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { encodeModel } from '../../src/onnx/model.js'
import type { Report } from '../../src/report/data/report.js'
import { silentReporter } from '../../src/report/types.js'
import { quantize } from '../../src/runs/quantize.js'
import { fixture, temporaryFolder } from './squire.js'
import { zoo } from './zoo.js'

const folder = temporaryFolder()
const model = join(folder, 'activations.onnx')
writeFileSync(model, encodeModel(zoo.activations!))
let runs = 0

const run = (...words: string[]) => runTelling(() => {}, ...words)

/** @param tell gets what the log says of mixes */
async function runTelling(tell: (line: string) => void, ...words: string[]) {
  const own = join(folder, String(++runs))
  const data = ['-uds', fixture('noise.mjs'), '-if', 'measured', '-d', '[[1,3,16,16],[1,3,16,16]]', '-i', '2']
  const { config } = await configure(['quant', '-m', model, '-s', own, '-cn', '1', '-od', ...data, ...words])
  const stages: (number | undefined)[] = []
  const stage = (_: string, of?: number) => void stages.push(of)
  const say = (line: string) => {
    if (/auto_quant:|auto-mix/.test(line)) tell(line)
  }
  const { results } = await quantize(config, { ...silentReporter, stage, info: say, warn: say })
  const json = (name: string) => JSON.parse(readFileSync(join(own, name), 'utf8'))
  const scales = json('activations_scale.json') as {
    tensors: Record<string, { bits: number; scale: number }>
    operators: { name: string; kind: string }[]
  }
  return { loss: results[0]!.loss!, scales, json, stages }
}

function mixFile(content: unknown): string {
  const path = join(folder, `mix${++runs}.json`)
  writeFileSync(path, JSON.stringify(content))
  return path
}

/** Symmetric: zero points gain at 8 bits alone. */
const sixteen = ['--chip', 'TX5368x', '--zero-points', 'none']

describe('16 bit', () => {
  test('loses less than a hundredth of what 8 bit loses, also with small tables', async () => {
    const narrow = await run(...sixteen)
    const wide = await run(...sixteen, '-b', '16')
    const small = await run(...sixteen, '-b', '16', '-ll', '8')
    expect(wide.loss).toBeLessThan(narrow.loss / 100)
    expect(small.loss).toBeLessThan(narrow.loss / 20)
    expect(Object.values(wide.scales.tensors).every(({ bits }) => bits === 16)).toBe(true)
  })

  test('is refused on a chip of 8 bits, with the reason', async () => {
    await expect(run('-b', '16')).rejects.toThrow('TX5105C computes in 8 bits, not in 16')
    const path = mixFile({ op_types: { Conv: { 'bit-width': 16 } } })
    await expect(run('-mc', path)).rejects.toThrow('"Conv": TX5105C computes in 8 bits, not in 16')
    await expect(run('-ll', '9')).rejects.toThrow('is for chips that compute in 16 bits')
  })
})

describe('a mixed configuration', () => {
  test('sets widths by name and by type, and requantizes where they meet', async () => {
    const { scales, json } = await run(...sixteen, '-gt')
    const template = json('activations_mix.json')
    const [first] = Object.keys(template.op_names)
    template.op_names[first!]['bit-width'] = 16
    const mixed = await run(...sixteen, '-mc', mixFile(template))
    expect(mixed.scales.tensors.x!.bits).toBe(16)
    expect(scales.tensors.x!.bits).toBe(8)
    const types = await run(...sixteen, '-b', '16', '-mc', mixFile({ op_types: { HardSwish: { 'bit-width': 8 } } }))
    expect(types.scales.tensors.b!.bits).toBe(8)
    const gelu = await run(...sixteen, '-mc', mixFile({ op_names: { [first!]: { 'bit-width': 16 } } }))
    expect(gelu.scales.tensors.x!.bits).toBe(16)
  })

  test('sets modes on every chip', async () => {
    const kl = await run('-qm', 'kl')
    const mixed = await run(
      '-qm',
      'kl',
      '-gt',
      '-mc',
      mixFile({ op_types: { HardSwish: { 'quant-mode': 'min_max' } } }),
    )
    const again = await run('-qm', 'kl', '-mc', mixFile(mixed.json('activations_mix.json')))
    expect(again.scales, 'the template changes nothing').toEqual(mixed.scales)
    const minMax = await run('-qm', 'min_max')
    expect(mixed.scales.tensors.e!.scale).toBe(minMax.scales.tensors.e!.scale)
    expect(mixed.scales.tensors.x!.scale).toBe(kl.scales.tensors.x!.scale)
  })

  test('that names what is not there is an error', async () => {
    const path = mixFile({ op_types: { Convv: { 'bit-width': 8 } } })
    await expect(run('-mc', path)).rejects.toThrow('no quantized operator is called "Convv"; did you mean "Conv"?')
    await expect(run('-mc', mixFile({ op_kinds: {} }))).rejects.toThrow(
      '"op_kinds": unknown key; expected { "op_names"',
    )
  })
})

describe('-r auto_quant', () => {
  const auto = [...sixteen, '-qm', 'min_max', '-r', 'auto_quant']

  test('gives 16 bits to what removes most noise, and writes that as a mix', async () => {
    const narrow = await run(...sixteen, '-qm', 'min_max')
    const found = await run(...auto, '-amr', '0.5')
    expect(found.loss).toBeLessThan(narrow.loss)
    // Finding the widths is one stage more.
    expect(found.stages).toEqual(Array(6).fill(6))
    const mix = found.json('activations_auto_mix.json') as { op_names: Record<string, { 'bit-width': number }> }
    const widths = Object.values(mix.op_names).map((choice) => choice['bit-width'])
    expect(widths).toContain(16)
    expect(widths).toContain(8)
    const { mix: recorded } = found.json('report.json') as Report
    const named = Object.entries(mix.op_names).filter(([, choice]) => choice['bit-width'] === 16)
    expect([...recorded!.wide].sort()).toEqual(named.map(([name]) => name).sort())
    expect(recorded).toMatchObject({ operators: widths.length, reached: null })
    expect(recorded!.ratio).toBeLessThanOrEqual(0.5)
    expect(Math.max(...recorded!.tried.map(({ sqnr }) => sqnr!))).toBe(recorded!.sqnr)
    expect(recorded!.tried.map(({ wide }) => wide)).toContain(0)
    const given = await run(...sixteen, '-qm', 'min_max', '-mc', mixFile(mix))
    expect(given.scales.tensors).toEqual(found.scales.tensors)
  })

  test('IOhigh begins with the operators at inputs and outputs', async () => {
    const { scales } = await run(...auto, '-amr', '0.01', '-ams', 'IOhigh')
    expect(scales.tensors.x!.bits).toBe(16)
  })

  test('reaches an SQNR with as little in 16 bits as it finds, or says what it reached', async () => {
    const lines: string[] = []
    const widths = async (...words: string[]) => {
      const { json } = await runTelling((line) => lines.push(line), ...auto, ...words)
      const mix = json('activations_auto_mix.json') as { op_names: Record<string, { 'bit-width': number }> }
      return Object.values(mix.op_names).filter((choice) => choice['bit-width'] === 16).length
    }
    const all = Object.keys((await run(...auto, '-amr', '1')).json('activations_auto_mix.json').op_names).length
    expect(await widths('-amq', '5')).toBe(0)
    const some = await widths('-amq', '40')
    expect(some).toBeGreaterThan(0)
    expect(some).toBeLessThan(all)
    expect(measuredIn(lines.at(-1)!)).toBeGreaterThanOrEqual(40)
    await widths('-amq', '40', '-amr', '0.01')
    expect(lines.at(-1)).toMatch(
      /--auto-mix-sqnr 40 is not reached: [\d.]+ dB is what was measured with the 1 % of the/,
    )
    await widths('-amq', '400')
    expect(lines.at(-1)).toMatch(/--auto-mix-sqnr 400 is not reached: .* with every operator in 16 bits/)
  })

  test('works beside zero points', async () => {
    const found = await run(
      '--chip',
      'TX5368x',
      '--zero-points',
      'all',
      '-qm',
      'min_max',
      '-r',
      'auto_quant',
      '-amr',
      '0.3',
    )
    const widths = Object.values(found.scales.tensors).map(({ bits }) => bits)
    expect(new Set(widths)).toEqual(new Set([8, 16]))
  })
})

/** What the log says of the mix that was taken. */
const measuredIn = (line: string) => Number(/this mix ([\d.]+) dB/.exec(line)?.[1])
