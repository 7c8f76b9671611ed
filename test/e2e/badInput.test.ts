// Models and data that squire cannot take: each is refused with what is wrong, where, and what was expected.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeMessage } from '../../src/onnx/file/schema.js'
import { encodeModel } from '../../src/onnx/model.js'
import { npyBytes } from '../dataset/formats/npyFile.js'
import { floats, node } from '../onnx/models.js'
import { refusedHere } from './here.js'
import { refused } from './refused.js'
import { fixture, temporaryFolder } from './squire.js'
import { tiny, write } from './tiny.js'

const folder = temporaryFolder()
const at = (name: string) => join(folder, name)
const script = (name: string) => ['-uds', fixture('tiny.mjs'), '-if', name, '-i', '12']
const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(at(name), content)
  return at(name)
}
const link = (name: string, target: string) => {
  symlinkSync(target, at(name))
  return at(name)
}
const good = write(tiny(), folder, 'good.onnx')
mkdirSync(at('folder'))

describe.concurrent('a model that cannot be read', () => {
  const bytes = encodeModel(tiny())
  test.each([
    ['is not there', at('nowhere.onnx'), 'no such file'],
    ['is a link to nowhere', link('dangling.onnx', '/nowhere/model.onnx'), 'no such file'],
    ['is a folder', at('folder'), 'is a folder, expected a regular file'],
    ['is empty', file('empty.onnx', ''), 'it is empty'],
    ['is not ONNX', file('text.onnx', 'hello, I am a text\n'), 'is not an ONNX model'],
    ['is cut short', file('short.onnx', bytes.subarray(0, bytes.length - 20)), `cut short after ${bytes.length - 20}`],
  ])('%s', async (_, model, reason) => {
    const error = await refused(folder, 3, ['-m', model, ...script('dataset')])
    expect(error).toContain(`model "${model}"`)
    expect(error).toContain(reason)
  })
})

describe.concurrent('a model that squire does not support', () => {
  test.each([0, 27])('opset %i: the range is named', async (opset) => {
    const model = write(tiny({ opset }), folder, `opset-${opset}.onnx`)
    const error = await refusedHere(folder, 3, ['-m', model, ...script('dataset')])
    expect(error).toContain(`uses opset ${opset} of ai.onnx, expected 1 to 26`)
  })

  test('operators: all are named at once, with their nodes', async () => {
    const nodes = [
      node('Fancy', ['x'], ['a'], [], 'first'),
      { ...node('Gelu', ['a'], ['b'], [], 'second'), domain: 'com.example' },
      node('Mish', ['b'], ['c'], [], 'third'),
      node('Fancy', ['c'], ['y']),
    ]
    const error = await refusedHere(folder, 3, [
      '-m',
      write(tiny({ nodes }), folder, 'fancy.onnx'),
      ...script('dataset'),
    ])
    expect(error).toContain('Fancy, not an ONNX operator: node "first", number 3, which writes "y"')
    expect(error).toContain('Gelu of domain com.example: node "second"')
    expect(error).toContain('Mish, which came with opset 18 (the model uses 13): node "third"')
  })
})

describe.concurrent('external data', () => {
  file('secret.bin', new Uint8Array(32))
  mkdirSync(at('model'))
  link('model/link.bin', at('secret.bin'))
  test.each([
    ['missing', 'gone.bin', 'cannot read'],
    ['outside the folder of the model', '../secret.bin', 'points outside the model\'s folder: "../secret.bin"'],
    ['outside through a link', 'link.bin', "points outside the model's folder"],
  ])('%s', async (_, location, reason) => {
    const { rawData: _raw, ...rest } = floats('w', [4, 2])
    const weights = { ...rest, dataLocation: 1, externalData: [{ key: 'location', value: location }] }
    const model = file(`model/${location.replaceAll('/', '-')}.onnx`, encodeMessage(tiny({ constants: [weights] })))
    const error = await refusedHere(folder, 3, ['-m', model, ...script('dataset')])
    expect(error).toContain('external data of tensor "w"')
    expect(error).toContain(reason)
  })
})

