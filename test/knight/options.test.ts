// What the rows of docs/knight.md leave open: further values, combinations and refusals of Knight's options.

import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeModel } from '../../src/onnx/model.js'
import { DataType } from '../../src/onnx/types.js'
import { fixture, squire } from '../e2e/squire.js'
import { write } from '../e2e/tiny.js'
import { op, weights } from '../e2e/zoo.js'
import { largestDifference, model, runModel } from '../onnx/models.js'
import { dynamic, folder, image, inputsOf, net, network, noise, plain, run, same } from './run.js'

describe('-lsj', () => {
  it('refuses the scales of another model', async () => {
    const other = write(
      model({ nodes: [op('Conv: x w -> y', same)], constants: [weights('w', 4, 3, 3, 3)] }),
      folder,
      'other.onnx',
    )
    const { saveDir } = await run(other, '')
    await expect(run(net, `-lsj ${join(saveDir, 'other_scale.json')}`)).rejects.toThrow('it has no scale of tensor "r"')
  })

  it.each([
    [`-lsj ${join(folder, 'missing.json')}`, 'missing.json: no such file'],
    ['-lt 3', 'the model has no LayerNormalization'],
  ])('%s, which does not fit the model, is refused before calibration', async (words, problem) => {
    const cache = join(mkdtempSync(join(folder, 'uncached-')), 'cache.arrow')
    await expect(run(net, `${words} -cd ${cache}`)).rejects.toThrow(problem)
    expect(existsSync(cache)).toBe(false)
  })
})

describe('samples', () => {
  it.each(['--samples 5', '--eval-iteration 5'])('%s of fewer takes all, and says so', async (words) => {
    const { said } = await run(net, `${noise(image, 2)} ${words}`)
    expect(said).toContain('asks for 5 samples, there are 2: taking all')
  })
})

describe('options of image files', () => {
  it('are told as not used where the data are none', async () => {
    const { said } = await run(net, `${noise(image, 2)} --image-mean 100 --image-std 50`)
    expect(said).toContain('--image-mean and --image-std: not used, since the data of this run are no image files')
    expect((await run(net, '--padding-constant-value 3')).said).toContain('--padding-constant-value: not used')
  })

  it('are used for images, and nothing is said', async () => {
    const photos = mkdtempSync(join(folder, 'photos-'))
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#804020' } }).toFile(join(photos, 'a.png'))
    const { said } = await run(net, `-d ${photos} --image-mean 100 --image-std 50`)
    expect(said).not.toContain('not used')
  })
})

describe('--stats', () => {
  it('refuses the statistics of a whole run, and says what takes them', async () => {
    const { saveDir } = await plain()
    await expect(run(net, `${noise(image, 2)} --stats ${join(saveDir, 'stats.arrow')}`)).rejects.toThrow(
      'which are for --cache-distribution (-cd)',
    )
  })
})

describe('-qid', () => {
  it.each([
    ['int8', DataType.INT8],
    ['uint8', DataType.UINT8],
    ['None', DataType.FLOAT],
  ])('%s is the type of the written model, whose integers are the real values', async (dtype, dataType) => {
    const path = write(network(), folder, 'typed.onnx')
    const { written, saveDir } = await run(path, `${noise(image, 2)} -od -qid ${dtype}`)
    const proto = written('typed_quantize.onnx')
    expect(inputsOf(proto)).toEqual([{ name: 'x', dims: [1, 3, 8, 8], dataType }])
    const { result } = await run(join(saveDir, 'typed_quantize.onnx'), `-r infer ${noise(image, 2)} -qid ${dtype}`)
    expect(result.results[0]!.fixMetric).toBeGreaterThan(0)
    if (dtype === 'None') return
    // Integers in the range of the noise.
    const values = Float32Array.from({ length: 192 }, (_, i) => (i * 7) % 3)
    const Integers = dtype === 'int8' ? Int8Array : Uint8Array
    const dims = [1, 3, 8, 8]
    const fixed = await runModel(proto, { x: { type: dtype as 'int8' | 'uint8', dims, data: Integers.from(values) } })
    const float = await runModel(network(), { x: { type: 'float32', dims, data: values } })
    expect(largestDifference(fixed, float)).toBeLessThan(0.05)
  })

  it('refuses int16 on a chip of 8 bits, and as many types as there are no inputs', async () => {
    const path = write(network(), folder, 'typed.onnx')
    await expect(run(path, '-qid int16')).rejects.toThrow('compute in 8 bits on TX5105C')
    await expect(run(path, '-qid int8 int8')).rejects.toThrow('2 types for 1 inputs')
  })
})

