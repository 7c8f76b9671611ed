// Names come from whoever exported the model: they are data, whatever they spell.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { quantize } from '../../src/index.js'
import { encodeModel, readModel } from '../../src/onnx/model.js'
import type { Model } from '../../src/onnx/types.js'
import { feedsFor, floats, model, node, runModel } from '../onnx/models.js'
import { squire, temporaryFolder } from './squire.js'

const folder = temporaryFolder()

const members = ['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'isPrototypeOf', '__defineGetter__', 'then']
const numbers = ['0', '12', '-1', '1e3', 'NaN', 'null', 'undefined', '']
const texts = [
  ' ',
  'a b',
  'a/b',
  '../x',
  'a\\b',
  'a"b',
  'a\nb',
  '\x1b[31mred',
  '\x1b]0;t\x07',
  '\u202e',
  'é',
  '名前',
  '😀',
]
const ours = ['x_quantized', 'zero_point', '$unknowns', 'default', 'x'.repeat(5000)]

/** A chain of operators, each of whose tensors, and the node itself, has one of the names. The first is the input, the last the output. */
function chain(names: readonly string[]) {
  const weights = names.map((_, i) => floats(`w${i}`, [2, 2, 1, 1]))
  return model({
    inputs: { [names[0]!]: [1, 2, 3, 3] },
    outputs: [names.at(-1)!],
    nodes: names.slice(1).map((name, i) => {
      const inputs = i % 3 === 1 ? [names[i]!] : [names[i]!, `w${i}`]
      return node(i % 3 === 1 ? 'Relu' : 'Conv', inputs, [name], [], name)
    }),
    constants: weights.filter((_, i) => i % 3 !== 1),
  })
}

async function quantized(names: readonly string[]): Promise<Model['proto']> {
  const path = join(folder, 'chain.onnx')
  writeFileSync(path, encodeModel(chain(names)))
  await quantize({ model: path, saveDir: join(folder, 'out'), iterations: [2], cpuNum: 1 })
  return (await readModel(join(folder, 'out/chain_qdq.onnx'))).proto
}

describe('a model', () => {
  const inner = [...members, ...numbers, ...texts, ...ours].filter((name) => name !== '')

  test.each([
    ['like members of every object', [...members, ...inner, 'hasOwnProperty2']],
    ['like numbers and texts', ['12', ...inner.filter((name) => name !== '12' && name !== 'a\nb'), 'a\nb']],
  ])('whose tensors have names %s is quantized, and runs', async (_, names) => {
    const unique = [...new Set(names)]
    const proto = await quantized(unique)
    expect(proto.graph.input.map(({ name }) => name)).toEqual([unique[0]])
    expect(Object.keys(await runModel(proto, feedsFor(proto)))).toEqual([unique.at(-1)])
  })

  const unusable = ['__proto__', 'a\0b', 'a_b', 'squire_refused_output', 'renamed___proto__']

  test('with inner tensors that the runtime cannot name is quantized, under names that it can', async () => {
    const proto = await quantized(['in', ...unusable, 'out'])
    expect(Object.keys(await runModel(proto, feedsFor(proto)))).toEqual(['out'])
  })

  test.each(['__proto__', 'a\0b', 'squire_refused_output'])(
    'with an input or output named %j is refused, as the runtime cannot name it',
    async (name) => {
      const refusal = { code: 'UNSUPPORTED', message: expect.stringContaining('has an input or output named') }
      await expect(quantized([name, 'out'])).rejects.toMatchObject(refusal)
      await expect(quantized(['in', name])).rejects.toMatchObject(refusal)
    },
  )
})

test('a name that forges lines and colours is printed for what it is', async () => {
  const path = join(folder, 'forged.onnx')
  const forged = '\x1b[2Kx\nFiles:\x07'
  writeFileSync(path, encodeModel(model({ nodes: [node('NoSuchOperator', ['x'], ['y'], [], forged)] })))
  const { stderr } = await squire(['quant', '-m', path])
  expect(stderr).toContain('node "\\x1b[2Kx\n  Files:\\x07"')
})