describe.concurrent('a sample that does not fit the model', () => {
  test.each([
    ['otherDims', 'sample "s-07": input 0 "x" has dims [1, 5], expected [1, 4]'],
    ['otherLength', 'sample "s-07": input 0 "x" has 3 elements, expected 4 for dims [1, 4]'],
    ['otherType', 'sample "s-07": input 0 "x" is Int32Array (int32), expected float32 in a Float32Array'],
    ['twoInputs', 'sample "s-07": got 2 inputs, expected 1: "x"'],
    ['otherName', 'sample "s-07": the model has no input "image"; expected "x"'],
    ['noSample', 'sample "s-07": load must return { inputs, label? }'],
    ['nanInData', 'sample "s-07": input 0 "x" has a NaN or infinite value at element 0'],
    ['infinityInData', 'sample "s-07": input 0 "x" has a NaN or infinite value at element 0'],
    ['loadThrows', 'sample "s-07": load(7) threw: the file is damaged'],
    ['inferOtherDims', 'forward 1: input 0 "x" has dims [1, 5], expected [1, 4]'],
    ['inferOtherType', 'forward 1: input 0 "x" is Uint8Array (uint8), expected float32 in a Float32Array'],
    ['inferTwoInputs', 'forward 1: got 2 inputs, expected 1: "x"'],
    ['inferNoTensor', 'forward 1: input 0 "x" is an array, expected a tensor { data, dims }'],
    ['inferNaNInData', 'forward 2: input 0 "x" has a NaN or infinite value at element 2'],
  ])('%s', async (name, message) => {
    expect(await refusedHere(folder, 3, ['-m', good, ...script(name)])).toContain(`error: ${message}`)
  })
})

describe.concurrent('a sample whose dims the input leaves open, but not what is inside the model', () => {
  const open = write(tiny({ inputs: { x: [1, 'n'] } }), folder, 'open.onnx')
  test.each([
    ['otherDimsUnmeasured', 'sample "s-07": ONNX Runtime cannot run the model: '],
    ['inferLaterDims', 'forward 2: ONNX Runtime cannot run the model: '],
  ])('%s', async (name, message) => {
    const error = await refusedHere(folder, 3, ['-m', open, ...script(name)])
    expect(error).toContain(`error: ${message}`)
    expect(error).toContain('gemm')
  })
})

describe.concurrent('finite data that make a tensor NaN or infinite', () => {
  const gemm = node('Gemm', ['made', 'w'], ['y'], [], 'gemm')
  const constants = [floats('one', [1], [1]), floats('w', [4, 2])]
  const log = write(tiny({ nodes: [node('Log', ['x'], ['made']), gemm], constants }), folder, 'log.onnx')
  const div = write(tiny({ nodes: [node('Div', ['one', 'x'], ['made']), gemm], constants }), folder, 'div.onnx')
  test.each([
    ['the logarithm of a negative number', log, 'negativeInData', 'sample "s-07": tensor "made" is NaN at index 0'],
    ['a division by 0', div, 'zeroInData', 'sample "s-07": tensor "made" is Infinity at index 0'],
    ['in an infer function', log, 'inferNegative', 'forward 2: tensor "made" is NaN at index 0'],
  ])('%s', async (_, model, name, message) => {
    expect(await refusedHere(folder, 3, ['-m', model, ...script(name)])).toContain(`error: ${message}`)
  })
})

describe.concurrent('data given as a path', () => {
  const arrays = (name: string, shape: readonly number[], values: readonly number[]) => {
    mkdirSync(at(name))
    return file(`${name}/a.npy`, npyBytes('<f4', shape, Float32Array.from(values))).replace('/a.npy', '')
  }
  test.each([
    ['that is not there', at('no-data'), 'no-data (-d): no such file or folder'],
    ['that is a link to nowhere', link('dangling', '/nowhere/images'), 'dangling (-d): no such file or folder'],
    ['of no known kind', file('data.xyz', 'data'), 'data.xyz (-d) is no data that squire reads: expected a folder'],
    ['to a folder with nothing in it', at('folder'), 'no samples in'],
    ['to an array that is none', file('broken.npy', 'not numpy'), 'broken.npy'],
    ['to an array of other dims', arrays('dims', [1, 5], [1, 2, 3, 4, 5]), 'has dims [1, 5], expected [1, 4]'],
    [
      'to an array with a NaN',
      arrays('nan', [1, 4], [1, 2, 3, Number.NaN]),
      'has a NaN or infinite value at element 3',
    ],
  ])('%s', async (_, data, message) => {
    expect(await refusedHere(folder, 3, ['-m', good, '-d', data])).toContain(message)
  })
})
