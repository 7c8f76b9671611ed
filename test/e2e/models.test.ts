// Models of many kinds through the whole pipeline: sizes, batches, precisions, and what cannot be done is said. zoo.test.ts has many more graphs.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { randomTensor } from '../../src/dataset/builtin/inferAuto.js'
import { encodeModel } from '../../src/onnx/model.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType, type ModelProto, type TensorValue } from '../../src/onnx/types.js'
import { quantizeHere, runHere } from './here.js'
import { numbers, outputsOf } from './outputs.js'
import { classifier, fixture, squire, temporaryFolder } from './squire.js'
import { convolution, halfPrecision, integersOnly, op, selecting, software, zoo } from './zoo.js'

const folder = temporaryFolder()
/** Its outputs are real values. */
const run = (model: ModelProto | string, ...words: string[]) => quantizeHere(folder, model, '-od', ...words)

const data = (name: string, dims: readonly (readonly number[])[], ...more: string[]) => [
  ...['-uds', fixture('noise.mjs'), '-if', name, '-d', JSON.stringify(dims), '-i', String(dims.length)],
  ...more,
]

describe('batches', () => {
  const four = [1, 2, 3, 4, 5].map(() => [1, 3, 8, 8])
  test('a fixed batch takes samples of one: whole batches are observed, all samples are measured', async () => {
    const { said, result } = await run(convolution([4, 3, 8, 8]), ...data('measured', four))
    expect(said).toContain('calibrating on 4 of 5 samples: the model takes 4 at a time')
    expect(result.loss).toBeLessThan(2)
  })

  test('a fixed batch takes whole batches', async () => {
    expect((await run(convolution([4, 3, 8, 8]), ...data('measured', [[4, 3, 8, 8]]))).result.loss).toBeLessThan(2)
  })

  test('what skipped samples leave of a batch is measured on both models', async () => {
    const samples = Array.from({ length: 9 }, () => [1, 3, 8, 8])
    const words = data('counted', samples, '--on-bad-sample', 'skip')
    const { result, skipped } = await run(convolution([4, 3, 8, 8]), ...words)
    expect(skipped).toHaveLength(2)
    expect(result).toMatchObject({ floatMetric: 7, fixMetric: 7 })
  })

  test('an infer function may forward batches where the batch is dynamic', async () => {
    const words = ['-uds', fixture('noise.mjs'), '-if', 'forwardBatches', '-d', '[3, 8, 8]', '-bs', '4', '-i', '2']
    const { result, written } = await run(convolution(['N', 3, 8, 8]), ...words)
    expect(result.loss).toBeLessThan(2)
    const [input] = (await createSession(written('_quantize.onnx'))).inputs
    expect(input!.dims).toEqual([1, 3, 8, 8])
  })

  test('where it is fixed, it forwards that many', async () => {
    const words = ['-uds', fixture('noise.mjs'), '-if', 'forwardBatches', '-d', '[3, 8, 8]', '-bs', '1']
    await expect(run(convolution([4, 3, 8, 8]), ...words)).rejects.toThrow(
      'forward 1: input 0 "x" has dims [1, 3, 8, 8], expected [4, 3, 8, 8]',
    )
  })
})

describe('dynamic sizes', () => {
  const model = convolution(['N', 3, 'H', 'W'], [op('GlobalAveragePool: c -> a'), op('Flatten: a -> y')])
  const sizes = [
    [1, 3, 8, 8],
    [1, 3, 12, 8],
    [1, 3, 8, 8],
    [1, 3, 8, 16],
  ]

  test('calibration takes samples of any size', async () => {
    const { skipped, written } = await run(model, ...data('unmeasured', sizes))
    expect(skipped).toEqual([])
    const session = await createSession(written('_quantize.onnx'))
    expect(session.inputs[0]!.dims).toEqual([1, 3, 8, 8])
  })

  test('a metric takes samples of one size, which is said before anything is calibrated', async () => {
    await expect(run(model, ...data('measured', sizes))).rejects.toThrow(
      'sample "00000001": input "x" has dims [1, 3, 12, 8], the first sample [1, 3, 8, 8]: the quantized model is static',
    )
  })

  test('samples of other sizes are skipped for the float model as well', async () => {
    const { skipped, result } = await run(model, ...data('measured', sizes, '--on-bad-sample', 'skip'))
    expect(skipped.map(({ id }) => id)).toEqual(['00000001', '00000003'])
    expect(result.loss).toBeLessThan(2)
  })

  test('infer_auto makes up the size, and warns', async () => {
    const { said } = await run(model)
    expect(said).toContain('input "x" has dynamic dims [N, 3, H, W]: infer_auto makes them the batch size, 1')
    expect(said).toContain('with -d or -uds')
  })

  test('outputs are static where the inputs make them so', async () => {
    const own = convolution(['N', 3, 8, 8])
    const [y] = own.graph.output
    y!.type!.tensorType!.shape = { dim: [{ dimParam: 'N' }, { dimValue: 4 }, { dimParam: 'h' }, {}] }
    const session = await createSession((await run(own)).written('_quantize.onnx'))
    expect(session.outputs[0]!.dims.slice(0, 2)).toEqual([1, 4])
  })

  test('an output may have another rank than its file tells', async () => {
    const casts = [
      op('Cast: dims -> reals', { to: DataType.FLOAT }),
      op('Cast: reals -> shape', { to: DataType.INT64 }),
    ]
    const untold = [op('Shape: c -> dims'), ...casts, op('Reshape: c shape -> r'), op('Sigmoid: r -> y')]
    const own = convolution(['N', 3, 8, 8], untold)
    own.graph.output[0]!.type!.tensorType!.shape = { dim: [{ dimValue: 1 }, { dimParam: 'length' }] }
    const four = Array.from({ length: 4 }, () => [1, 3, 8, 8])
    expect((await run(own, ...data('measured', four))).result.error).toBeUndefined()
  })

  test('a size that the model cannot work on: the error says what it was fed', async () => {
    const cannot = convolution(['N', 3, 'H', 'W'], [op('AveragePool: c -> y', { kernel_shape: [4, 4] })])
    await expect(run(cannot)).rejects.toThrow('It was fed "x" [1, 3, 1, 1].')
  })
})

