// squire compare, info and report, as a user runs them.

import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { classifier, fixture, squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()
const out = join(folder, 'out')
const data = ['-uds', fixture('textlines.mjs'), '-if', 'dataset']

beforeAll(async () => {
  const words = ['-i', '4', '-qm', 'mse', '--zero-points', 'all', '--compare-iteration', 'all', '-cn', '2']
  const ended = await squire(['quant', '-m', classifier, ...data, ...words, '-s', out])
  expect(ended.status, ended.stderr).toBe(0)
})

async function compare(...words: readonly string[]) {
  const ended = await squire(['compare', ...words])
  expect(ended.status, ended.stderr).toBe(0)
  return ended.stdout
}

interface Compared {
  readonly samples: number
  readonly tensors: readonly {
    readonly index: number
    readonly tensor: string
    readonly operator: { readonly kind: string }
    readonly accumulated: { readonly sqnr: number; readonly count: number }
    readonly own: { readonly sqnr: number }
  }[]
}

describe('squire compare', () => {
  it('gives the same bytes for any number of workers, over all samples that are asked for', async () => {
    const [one, three] = await Promise.all(
      ['1', '3'].map((workers) => compare('-qd', out, ...data, '-i', '3', '--json', '-cn', workers)),
    )
    expect(three).toBe(one)
    const { samples, tensors } = JSON.parse(one!) as Compared
    expect(samples).toBe(3)
    const input = tensors.find(({ tensor }) => tensor === 'x')!
    expect(input.accumulated.count).toBe(3 * 3 * 48 * 192)
    expect(input.accumulated.sqnr).toBe(input.own.sqnr)
  })

  it('agrees with the report of the run', async () => {
    const { tensors } = JSON.parse(await compare('-qd', out, ...data, '-i', '4', '--json')) as Compared
    const report = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'))
    const [{ accumulated, own }] = report.quantizations
    const names = (report.tensors as { name: string }[]).map(({ name }) => name)
    // A convolution's padding that is written out is a tensor of the quantized model alone.
    const shared = tensors.filter(({ tensor }) => names.includes(tensor))
    expect(shared.map(({ tensor }) => tensor)).toEqual(names)
    expect(shared.map((one) => one.accumulated.sqnr)).toEqual(accumulated.sqnr)
    expect(shared.map((one) => one.own.sqnr)).toEqual(own.sqnr)
  })

  it('is what -r compare of quant does with its save-dir, whatever options name the data', async () => {
    const saved = join(folder, 'saved')
    cpSync(out, saved, { recursive: true })
    const words = ['-m', classifier, ...data, '--samples', '3', '--seed', '7', '-i', 'all']
    const ended = await squire(['quant', '-r', 'compare', ...words, '-s', saved])
    expect(ended.status, ended.stderr).toBe(0)
    expect(ended.stdout).toContain('Over 3 samples.')
    const direct = await compare('-qd', out, ...data, '--samples', '3', '--seed', '7', '--json')
    expect(readFileSync(join(saved, 'compare.json'), 'utf8')).toBe(direct)
  })

  it('filters, sorts worst first, and writes what it shows as CSV and JSON', async () => {
    const saved = join(folder, 'errors')
    const words = [
      '--op-type',
      'Conv',
      '--index-range',
      '10:60',
      '--sort',
      'own',
      '-sn',
      '5',
      '--no-mre',
      '--rmse',
      '--bias',
    ]
    const table = await compare('-qd', out, ...data, '-i', '1', ...words, '--show-plot', '-s', saved)
    expect(table).not.toContain('MRE %')
    for (const head of ['alone dB', 'cosine', 'RMSE', 'above %', 'Tensors by SQNR', 'SQNR along the network']) {
      expect(table).toContain(head)
    }
    const { tensors } = JSON.parse(readFileSync(join(saved, 'compare.json'), 'utf8')) as Compared
    expect(tensors).toHaveLength(5)
    expect(tensors.every(({ index, operator }) => index >= 10 && index <= 60 && operator.kind === 'conv')).toBe(true)
    const worst = tensors.map(({ own }) => own.sqnr)
    expect(worst).toEqual([...worst].sort((a, b) => a - b))
    const lines = readFileSync(join(saved, 'compare.csv'), 'utf8').trimEnd().split('\r\n')
    expect(lines).toHaveLength(6)
    expect(lines[1]).toContain(tensors[0]!.tensor)
  })

  it('compares any two models by the names of their tensors: one with itself does not differ', async () => {
    const optimized = join(out, 'steps', 'optimized.onnx')
    const { tensors } = JSON.parse(await compare(optimized, optimized, ...data, '-i', '1', '--json')) as {
      tensors: readonly { accumulated: { maxDiff: number; cosine: number | null } }[]
    }
    expect(tensors.length).toBeGreaterThan(100)
    expect(tensors.every(({ accumulated }) => accumulated.maxDiff === 0)).toBe(true)
  })

  it('warns where zero points moved the tensors of a quantized model, and the float model is not that of its run', async () => {
    const integer = join(out, 'steps', 'output_all_layers_quantize.onnx')
    const words = [integer, ...data, '-i', '1', '-on', 'x']
    const other = await squire(['compare', classifier, ...words])
    expect(other).toMatchObject({ status: 0, stderr: expect.stringContaining('were moved by zero points') })
    const qdq = join(out, readdirSync(out).find((name) => name.endsWith('_qdq.onnx'))!)
    const behind = await squire(['compare', classifier, qdq, ...data, '-i', '1'])
    expect(behind).toMatchObject({ status: 0, stderr: expect.stringContaining('were moved by zero points') })
    const own = await squire(['compare', join(out, 'steps', 'optimized.onnx'), ...words])
    expect(own).toMatchObject({ status: 0, stderr: expect.not.stringContaining('zero points') })
  })

  it('compares dumps, folder by folder', async () => {
    for (const [side, values] of Object.entries({ float: [1, 2, 3, 4], quant: [1, 2, 3, 5] })) {
      const at = join(folder, 'dump', side, '0001:Conv_conv1')
      mkdirSync(at, { recursive: true })
      writeFileSync(join(at, 'batch_0.npy'), npy(values))
    }
    const [float, quant] = ['float', 'quant'].map((side) => join(folder, 'dump', side)) as [string, string]
    const { tensors } = JSON.parse(await compare(float, quant, '--json')) as {
      tensors: readonly { tensor: string; accumulated: { maxDiff: number; rmse: number; count: number } }[]
    }
    expect(tensors).toMatchObject([{ tensor: '0001:Conv_conv1', accumulated: { maxDiff: 1, rmse: 0.5, count: 4 } }])
  })

  it('says what is wrong with what it is given', async () => {
    const wrong = async (...words: readonly string[]) => {
      const ended = await squire(['compare', ...words])
      expect(ended.status).not.toBe(0)
      expect(ended.stderr).not.toMatch(/\n\s+at /)
      return ended.stderr
    }
    expect(await wrong()).toContain('expected --quant-dir (-qd) or two models or dumps')
    expect(await wrong('-qd', folder)).toMatch(
      `is not the folder of a quantization, with steps/ inside. It has several quantizations: give one, as -qd ${out}`,
    )
    const none = await wrong('-qd', out, ...data, '-on', 'nothing')
    expect(none).toContain('no tensor is left')
    expect(none).not.toContain('comparing')
    expect(await wrong('-qd', out, ...data, '--index-range', 'some')).toContain('two numbers, as 10:20')
    expect(await wrong(out, join(folder, 'none'))).toContain('no such file or folder')
    const integer = join(out, 'steps', 'output_all_layers_quantize.onnx')
    expect(await wrong(integer, join(out, 'steps', 'optimized.onnx'), ...data)).toContain('give the float model first')
  })
})

/** A one-dimensional .npy file of float32. */
function npy(values: readonly number[]): Buffer {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${values.length},), }`.padEnd(117)
  const head = Buffer.concat([
    Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
    Buffer.from([118, 0]),
    Buffer.from(`${header}\n`),
  ])
  return Buffer.concat([head, Buffer.from(Float32Array.from(values).buffer)])
}

describe('squire info', () => {
  const model = join(out, 'ch_ppocr_mobile_v2.0_cls_infer_quantize.onnx')

  it('tells interface, sizes and hash of any model', async () => {
    const { stdout } = await squire(['info', classifier])
    expect(stdout).toContain('x  float32 [p2o.DynamicDimension.0, 3, ')
    expect(stdout).toMatch(/sha-256 +[0-9a-f]{64}/)
    expect(stdout).toContain('none that squire made')
  })

  it('tells how squire quantized a model: options, operators, shifts and multipliers', async () => {
    const { stdout } = await squire(['info', model, '-qi'])
    expect(stdout).toContain('mode mse')
    expect(stdout).toMatch(/conv +p2o\.Conv\.0 .* q0 \d+, q1 \d+, q2 \d+.*scaleInt16 \d+ … \d+/)
    expect(stdout).not.toContain('sha-256')
    const json = JSON.parse((await squire(['info', model, '--json'])).stdout)
    expect(json.quantization).toMatchObject({ chip: 'TX5105C', mode: 'mse', options: { iterations: [4] } })
    expect(json.quantization.tensors[0]).toMatchObject({ name: 'x', bits: 8 })
  })

  it('tells the coefficients that integer outputs are to be multiplied by', async () => {
    const { stdout } = await squire(['info', join(out, 'steps', 'output_all_layers_quantize.onnx'), '-ds'])
    expect(stdout).toMatch(/^outputs\n {2}softmax_0/)
  })
})

describe('squire report', () => {
  it('makes the page again from what a run wrote, the same', async () => {
    const page = readFileSync(join(out, 'report.html'), 'utf8')
    writeFileSync(join(out, 'report.html'), '')
    const { stdout } = await squire(['report', out])
    expect(stdout).toBe(`${join(out, 'report.html')}\n`)
    expect(readFileSync(join(out, 'report.html'), 'utf8')).toBe(page)
  })

  it('shows two runs side by side, in a file of its own', async () => {
    const both = join(folder, 'both')
    const { stdout } = await squire(['report', out, out, '-s', both])
    expect(stdout).toContain(both)
    const page = readFileSync(join(both, 'report.html'), 'utf8')
    const embedded = JSON.parse(/id="squire-report">(.*?)<\/script>/s.exec(page)![1]!)
    expect(embedded.reports).toHaveLength(2)
  })

  it('says which folder it wants', async () => {
    const { status, stderr } = await squire(['report', folder])
    expect(status).not.toBe(0)
    expect(stderr).toContain('Give the folder that squire quant wrote')
  })
})
