import { describe, expect, it } from 'vitest'
import { makeAttribute } from '../../../src/onnx/attribute.js'
import { withNamedOutputs } from '../../../src/onnx/names/namedOutputs.js'
import { makeGraph, makeValueInfo } from '../../../src/onnx/node.js'
import { makeTensor } from '../../../src/onnx/tensor.js'
import { DataType, type NodeProto } from '../../../src/onnx/types.js'
import { largestDifference, longs, model, node, runModel } from '../models.js'

const info = (name: string, dims: readonly number[], type: number = DataType.FLOAT) => makeValueInfo(name, type, dims)
const yes = makeTensor('yes', DataType.BOOL, [], Uint8Array.of(1))
const constants = [longs('three', [], [3]), yes]

/** A state that x is added to three times, and what each step multiplies. */
const loop = (outputs: string[]) => {
  const body = makeGraph({
    nodes: [
      node('Identity', ['go'], ['goOn']),
      node('Add', ['before', 'x'], ['after']),
      node('Mul', ['before', 'x'], ['shown']),
    ],
    inputs: [info('step', [], DataType.INT64), info('go', [], DataType.BOOL), info('before', [2])],
    outputs: [info('goOn', [], DataType.BOOL), info('after', [2]), info('shown', [2])],
  })
  return node('Loop', ['three', 'yes', 'x'], outputs, [makeAttribute('body', body)], 'loop')
}

const choice = (outputs: string[]) => {
  const branch = (name: string, operators: readonly [string, string]) => {
    const nodes = operators.map((opType, i) => node(opType, ['x'], [`${name}_${i}`]))
    const graph = makeGraph({ nodes, inputs: [], outputs: [info(`${name}_0`, [2]), info(`${name}_1`, [2])] })
    return makeAttribute(name, graph)
  }
  const attributes = [branch('then_branch', ['Neg', 'Exp']), branch('else_branch', ['Abs', 'Tanh'])]
  return node('If', ['yes'], outputs, attributes, 'choice')
}

const scan = (outputs: string[]) => {
  const body = makeGraph({
    nodes: [node('Add', ['before', 'element'], ['after']), node('Mul', ['before', 'element'], ['shown'])],
    inputs: [info('before', []), info('element', [])],
    outputs: [info('after', []), info('shown', [])],
  })
  const attributes = [makeAttribute('num_scan_inputs', 1), makeAttribute('body', body)]
  return node('Scan', ['start', 'x'], outputs, attributes, 'scan')
}

/** Inside the branches of an If, where the outer model is in order. */
const inner = (outputs: string[]) => {
  const branch = (name: string, opType: string) => {
    const nodes = [loop(outputs), node(opType, ['kept'], [name])]
    return makeAttribute(name, makeGraph({ nodes, inputs: [], outputs: [info(name, [3, 2])] }))
  }
  return node('If', ['yes'], ['kept'], [branch('then_branch', 'Neg'), branch('else_branch', 'Abs')], 'outer')
}

const of = (kind: (outputs: string[]) => NodeProto, outputs: string[]) =>
  model({
    nodes: [kind(outputs), node('Neg', ['kept'], ['y'])],
    constants: [...constants, makeTensor('start', DataType.FLOAT, [], Float32Array.of(2))],
    inputs: { x: [2] },
  })

describe('withNamedOutputs', () => {
  it.each([
    ['the state of a Loop', loop, ['', 'kept']],
    ['what the steps of a Loop show', loop, ['kept', '']],
    ['the state of a Scan', scan, ['', 'kept']],
    ['an output of an If', choice, ['kept', '']],
    ['the state of a Loop inside an If', inner, ['', 'kept']],
  ] as const)('names %s, so that the model runs', async (_, kind, outputs) => {
    const named = withNamedOutputs(of(kind, [...outputs]))
    const written = outputs.map((name) => name || 'unread')
    expect(largestDifference(await runModel(named), await runModel(of(kind, written)))).toBe(0)
  })

  it('leaves a model alone that has every name, or lacks those of other nodes', () => {
    const whole = of(loop, ['unread', 'kept'])
    expect(withNamedOutputs(whole)).toBe(whole)
    const pooled = model({ nodes: [node('MaxPool', ['x'], ['y', ''], [makeAttribute('kernel_shape', [2, 2])])] })
    expect(withNamedOutputs(pooled)).toBe(pooled)
  })
})
