// Knight's options that change what is quantized, on a small model: each does what its row in docs/knight.md says.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configure } from '../../src/cli/configure.js'
import { decodeModel, modelInputs } from '../../src/onnx/model.js'
import { DataType, type ModelProto } from '../../src/onnx/types.js'
import { silentReporter } from '../../src/report/types.js'
import { infer } from '../../src/runs/infer.js'
import { quantize } from '../../src/runs/quantize.js'
import { floats, model, runModel } from '../onnx/models.js'
import { fixture, squire, temporaryFolder } from './squire.js'
import { write } from './tiny.js'
import { op, weights } from './zoo.js'

const folder = temporaryFolder()

const same = { pads: [1, 1, 1, 1] }
const network = (dims: readonly (number | string)[] = [1, 3, 8, 8]): ModelProto =>
  model({
    inputs: { x: dims },
    nodes: [
      op('Conv: x w -> c', same, 'conv1'),
      op('Relu: c -> r', {}, 'relu1'),
      op('Conv: r v -> d', same, 'conv2'),
      op('Concat: d r -> k', { axis: 1 }, 'concat'),
      op('GlobalAveragePool: k -> p', {}, 'pool'),
      op('Flatten: p -> y', {}, 'flatten'),
    ],
    constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3)],
  })

let runs = 0

/** Quantizes (or runs) in this process; what was said and written. */
async function run(path: string, words: string) {
  const saveDir = join(folder, `run-${++runs}`)
  const { config } = await configure([
    'quant',
    '-m',
    path,
    '-s',
    saveDir,
    '-cn',
    '1',
    ...words.split(' ').filter(Boolean),
  ])
  const said: string[] = []
  const say = (line: string) => void said.push(line)
  const work = config.runMode === 'infer' ? infer : quantize
  const result = await work(config, { ...silentReporter, info: say, warn: say })
  const read = (name: string) => readFileSync(join(saveDir, name))
  const written = (name: string) => decodeModel(read(name), name)
  return { saveDir, result, said: said.join('\n'), read, written }
}

const noise = (dims: string, count: number, name = 'measured') =>
  `-uds ${fixture('noise.mjs')} -if ${name} -d ${JSON.stringify(Array(count).fill(JSON.parse(dims)))} -i ${count}`

const inputsOf = (proto: ModelProto) => modelInputs(proto).map(({ name, dims, dataType }) => ({ name, dims, dataType }))
const image = '[1,3,8,8]'

describe('-lsj', () => {
  it('gives the same model byte for byte, also without the options that made it', async () => {
    const path = write(network(), folder, 'net.onnx')
    const first = await run(path, `${noise(image, 3)} -qm mse`)
    const scales = join(first.saveDir, 'net_scale.json')
    const again = await run(path, `-lsj ${scales}`)
    for (const file of [
      'net_quantize.onnx',
      'net_qdq.onnx',
      'net_scale.json',
      'steps/output_all_layers_quantize.onnx',
    ]) {
      expect(again.read(file).equals(first.read(file))).toBe(true)
    }
  })

  it('refuses the scales of another model', async () => {
    const path = write(network(), folder, 'net.onnx')
    const other = write(
      model({ nodes: [op('Conv: x w -> y', same)], constants: [weights('w', 4, 3, 3, 3)] }),
      folder,
      'other.onnx',
    )
    const { saveDir } = await run(other, '')
    await expect(run(path, `-lsj ${join(saveDir, 'other_scale.json')}`)).rejects.toThrow(
      'it has no scale of tensor "r"',
    )
  })

  it('excludes -gsj', async () => {
    await expect(run('net.onnx', '-lsj a.json -gsj')).rejects.toThrow('exclude each other')
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
    const values = Float32Array.from({ length: 192 }, (_, i) => (i * 7) % 100)
    const Integers = dtype === 'int8' ? Int8Array : Uint8Array
    const dims = [1, 3, 8, 8]
    const { y } = await runModel(proto, { x: { type: dtype as 'int8' | 'uint8', dims, data: Integers.from(values) } })
    const float = await runModel(network(), { x: { type: 'float32', dims, data: values } })
    expect(y!.dims).toEqual(float.y!.dims)
  })

  it('refuses int16 on a chip of 8 bits, and as many types as there are no inputs', async () => {
    const path = write(network(), folder, 'typed.onnx')
    await expect(run(path, '-qid int16')).rejects.toThrow('compute in 8 bits on TX5105C')
    await expect(run(path, '-qid int8 int8')).rejects.toThrow('2 types for 1 inputs')
  })
})

describe('dynamic models', () => {
  const dynamic = () => write(network(['n', 3, '', '']), folder, 'dynamic.onnx')

  it('become static with the shapes of -is', async () => {
    const { written } = await run(dynamic(), '-is 2 3 8 6')
    expect(inputsOf(written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 6])
  })

  it('have the batch of -ib, whatever batch the data come in', async () => {
    const one = await run(dynamic(), `${noise(image, 4)} -ib 2`)
    expect(inputsOf(one.written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 8])
    const words = `-uds ${fixture('noise.mjs')} -if forwardBatches -d [3,8,8] -bs 4 -ib 2 -i 1`
    const other = await run(dynamic(), words)
    expect(inputsOf(other.written('dynamic_quantize.onnx'))[0]!.dims).toEqual([2, 3, 8, 8])
    await expect(run(dynamic(), words.replace('-bs 4', '-bs 3'))).rejects.toThrow('choose -bs as a multiple of -ib')
  })

  it('take no -ib when their batch is fixed', async () => {
    await expect(run(write(network(), folder, 'net.onnx'), '-ib 2')).rejects.toThrow('--ir-batch (-ib) is for models')
  })
})

