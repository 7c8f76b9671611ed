// Graphs as some exporters write them and no network needs them: each runs and resembles the float model, or is refused with what to do.

import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Dataset, quantize } from '../../src/index.js'
import { makeAttribute } from '../../src/onnx/attribute.js'
import { createSession } from '../../src/onnx/runtime/session.js'
import { DataType, type ModelProto, type NodeProto, type TensorProto, type TensorValue } from '../../src/onnx/types.js'
import { floats, longs, model, node } from '../onnx/models.js'
import { temporaryFolder } from './squire.js'
import { write } from './tiny.js'

const folder = temporaryFolder()
const sample = (i: number): { readonly x: TensorValue } => ({
  x: { type: 'float32', dims: [1, 4], data: Float32Array.of(Math.sin(i), 1, -0.5, Math.cos(i)) },
})
const dataset: Dataset<number> = { size: () => 4, load: (i) => ({ inputs: sample(i) }) }

const product = node('MatMul', ['x', 'w'], ['g'])
const weights = floats('w', [4, 4])
const tiny = (
  nodes: readonly NodeProto[],
  constants: readonly TensorProto[] = [weights],
  outputs = ['y'],
): ModelProto => model({ inputs: { x: [1, 4] }, nodes, constants, outputs })

async function quantized(proto: ModelProto, name: string): Promise<readonly [float: string, integer: string]> {
  const path = write(proto, folder, `${name}.onnx`)
  const saveDir = join(folder, name)
  const some = { dataset, iterations: 'all', modes: ['min_max'], zeroPoints: 'none' } as const
  await quantize({ model: path, saveDir, ...some, outputDequant: true, compareIteration: 0, cpuNum: 1 })
  return [path, join(saveDir, `${name}_quantize.onnx`)]
}

async function valuesOf(file: string): Promise<number[]> {
  const session = await createSession(file)
  const { y } = await session.run(sample(1))
  await session.release()
  return Array.from(y!.data, Number)
}

/** The weights 1, -2 and 0.5 at the places 0, 5 and 10 of w. */
function sparse(places: TensorProto): ModelProto {
  const proto = tiny([product, node('Relu', ['g'], ['y'])], [])
  const entry = { values: floats('w', [3], [1, -2, 0.5]), indices: places, dims: [4, 4] }
  return { ...proto, graph: { ...proto.graph, sparseInitializer: [entry] } }
}

describe('a graph', () => {
  it.each<[string, ModelProto]>([
    ['with a sparse weight in row order', sparse(longs('', [3], [0, 5, 10]))],
    ['with a sparse weight by its indices', sparse(longs('', [3, 2], [0, 0, 1, 1, 2, 2]))],
    [
      'that joins an empty constant',
      tiny(
        [product, node('Concat', ['g', 'e'], ['c'], [makeAttribute('axis', 1)]), node('Relu', ['c'], ['y'])],
        [weights, floats('e', [1, 0])],
      ),
    ],
    [
      'that scatters nothing',
      tiny(
        [product, node('ScatterND', ['g', 'i', 'u'], ['s']), node('Relu', ['s'], ['y'])],
        [weights, longs('i', [0, 2], []), floats('u', [0])],
      ),
    ],
  ])('%s runs in integers', async (title, proto) => {
    const [float, integer] = (await quantized(proto, title.replaceAll(' ', '_'))).map(valuesOf)
    const expected = await float!
    for (const [at, value] of (await integer!).entries()) expect(value).toBeCloseTo(expected[at]!, 1)
  })

  it('whose output is no tensor is refused, and may end before it', async () => {
    const proto = tiny([product, node('SplitToSequence', ['g'], ['y'], [makeAttribute('axis', 1)])])
    const sequence = { ...proto.graph.output[0]!, type: {} }
    const refused = { ...proto, graph: { ...proto.graph, output: [sequence] } }
    await expect(quantized(refused, 'sequence')).rejects.toThrow('model output "y" is not a tensor')
  })

  it('whose output is a string is refused with the type', async () => {
    const proto = tiny([
      product,
      node('Relu', ['g'], ['y']),
      node('Cast', ['g'], ['t'], [makeAttribute('to', DataType.STRING)]),
    ])
    const text = { name: 't', type: { tensorType: { elemType: DataType.STRING } } }
    const refused = { ...proto, graph: { ...proto.graph, output: [...proto.graph.output, text] } }
    await expect(quantized(refused, 'strings')).rejects.toThrow('model output "t" has STRING (8)')
  })
})