describe('nothing to quantize', () => {
  test.each([
    ['no operator of the chip', software, 'Softmax "Softmax_y": it ends the model, and runs in float on 16-bit scores'],
  ])('%s', async (_, proto, reason) => {
    const failure = run(proto)
    await expect(failure).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    await expect(failure).rejects.toThrow(reason)
  })

  test('no real values: the model is written as it is, with a warning', async () => {
    const { said, written } = await run(integersOnly, '--strict')
    expect(said).toContain('the model computes on no real values, there is nothing to quantize')
    const x = { type: 'int64', dims: [1, 4], data: BigInt64Array.of(1n, -2n, 3n, 1000n) } as const
    for (const end of ['_quantize.onnx', '_qdq.onnx'])
      expect((await outputsOf(written(end), { x })).y!.data).toEqual(BigInt64Array.of(4n, 16n, 36n, 4_000_000n))
  })
})

describe('what an exported model may be', () => {
  test('in half precision throughout: it becomes a float32 model, and that is said', async () => {
    const { said, written } = await run(halfPrecision)
    expect(said).toContain('the model is in FLOAT16 (10): converted to float32, its inputs and outputs too')
    const x = randomTensor('float32', [1, 8]) as TensorValue
    const sum = (x.data as Float32Array).reduce((total, value) => total + value, 0)
    const { y } = await outputsOf(written('_quantize.onnx'), { x })
    for (const value of numbers(y!)) expect(value).toBeCloseTo(sum, 0)
  })

  test('in half precision: it takes float32 in every kind of run, and its normalization too', async () => {
    await run(halfPrecision, '--mean', '1', '--std', '2')
    const path = join(folder, 'half.onnx')
    writeFileSync(path, encodeModel(halfPrecision))
    for (const mode of ['convert', 'infer']) {
      const { said } = await runHere(['-m', path, '-s', join(folder, 'half'), '-cn', '1', '-r', mode])
      expect(said).toMatch(/^.*converted to float32/)
    }
  })

  test('with outputs whose dims depend on values: they stay in float, the rest is quantized', async () => {
    const { said, written } = await run(selecting)
    const x = randomTensor('float32', [1, 3, 16, 16]) as TensorValue
    const { y, kept } = await outputsOf(written('_quantize.onnx'), { x })
    expect(said).toContain('1 operator on the chip')
    expect(kept!.dims[1]).toBe(numbers(y!).filter((value) => value > 0).length)
  })

  test('with operators of the runtime: what replaced them is said', async () => {
    const { said } = await run(zoo['operators of the runtime']!)
    expect(said).toContain(
      'operators of ONNX Runtime in standard operators: FusedConv 1, QuickGelu 1, BiasGelu 1, Gelu 1',
    )
  })
})

describe('the run log', () => {
  test('options, five stages, their times, files, the loss: each once', async () => {
    const out = join(folder, 'log')
    const model = join(folder, 'log.onnx')
    writeFileSync(model, encodeModel(convolution([1, 3, 16, 16])))
    const script = ['-uds', fixture('infer.ts'), '-if', 'infer', '-i', '2', '-cn', '1']
    const { status, stdout } = await squire(['quant', '-m', model, '-s', out, ...script])
    expect(status).toBe(0)
    const lines = stdout.trimEnd().split('\n')
    expect(lines[0]).toBe(`  model            ${model}`)
    expect(lines.filter((line) => line.startsWith('stage '))).toEqual([
      'stage 1 of 5, graph optimization',
      'stage 2 of 5, float run and scales',
      'stage 3 of 5, model quantization',
      'stage 4 of 5, fixed-point parameters',
      'stage 5 of 5, post-process',
    ])
    expect(
      stdout.match(/^Time: graph optimization [\d.]+ s, .*, post-process [\d.]+ s; [\d.]+ s in all$/gm),
    ).toHaveLength(1)
    expect(lines).toContain('1 operator on the chip, 0 in software (float); 2 of 2 tensors observed')
    expect(lines).toContain(`  ${join(out, 'log_quantize.onnx')}`)
    expect(stdout.match(/Quantization Loss/g)).toHaveLength(1)
    expect(lines.at(-1)).toMatch(/^Quantization Loss: [\d.]+ % \(float [\d.e-]+, fixed [\d.e-]+\)$/)
  })

  test('software operators are listed by reason', async () => {
    const { said } = await run(classifier)
    expect(said).toContain(
      'in software, because it ends the model, and runs in float on 16-bit scores: 1 Softmax (p2o.Softmax.0)',
    )
  })

  test('with --strict they are an error; the model may end before them', async () => {
    await expect(run(classifier, '--strict')).rejects.toThrow('1 Softmax (p2o.Softmax.0)')
    const { said } = await run(classifier, '--strict', '-on', 'p2o.Add.87')
    expect(said).toContain('0 in software (float)')
  })
})