describe('-on, --mean, --std, -ov and -do', () => {
  it('cut the model, in the written models as well', async () => {
    const { written } = await run(write(network(), folder, 'net.onnx'), `${noise(image, 2)} -on relu1 d`)
    const { output } = written('net_quantize.onnx').graph
    expect(output.map(({ name }) => name)).toEqual(['r', 'd'])
    expect(output[0]!.type?.tensorType?.shape?.dim.map(({ dimValue }) => Number(dimValue))).toEqual([1, 4, 8, 8])
  })

  it('normalize the first input inside the model', async () => {
    const { written, result } = await run(
      write(network(), folder, 'net.onnx'),
      `${noise(image, 2)} -od --mean 0.1 0.2 0.3 --std 0.5 -qid uint8`,
    )
    expect(inputsOf(written('net_quantize.onnx'))[0]!.dataType).toBe(DataType.UINT8)
    expect(result.results[0]!.error).toBe(undefined)
  })

  it('write the asked opset', async () => {
    const { written } = await run(write(network(), folder, 'net.onnx'), '-ov 17')
    expect(Number(written('net_quantize.onnx').opsetImport[0]!.version)).toBe(17)
  })

  it('leave the graph as it is', async () => {
    const twice = model({
      nodes: [op('Conv: x w -> c', same), op('Identity: c -> i'), op('Relu: i -> y')],
      constants: [weights('w', 4, 3, 3, 3)],
    })
    const path = write(twice, folder, 'twice.onnx')
    const nodes = async (words: string) =>
      (await run(path, `--zero-points none ${words}`)).written('steps/optimized.onnx').graph.node.length
    expect([await nodes(''), await nodes('-do')]).toEqual([2, 3])
  })
})

describe('-uis', () => {
  it('gives a concat and all its inputs one scale', async () => {
    const loud = { ...network(), graph: { ...network().graph } }
    loud.graph.initializer = [weights('w', 4, 3, 3, 3), floats('v', [4, 4, 3, 3], Array(144).fill(1))]
    const path = write(loud, folder, 'loud.onnx')
    const scales = async (words: string) => {
      const { tensors } = JSON.parse(
        (await run(path, `${noise(image, 2)} ${words}`)).read('loud_scale.json').toString(),
      )
      return new Set(['d', 'r', 'k'].map((name) => tensors[name].scale)).size
    }
    expect(await scales('')).toBeGreaterThan(1)
    expect(await scales('-uis')).toBe(1)
  })
})

describe('-lt', () => {
  it('is refused where there is no LayerNormalization', async () => {
    await expect(run(write(network(), folder, 'net.onnx'), '-lt 4 8')).rejects.toThrow('has no LayerNormalization')
  })

  it('sets the range at both ends of one', async () => {
    const layer = model({
      opset: 17,
      inputs: { x: [1, 3, 8, 8] },
      nodes: [op('Conv: x w -> c', same), op('LayerNormalization: c s -> l', { axis: -1 }), op('Conv: l v -> y', same)],
      constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3), weights('s', 8)],
    })
    const { read } = await run(write(layer, folder, 'layer.onnx'), `${noise(image, 2)} -lt 16 4`)
    const { tensors } = JSON.parse(read('layer_scale.json').toString())
    expect(tensors.l.scale).toBe(Math.fround(4 / 127))
  })
})

describe('-du and inputs/', () => {
  it('write every operator of both models, and the last input', async () => {
    const { saveDir, read } = await run(write(network(), folder, 'net.onnx'), `${noise(image, 3)} -du`)
    const folders = [
      '0001:Conv_conv1',
      '0002:Conv_conv2',
      '0003:Concat_concat',
      '0004:GlobalAveragePool_pool',
      '0005:Flatten_flatten',
    ]
    expect(readdirSync(join(saveDir, 'dump/float')).sort()).toEqual(folders)
    expect(readdirSync(join(saveDir, 'dump/quant')).sort()).toEqual(folders)
    const header = (kind: string) => read(`dump/${kind}/0001:Conv_conv1/batch_0.npy`).toString('latin1', 0, 128)
    expect(header('float')).toContain("'descr': '<f4', 'fortran_order': False, 'shape': (1, 4, 8, 8)")
    expect(header('quant')).toContain("'descr': '|i1', 'fortran_order': False, 'shape': (1, 4, 8, 8)")
    expect(read('dump/quant/0001:Conv_conv1/batch_0.npy').length).toBe(128 + 256)
    expect(read('inputs/x.bin').length).toBe(192 * 4)
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
    ['-r auto_quant', '--run-mode (-r) auto_quant: TX5105C computes in 8 bits only, there are no widths to mix'],
    ['-amr 0.5', '--auto-mix-ratio (-amr): TX5105C computes in 8 bits only'],
    ['-ams HAWQ', '--auto-mix-strategy (-ams): TX5105C computes in 8 bits only'],
    ['-ch TX5368x -amr 0.5', '--auto-mix-ratio (-amr) is for --run-mode (-r) auto_quant'],
    ['-ch TX5368x -r auto_quant -b 16', '--bit-width (-b) must be 8'],
    ['-ch TX5368x -r auto_quant -mc mix.json', 'they exclude each other'],
    ['-ch TX5368x -r auto_quant -ams initial', 'what it means is not public; choose HAWQ or IOhigh'],
    ['-ll 10', '--lut-len (-ll) is for tables over 16-bit inputs'],
  ])('%s is refused with the reason', async (words, message) => {
    await expect(run('net.onnx', words)).rejects.toThrow(message)
  })
})