describe('dynamic models', () => {
  it('have the batch of -ib, whatever batch the data come in', async () => {
    const one = await run(dynamic, `${noise(image, 4)} -ib 2`)
    expect(inputsOf(one.written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 8])
    const words = `-uds ${fixture('noise.mjs')} -if forwardBatches -d [3,8,8] -bs 4 -ib 2 -i 1`
    const other = await run(dynamic, words)
    expect(inputsOf(other.written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 8])
    await expect(run(dynamic, words.replace('-bs 4', '-bs 3'))).rejects.toThrow('choose -bs as a multiple of -ib')
  })

  it('take no -ib when their batch is fixed', async () => {
    await expect(run(net, '-ib 2')).rejects.toThrow('--ir-batch (-ib) is for models')
  })
})

describe('--mean and --std', () => {
  it('normalize the first input inside the model', async () => {
    const { written, result } = await run(net, `${noise(image, 2)} -od --mean 0.1 0.2 0.3 --std 0.5 -qid uint8`)
    expect(inputsOf(written('net_quantize.onnx'))[0]!.dataType).toBe(DataType.UINT8)
    expect(result.results[0]!.error).toBe(undefined)
  })

  it('leave bytes as they are: less 128 each has a code, and the first convolution takes in mean, std and the 128', async () => {
    const { written, saveDir } = await run(
      net,
      `${noise(image, 2)} -od --strict --mean 104 117 123 --std 58 57 56 -qid uint8`,
    )
    const { tensors } = JSON.parse(readFileSync(join(saveDir, 'net_scale.json'), 'utf8'))
    expect(tensors.x).toBe(undefined)
    expect(tensors.x_signed).toEqual({ scale: 1, bits: 8 })
    const operators = written('steps/optimized.onnx').graph.node.map(({ opType }) => opType)
    expect(operators.filter((opType) => ['Sub', 'Add', 'Div'].includes(opType))).toEqual(['Sub'])
  })
})

describe('-lt', () => {
  it('is refused where there is no LayerNormalization', async () => {
    await expect(run(net, '-lt 4 8')).rejects.toThrow('has no LayerNormalization')
  })
})

describe('-r convert', () => {
  it('writes the optimized graph, and says how far it is from the original', async () => {
    const twice = model({
      nodes: [op('Conv: x w -> c', same), op('Identity: c -> i'), op('Relu: i -> y')],
      constants: [weights('w', 4, 3, 3, 3)],
    })
    const saveDir = join(folder, 'converted')
    const ended = await squire([
      'quant',
      '-m',
      write(twice, folder, 'twice.onnx'),
      '-s',
      saveDir,
      '-cn',
      '1',
      '-r',
      'convert',
    ])
    expect(ended.status).toBe(0)
    expect(ended.stdout).toContain('largest relative difference of an output: 0.0e+0')
    const proto = decodeModel(readFileSync(join(saveDir, 'twice_convert.onnx')), 'converted')
    expect(proto.graph.node.map(({ opType }) => opType)).toEqual(['Conv', 'Relu'])
    expect(readdirSync(saveDir).sort()).toEqual(['log', 'twice_convert.onnx'])
    expect(readFileSync(join(saveDir, 'log/convert.log'), 'utf8')).toMatch(/stage 1.*, graph optimization/)
  })
})

describe('options for chips that mix widths', () => {
  it.each([
    ['-ams HAWQ', '--auto-mix-strategy (-ams): TX5105C computes in 8 bits only'],
    ['-ch TX5368x -amq 30', '--auto-mix-sqnr (-amq) is for --run-mode (-r) auto_quant'],
    ['-ch TX5368x -amr 0.5', '--auto-mix-ratio (-amr) is for --run-mode (-r) auto_quant'],
    ['-ch TX5368x -r auto_quant -b 16', '--bit-width (-b) must be 8'],
    ['-ch TX5368x -r auto_quant -mc mix.json', 'they exclude each other'],
  ])('%s is refused with the reason', async (words, message) => {
    await expect(run('net.onnx', words)).rejects.toThrow(message)
  })
})
