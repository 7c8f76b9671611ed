// The three configurations of docs/knight.md, run as they are printed there, on small models of their kinds.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { decodeModel, modelInputs } from '../../src/onnx/model.js'
import { DataType, type ModelProto } from '../../src/onnx/types.js'
import { npyBytes } from '../dataset/formats/npyFile.js'
import { squire, temporaryFolder } from '../e2e/squire.js'
import { write } from '../e2e/tiny.js'
import { op, weights } from '../e2e/zoo.js'
import { model } from '../onnx/models.js'

const folder = temporaryFolder()
const page = readFileSync(new URL('../../docs/knight.md', import.meta.url), 'utf8')
const printed = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map((match) => match[1]!)
const same = { pads: [1, 1, 1, 1] }

async function photos(own: string): Promise<void> {
  mkdirSync(join(own, 'photos'))
  for (let i = 0; i < 3; i++) {
    const background = { r: 80 * i, g: 255 - 60 * i, b: 40 }
    await sharp({ create: { width: 20, height: 12, channels: 3, background } })
      .png()
      .toFile(join(own, `photos/${i}.png`))
  }
}

/** Runs a configuration where its model and its photos are; the quantized model. */
async function run(name: string, json: string, proto: ModelProto): Promise<ModelProto> {
  const own = join(folder, name)
  mkdirSync(own)
  await photos(own)
  mkdirSync(join(own, 'states'))
  for (let i = 0; i < 2; i++) {
    writeFileSync(join(own, `states/${i}.npy`), npyBytes('<f4', [1, 3, 8, 8], new Float32Array(192).fill(i - 0.5)))
  }
  write(proto, own, `${name}.onnx`)
  writeFileSync(join(own, 'run.json'), json)
  const ended = await squire(['quant', '-rc', 'run.json', '-cn', '1'], {}, own)
  expect(ended.stderr).not.toMatch(/error/)
  expect(ended.status).toBe(0)
  return decodeModel(readFileSync(join(own, `out/${name}_quantize.onnx`)), name)
}

const classifier = model({
  inputs: { image: [1, 3, 8, 8] },
  nodes: [op('Conv: image w -> c', same), op('GlobalAveragePool: c -> p'), op('Flatten: p -> y')],
  constants: [weights('w', 4, 3, 3, 3)],
})

describe('the configurations of the page', () => {
  it('quantize a classifier that takes bytes', async () => {
    const written = await run('classifier', printed[0]!, classifier)
    expect(modelInputs(written)).toEqual([{ name: 'image', dataType: DataType.UINT8, dims: [1, 3, 8, 8] }])
  })

  it('quantize the same with bytes in input-configs: mean and std move into the model', async () => {
    const normalization = { mean: '123.675 116.28 103.53', std: [58.395, 57.12, 57.375] }
    const entry = { input_name: 'image', quant_data_format: 'Image', data_dir: 'photos', color_space: 'RGB' }
    const options = { model: 'bytes.onnx', 'save-dir': 'out', 'quant-mode': 'min_max', iteration: 3 }
    const configs = [{ ...entry, ...normalization, quantize_input_dtype: 'uint8' }]
    const quant = { ...options, 'infer-func': 'infer_common', 'input-configs': configs }
    const written = await run('bytes', JSON.stringify({ quant }), classifier)
    const same = { ...options, ...normalization, 'quantize-input-dtype': 'uint8', data: 'photos', 'color-space': 'RGB' }
    const expected = await run(
      'bytesByFlags',
      JSON.stringify({ quant: { ...same, model: 'bytesByFlags.onnx' } }),
      classifier,
    )
    // Names of the model are not in its graph; the photos are of one colour, which no filter changes.
    expect(written.graph).toEqual(expected.graph)
    expect(modelInputs(written)).toEqual([{ name: 'image', dataType: DataType.UINT8, dims: [1, 3, 8, 8] }])
  })

  it('cut a detector', async () => {
    const proto = model({
      inputs: { image: [1, 3, 8, 8] },
      nodes: [
        op('Conv: image w -> c', same),
        op('Relu: c -> boxes'),
        op('Conv: boxes v -> scores', same),
        op('Add: boxes scores -> y'),
      ],
      constants: [weights('w', 4, 3, 3, 3), weights('v', 4, 4, 3, 3)],
    })
    const written = await run('detector', printed[1]!, proto)
    expect(written.graph.output.map(({ name }) => name)).toEqual(['boxes', 'scores'])
  })

  it('feed an image and an array', async () => {
    const proto = model({
      inputs: { image: [1, 3, 8, 8], state: [1, 3, 8, 8] },
      nodes: [op('Add: image state -> s'), op('Conv: s w -> y', same)],
      constants: [weights('w', 4, 3, 3, 3)],
    })
    const written = await run('two', printed[2]!, proto)
    expect(modelInputs(written).map(({ name }) => name)).toEqual(['image', 'state'])
  })
})
